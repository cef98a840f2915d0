"""Who keeps whom alive, what a copy takes along, and how it all ends."""

import copy
import gc
import io
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import weakref

import pytest

torch = pytest.importorskip("torch")

import gradvitals  # noqa: E402
from torch.nn.modules import module as module_hooks  # noqa: E402
from torch_models import mlp, train  # noqa: E402


def adam(model):
    return torch.optim.Adam(model.parameters())


def step(model, optimizer, n=1):
    train(model, optimizer, n, inputs=torch.randn(16, 10), targets=torch.randn(16, 1))


def hooks_of(model):
    count = sum(len(p._post_accumulate_grad_hooks or ()) for p in model.parameters())
    for each in model.modules():
        for attribute in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks"):
            count += len(getattr(each, attribute))
    return count


def global_hooks():
    return sum(
        len(hooks)
        for hooks in (
            module_hooks._global_forward_hooks,
            module_hooks._global_forward_pre_hooks,
            module_hooks._global_parameter_registration_hooks,
            module_hooks._global_module_registration_hooks,
        )
    )


def test_close_leaves_no_hook_behind():
    gc.collect()
    before = global_hooks()
    model = mlp()
    optimizer = adam(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=1)
    step(model, optimizer, 3)
    monitor.close()
    assert hooks_of(model) == 0 and global_hooks() == before
    assert not optimizer._optimizer_step_pre_hooks and not optimizer._optimizer_step_post_hooks
    step(model, optimizer, 2)
    assert monitor.closed and monitor.steps == 3
    assert monitor.diagnosis().verdict == "healthy"
    assert "3 steps" in monitor.report()
    assert "closed" in repr(monitor)
    monitor.close()


def test_a_closed_monitor_says_so():
    monitor = gradvitals.watch(mlp(), when="manual")
    monitor.close()
    for call in (monitor.stats, monitor.step, monitor.diagnosis):
        with pytest.raises(RuntimeError, match="closed"):
            call()


def test_the_monitor_does_not_keep_the_model_alive():
    model = mlp()
    optimizer = adam(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=2)
    step(model, optimizer, 3)
    gone = [weakref.ref(model), *(weakref.ref(p) for p in model.parameters())]
    del model, optimizer
    gc.collect()
    assert not any(reference() is not None for reference in gone)
    assert monitor.steps == 3 and monitor.diagnosis().healthy


def test_a_callback_that_knows_the_model_keeps_nothing_alive():
    model = mlp()
    optimizer = adam(model)
    gradvitals.watch(model, optimizer, on_alert=lambda event, m=model, o=optimizer: (m, o))
    step(model, optimizer, 2)
    gone = weakref.ref(model)
    del model, optimizer
    gc.collect()
    assert gone() is None


def test_a_monitor_that_nobody_holds_lives_as_long_as_the_model(tmp_path):
    path = tmp_path / "run.jsonl"
    model = mlp()
    optimizer = adam(model)
    monitor = weakref.ref(gradvitals.watch(model, optimizer, history=path))
    gc.collect()
    step(model, optimizer, 5)
    assert len([line for line in path.read_text().splitlines() if line.startswith("[")]) == 5
    del model, optimizer
    gc.collect()
    assert monitor() is None


@pytest.mark.parametrize("way", ["deepcopy", "pickle", "torch.save"])
def test_copies_of_a_watched_model_are_not_watched(way):
    model = mlp()
    optimizer = adam(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=1)  # Layers are about to be seen.
    step(model, optimizer, 1)
    if way == "deepcopy":
        twin = copy.deepcopy(model)
    elif way == "pickle":
        twin = pickle.loads(pickle.dumps(model))
    else:
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        twin = torch.load(file, weights_only=False)
    assert hooks_of(twin) == 0
    step(twin, adam(twin), 3)
    assert monitor.steps == 1
    step(model, optimizer, 1)
    assert monitor.steps == 2
    copy.deepcopy(optimizer)
    pickle.dumps(optimizer.state_dict())


def test_a_history_is_closed_with_the_monitor(tmp_path):
    path = tmp_path / "run.jsonl"
    model = mlp()
    optimizer = adam(model)
    with gradvitals.watch(model, optimizer, history=path) as monitor:
        step(model, optimizer, 2)
    assert monitor.closed
    with gradvitals.watch(model, optimizer, history=path, resume_step=2):
        step(model, optimizer, 1)


def test_attaching_and_detaching_again_and_again_leaks_nothing():
    model = mlp()
    optimizer = adam(model)
    gc.collect()
    before = None
    for i in range(60):
        with gradvitals.watch(model, optimizer):
            step(model, optimizer)
        if i == 20:
            gc.collect()
            before = len(gc.get_objects())
    gc.collect()
    assert len(gc.get_objects()) < before + 200
    assert hooks_of(model) == 0


def test_threads_watch_models_of_their_own():
    results = {}

    def work(n):
        model = mlp()
        optimizer = adam(model)
        monitor = gradvitals.watch(model, optimizer)
        step(model, optimizer, 20)
        results[n] = (monitor.steps, monitor.diagnosis().healthy)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(4), (20, True))


def run_script(text):
    """In a process of its own, which has what this one imports from."""
    preamble = f"import sys; sys.path[:0] = {sys.path!r}\n"
    for name, plugin in list(sys.modules.items()):
        if name == "conftest_plugin":
            preamble += f"import {plugin.__name__}\n"
    return subprocess.run(
        [sys.executable, "-c", preamble + textwrap.dedent(text)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=os.path.dirname(__file__),
    )


def test_a_process_that_never_closes_ends_without_a_word(tmp_path):
    done = run_script(
        f"""
        import torch, gradvitals
        from torch_models import mlp, train
        model = mlp()
        optimizer = torch.optim.Adam(model.parameters())
        path = {str(tmp_path / "run.jsonl")!r}
        monitor = gradvitals.watch(model, optimizer, history=path, layers_every=2)
        train(model, optimizer, 3, inputs=torch.randn(16, 10), targets=torch.randn(16, 1))
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_workers_of_a_data_loader_leave_the_monitor_to_their_parent(tmp_path):
    path = tmp_path / "run.jsonl"
    done = run_script(
        f"""
        import os, torch, gradvitals
        from torch_models import mlp, train
        model = mlp()
        optimizer = torch.optim.Adam(model.parameters())
        monitor = gradvitals.watch(model, optimizer, history={str(path)!r})

        class Data(torch.utils.data.Dataset):
            def __len__(self):
                return 64
            def __getitem__(self, i):
                model(torch.randn(2, 10)).sum().backward()  # In the worker: no step of the run.
                return torch.randn(10), torch.randn(1)

        loader = torch.utils.data.DataLoader(
            Data(), batch_size=16, num_workers=2, multiprocessing_context="fork"
        )
        for x, y in loader:
            train(model, optimizer, 1, inputs=x, targets=y)
        print(monitor.steps)
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "4\n", "")
    assert len([line for line in path.read_text().splitlines() if line.startswith("[")]) == 4


def test_import_loads_no_framework():
    done = run_script(
        """
        import sys
        for name in list(sys.modules):
            if name.split(".")[0] in ("torch", "numpy", "gradvitals"):
                del sys.modules[name]
        import gradvitals
        gradvitals.__all__, dir(gradvitals)
        print([n for n in ("torch", "numpy", "jax", "tensorflow") if n in sys.modules])
        """
    )
    assert done.stdout == "[]\n", done.stderr
