"""Gradients that DistributedDataParallel averages: seen behind its own callback."""

import os

import pytest

torch = pytest.importorskip("torch")

import gradvitals  # noqa: E402
from torch_models import mlp  # noqa: E402

if not torch.distributed.is_available():
    pytest.skip("torch has no torch.distributed", allow_module_level=True)


def work(rank, folder):
    from torch.nn.parallel import DistributedDataParallel

    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2
    )
    torch.manual_seed(0)
    model = DistributedDataParallel(mlp((10, 64, 64, 1)), bucket_cap_mb=0.01)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    monitor = gradvitals.watch(model, optimizer, on_alert=lambda _: None)
    torch.manual_seed(rank)
    worst = 0.0
    for _ in range(8):
        optimizer.zero_grad()
        model(torch.randn(16, 10)).square().mean().backward()
        norm = float(sum(p.grad.double().square().sum() for p in model.parameters()) ** 0.5)
        worst = max(worst, abs(monitor.global_norm / norm - 1))
        optimizer.step()
    with open(os.path.join(folder, f"{rank}.txt"), "w") as file:
        file.write(f"{monitor.steps} {worst < 1e-9} {monitor.names[0]}")
    monitor.close()
    torch.distributed.destroy_process_group()


def test_gradients_are_those_that_all_processes_averaged(tmp_path):
    context = torch.multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=(rank, str(tmp_path))) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    for rank in range(2):
        assert (tmp_path / f"{rank}.txt").read_text() == "8 True 0.weight"
