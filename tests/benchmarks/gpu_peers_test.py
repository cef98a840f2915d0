"""Contract: what peers.py measures on a GPU, less the GPU. Oracle: by hand. gpu_peers_test.py BENCHMARKS, with a Python
that has torch; contenders that this torch lacks are skipped."""
import contextlib
import json
import pathlib
import sys
import tempfile
import time
import types

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import gpu_peers  # noqa: E402
import peer_timing  # noqa: E402
import peers  # noqa: E402
import torch_peers  # noqa: E402

torch_peers.torch.set_num_threads(1)


class Graph:
    def replay(self):
        pass


class Host:
    """In the place of a GPU: a graph gives what it gave, and a cache holds 1 MiB."""
    name = "cpu"
    l2_bytes = 1 << 20

    def __init__(self):
        self.log = []

    def synchronize(self):
        self.log.append("synchronize")

    def seconds(self, call, calls, is_cold):
        self.log.append((is_cold, calls))
        return peer_timing.HostClock().seconds(call, calls)

    def captured(self, call, prepare=lambda: None, warm_ups=1):
        prepare()
        return gpu_peers.Replay(Graph(), call, call())

    def forget(self):
        self.log.append("forget")


def test_statistics():
    host = Host()
    cases = {"small_f32": {"counts": [1000] * 20 + [1], "dtype": "f32"},
             "large_bf16": {"counts": [1 << 18, 7], "dtype": "bf16"}}
    parts = list(gpu_peers.gpu_statistics(cases, host, 3))
    assert [list(part) for part in parts] == [["small_f32/0/cold", "small_f32/0/warm"], ["large_bf16/0/cold"]], parts
    for part in parts:
        for case, samples in part.items():
            for name in ("torch _foreach_norm", "torch norm, aminmax, count_nonzero, isfinite"):
                for contender in (name, f"{name}, graph"):
                    assert len(samples[contender]) == 3 and min(samples[contender]) > 0, (case, contender, samples)
    assert host.log.count("forget") == 2, host.log
    assert {calls for calls in host.log if calls != "forget"} == {(True, 1), (False, 1), (False, 20)}, set(host.log)


def test_what_raises_is_skipped():
    host = Host()

    def no_graph(call, prepare=None, warm_ups=1):
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    host.captured = no_graph
    norm = gpu_peers.torch._foreach_norm
    gpu_peers.torch._foreach_norm = lambda tensors: [2 * one for one in norm(tensors)]
    try:
        part, = gpu_peers.gpu_statistics({"b_f32": {"counts": [3000, 4], "dtype": "f32"}}, host, 2)
    finally:
        gpu_peers.torch._foreach_norm = norm
    for samples in part.values():
        assert "torch norm, aminmax, count_nonzero, isfinite" in samples, samples
        assert "torch _foreach_norm" not in samples and not [name for name in samples if "graph" in name], samples
    skipped = "; ".join(peer_timing.skipped)
    assert "torch _foreach_norm, b_f32: WrongResult: torch _foreach_norm gives" in skipped, skipped
    assert ("isfinite, graph, b_f32: RuntimeError: operation not permitted when stream is capturing" in skipped
            and "and more" not in skipped), skipped


def test_a_case_that_cannot_be_had():
    parts = list(gpu_peers.gpu_statistics({"c_f32": {"counts": [1 << 50], "dtype": "f32"},
                                           "d_f32": {"counts": [10], "dtype": "f32"}}, Host(), 1))
    assert parts[0] == {} and "torch _foreach_norm" in parts[1]["d_f32/0/cold"], parts
    assert any(text.startswith("c_f32: RuntimeError: ") for text in peer_timing.skipped), peer_timing.skipped


def test_steps():
    host = Host()
    part, = gpu_peers.gpu_steps(host, 2, ["relu_network"])
    samples = part["relu_network"]
    assert len(samples["torch"]) == len(samples["torch, graph"]) == 2 and min(samples["torch"]) > 0, samples
    assert host.log.count("synchronize") >= 6, host.log


def written(*arguments):
    """What peers.py --device cuda writes, where Host is the GPU."""
    before = gpu_peers.Gpu, gpu_peers.why_unusable
    gpu_peers.Gpu, gpu_peers.why_unusable = Host, lambda: ""
    with tempfile.NamedTemporaryFile() as out:
        sys.argv[1:] = [*arguments, "--device", "cuda", "--threads", "1", "--samples", "2", "--json", out.name]
        try:
            peers.main()
        finally:
            gpu_peers.Gpu, gpu_peers.why_unusable = before
        return json.loads(pathlib.Path(out.name).read_text(encoding="utf-8"))


