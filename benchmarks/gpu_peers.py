"""What peers.py measures on a GPU. torch must be installed."""
import contextlib
import gc
import time

import torch

from peer_timing import Allowance, HostClock, SECONDS_PER_CONTENDER, attempt, time_in_turns
from torch_peers import COMPILED, DTYPES, NETWORKS, Step, checked, compiled_anew, compiled_record, torch_norms


def why_unusable():
    """Empty where torch can use a GPU."""
    return "" if torch.cuda.is_available() else f"torch {torch.__version__} finds no GPU that it can use"


def versions():
    found = {"torch_cuda": torch.version.cuda}
    with contextlib.suppress(Exception):  # Versions differ in what they say of TF32; the figures are good all the same.
        found["torch_tf32"] = bool(torch.backends.cuda.matmul.allow_tf32)
    with contextlib.suppress(ImportError):
        import triton
        found["triton"] = triton.__version__
    return found


class Replay:
    """A captured graph: a call of it gives what the captured call gave, which keeps alive what the graph works on."""

    def __init__(self, graph, call, result):
        self.graph, self.call, self.result = graph, call, result

    def __call__(self):
        self.graph.replay()
        return self.result


class Gpu:
    """The first GPU. Tests put the CPU in its place."""
    name = "cuda"

    def __init__(self):
        self.l2_bytes = torch.cuda.get_device_properties(0).L2_cache_size
        self.flushed = torch.empty(2 * self.l2_bytes, dtype=torch.uint8, device=self.name)

    def synchronize(self):
        torch.cuda.synchronize()

    def seconds(self, call, calls, is_cold):
        """A call, by CUDA events around all of them. Cold: behind a write of twice the L2 cache, which also hides a
        part of what the host needs to issue it."""
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        if is_cold:
            self.flushed.zero_()
        start.record()
        for _ in range(calls):
            call()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1e-3 / calls

    def captured(self, call, prepare=lambda: None, warm_ups=1):
        """What `call` launches, as one CUDA graph. As torch's documentation says, it is warmed up on another stream."""
        # Where a capture fails, torch leaves its stream the current one.
        with torch.cuda.stream(torch.cuda.current_stream()):
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(warm_ups):
                    prepare()
                    call()
            torch.cuda.current_stream().wait_stream(side)
            torch.cuda.synchronize()
            prepare()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                result = call()
        return Replay(graph, call, result)

    def forget(self):
        """Frees cached memory that is no longer referenced, graphs included."""
        gc.collect()
        torch.cuda.empty_cache()


class GpuClock:
    """One call a sample where the cache is flushed, else some."""
    WARM_CALLS = 20

    def __init__(self, gpu, is_cold):
        self.gpu, self.is_cold = gpu, is_cold

    def calls(self, once):
        if self.is_cold:
            return 1
        return max(1, min(self.WARM_CALLS, int(SECONDS_PER_CONTENDER / max(once, 1e-7))))

    def seconds(self, call, calls):
        return self.gpu.seconds(call, calls, self.is_cold)


# ---- statistics of many tensors

SECONDS_PER_CASE = 3
SECONDS_TO_PREPARE = 10  # A contender: one call, its check, and the capture of its graph.
SECONDS_TO_COMPILE = 25  # All that a process compiles.
CASES_TO_COMPILE = ("notebook_network_f32", "gpt2_124m_f32")
GRAPHED = ("torch _foreach_norm", "torch get_total_norm", "torch clip_grad_norm_",
           "torch norm, aminmax, count_nonzero, isfinite")


def tensors_on(device, counts, dtype):
    """Normal values, repeated, one tensor behind the other, as tensor_stats has them."""
    pattern = torch.randn(1 << 16, generator=torch.Generator().manual_seed(1)).to(device, getattr(torch, DTYPES[dtype]))
    total = sum(counts)
    return list(pattern.repeat(-(-total // pattern.numel()))[:total].split(counts))


def gpu_contenders(case, tensors, gpu, compiling):
    """Calls that are right, each tensor's norm being what float64 gives."""
    norms = torch.stack([tensor.double().square().sum().sqrt() for tensor in tensors]).tolist()
    calls = {}

    def add(name, kind, make, allowance):
        call = allowance.attempt(f"{name}, {case}", lambda: checked(name, make(), kind, norms))
        if call:
            calls[name] = call

    norms_of_torch = torch_norms(tensors, foreach=True)
    for name, (call, kind) in norms_of_torch.items():
        add(name, kind, lambda: call, Allowance(SECONDS_TO_PREPARE))
    for name in [name for name in GRAPHED if name in calls]:
        call, kind = norms_of_torch[name]
        add(f"{name}, graph", kind, lambda: gpu.captured(call), Allowance(SECONDS_TO_PREPARE))
    if case in CASES_TO_COMPILE:
        add(COMPILED, "record", lambda: compiled_record(tensors), compiling)
    return calls


def gpu_case(case, counts, dtype, gpu, sample_count, compiling):
    """Samples per key of tensor_stats. Warm, too, where a cache holds the tensors and more."""
    tensors = tensors_on(gpu.name, counts, dtype)
    calls = gpu_contenders(case, tensors, gpu, compiling)
    is_small = tensors[0].element_size() * sum(counts) < gpu.l2_bytes / 2
    return {f"{case}/0/{cache}": time_in_turns(calls, sample_count, GpuClock(gpu, cache == "cold"),
                                               f", {case}, {cache}", time.monotonic() + SECONDS_PER_CASE)
            for cache in (("cold", "warm") if is_small else ("cold",))}


def gpu_statistics(cases, gpu, sample_count):
    """Samples of each case as soon as it is done. Those that compile come last: they are the ones to hang."""
    compiling = Allowance(SECONDS_TO_COMPILE)
    for case in sorted(cases, key=lambda case: case in CASES_TO_COMPILE):
        found = attempt(case, gpu_case, case, cases[case]["counts"], cases[case]["dtype"], gpu, sample_count, compiling)
        attempt(case, gpu.forget)
        yield found or {}


# ---- training steps


def gpu_steps(gpu, sample_count, names=NETWORKS):
    """Samples of each network as soon as it is done. A step is over when the host knows that it is."""
    compiling = Allowance(SECONDS_TO_COMPILE)

    def finished(run):
        def run_and_wait():
            run()
            gpu.synchronize()
        return run_and_wait

    def eager(step):
        return step.run

    def graph(step):
        return gpu.captured(step.differentiate, prepare=step.clear, warm_ups=3)

    def compiled(step):
        step.forward = compiled_anew(step.model)
        step.run()
        return step.run

    def checked_step(name, make):
        step = Step(name, gpu.name)
        return finished(step.checked(make(step)))

    for name in names:
        runs = {}
        for who, make, allowance in (("torch", eager, Allowance(SECONDS_TO_PREPARE)),
                                     ("torch, graph", graph, Allowance(SECONDS_TO_PREPARE)),
                                     ("torch.compile", compiled, compiling)):
            run = allowance.attempt(f"{who}, {name}", checked_step, name, make)
            if run:
                runs[who] = run
        yield {name: time_in_turns(runs, sample_count, HostClock(), f", {name}",
                                   time.monotonic() + SECONDS_PER_CASE)}
        del runs
        attempt(name, gpu.forget)