def test_command_line():
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"e_f32": {"counts": [10, 20], "dtype": "f32"}, "e_bf16": {"counts": [30], "dtype": "bf16"}}, file)
        file.flush()
        document = written("tensor_stats", "--cases", file.name)
    assert list(document["samples_us"]) == ["e_f32/0/cold", "e_f32/0/warm", "e_bf16/0/cold", "e_bf16/0/warm"], document
    assert len(document["samples_us"]["e_f32/0/warm"]["torch _foreach_norm, graph"]) == 2, document
    assert document["versions"]["torch"] and "torch_cuda" in document["versions"], document
    document = written("training_step", "--network", "all")
    assert list(document["samples_us"]) == ["sigmoid_network", "relu_network", "relu_1024x8"], document
    assert len(document["samples_us"]["relu_1024x8"]["torch, graph"]) == 2, document


class PretendedCuda:
    """A stand-in for torch.cuda that records its calls."""

    def __init__(self):
        self.log, self.current = [], "main"

    def get_device_properties(self, device):
        return types.SimpleNamespace(L2_cache_size=50)

    def synchronize(self):
        self.log.append("synchronize")

    def Event(self, enable_timing):
        return types.SimpleNamespace(record=lambda: self.log.append("event"), synchronize=lambda: None,
                                     elapsed_time=lambda end: 6.0)

    def Stream(self):
        return types.SimpleNamespace(name="side", wait_stream=lambda other: None)

    def current_stream(self):
        return types.SimpleNamespace(name=self.current, wait_stream=lambda other: None)

    @contextlib.contextmanager
    def stream(self, stream):
        before, self.current = self.current, stream.name
        try:
            yield
        finally:
            self.current = before

    def CUDAGraph(self):
        return types.SimpleNamespace(replay=lambda: self.log.append("replay"))

    @contextlib.contextmanager
    def graph(self, graph):
        self.current = "capture"
        self.log.append("capture")
        yield  # As torch does, it leaves its stream where the body raises.
        self.current = "main"


def test_what_is_asked_of_cuda():
    cuda = PretendedCuda()
    sizes = []

    def empty(count, **_):
        sizes.append(count)
        return types.SimpleNamespace(zero_=lambda: cuda.log.append("flush"))

    before, gpu_peers.torch = gpu_peers.torch, types.SimpleNamespace(cuda=cuda, uint8=None, empty=empty)
    try:
        gpu = gpu_peers.Gpu()
        assert sizes == [100], sizes
        call = lambda: cuda.log.append(f"call on {cuda.current}")  # noqa: E731
        assert gpu.seconds(call, 1, True) == 6e-3
        assert cuda.log == ["flush", "event", "call on main", "event"], cuda.log
        cuda.log.clear()
        assert gpu.seconds(call, 3, False) == 2e-3 and "flush" not in cuda.log, cuda.log
        cuda.log.clear()
        replay = gpu.captured(call, lambda: cuda.log.append("prepare"), 1)
        assert cuda.log == ["prepare", "call on side", "synchronize", "prepare", "capture", "call on capture"], cuda.log
        replay()
        assert cuda.log[-1] == "replay", cuda.log

        def raises_in_capture():
            if cuda.current == "capture":
                raise RuntimeError

        with contextlib.suppress(RuntimeError):
            gpu.captured(raises_in_capture)
        assert cuda.current == "main", cuda.current
    finally:
        gpu_peers.torch = before


def test_allowance():
    allowance = peer_timing.Allowance(0.2)
    start = time.monotonic()
    assert allowance.attempt("an hour", time.sleep, 3600) is None
    assert time.monotonic() - start < 60 and allowance.left <= 0, allowance.left
    assert allowance.attempt("another", time.sleep, 3600) is None
    assert peer_timing.skipped[-1] == "another: TimeoutError: not done in 0 s", peer_timing.skipped


def test_turns_end_with_the_time():
    calls = []
    samples = peer_timing.time_in_turns({"a": lambda: calls.append(1)}, 5, peer_timing.HostClock(),
                                        deadline=time.monotonic() - 1)
    assert len(samples["a"]) == 1, samples


for test in (test_statistics, test_what_raises_is_skipped, test_a_case_that_cannot_be_had, test_steps,
             test_command_line, test_what_is_asked_of_cuda, test_allowance, test_turns_end_with_the_time):
    test()
