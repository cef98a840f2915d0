#!/usr/bin/env python3
"""What numpy and torch need for the same tensors and the same training steps, on the CPU.

peers.py TENSOR_SHAPES --cache-bytes N --json FILE [--full]

TENSOR_SHAPES is the program that says how many elements each tensor of a case has. Results are checked before
they are timed; the contenders of a case take turns in random order. What is not installed is skipped with a word.
Debian: apt-get install python3-numpy python3-torch, and run this with /usr/bin/python3.
"""
import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import time
import warnings

skipped = []


def skip(text):
    skipped.append(text)
    print(f"peers: skipped: {text}", file=sys.stderr)


try:
    import numpy
except ImportError:
    numpy = None
    skip("numpy and torch: python3-numpy is not installed")
try:
    import torch
except ImportError:
    torch = None
    skip("torch: python3-torch is not installed")

SAMPLES = 31
SECONDS_PER_CONTENDER = 4.0  # Where 31 samples take longer, there are fewer, but three.
CASES = ["seed_network", "5000x1000", "gpt2_124m"]
FULL_CASES = ["seed_network", "5000x1000", "5000x4096", "gpt2_124m", "skewed", "1x268M"]


def rounded(value):
    return float(f"{value:.5g}")


# ---- timing


def calls_per_sample(call):
    """As many as take a millisecond; the first call warms up."""
    call()
    start = time.perf_counter()
    call()
    return max(1, int(1e-3 / max(time.perf_counter() - start, 1e-9)))


def time_in_turns(contenders):
    """Microseconds a call, per contender name, one sample a turn."""
    calls = {name: calls_per_sample(call) for name, call in contenders.items()}
    samples = {name: [] for name in contenders}
    spent = dict.fromkeys(contenders, 0.0)
    for _ in range(SAMPLES):
        turn = [name for name in contenders if len(samples[name]) < 3 or spent[name] < SECONDS_PER_CONTENDER]
        random.shuffle(turn)
        for name in turn:
            start = time.perf_counter()
            for _ in range(calls[name]):
                contenders[name]()
            seconds = time.perf_counter() - start
            spent[name] += seconds
            samples[name].append(seconds / calls[name] * 1e6)
    return samples


def timings(program, case, threads, contenders, byte_count=None):
    rows = []
    for name, samples in time_in_turns(contenders).items():
        samples.sort()
        median = statistics.median(samples)
        rows.append({"program": program, "case": case, "contender": name, "threads": threads, "samples": len(samples),
                     "median_us": rounded(median), "p10_us": rounded(samples[round(0.1 * (len(samples) - 1))]),
                     "p90_us": rounded(samples[round(0.9 * (len(samples) - 1))]),
                     "gbps": rounded(byte_count / median / 1e3) if byte_count else None, "gflops": None,
                     "roofline_percent": None})
    return rows


# ---- statistics of many tensors


def torch_norms(tensors):
    """Contenders, each with what it should give: the norm of each tensor, or of all together."""
    parameters = [torch.nn.Parameter(tensor) for tensor in tensors]
    for parameter, tensor in zip(parameters, tensors):
        parameter.grad = tensor

    def several_passes():
        return [(torch.norm(tensor), tensor.abs().max(), (tensor == 0).sum(), torch.isfinite(tensor).all())
                for tensor in tensors]

    contenders = {
        "torch _foreach_norm": (lambda: torch._foreach_norm(tensors), "each"),
        # Nothing is cut off, so that every call sees the same gradients.
        "torch clip_grad_norm_": (lambda: torch.nn.utils.clip_grad_norm_(parameters, 1e30), "all"),
        "torch norm, abs max, zeros, isfinite": (several_passes, "record"),
    }
    if hasattr(torch.nn.utils, "get_total_norm"):
        contenders["torch get_total_norm"] = (lambda: torch.nn.utils.get_total_norm(tensors), "all")
    else:
        skip_once(f"torch get_total_norm: torch {torch.__version__} has none")
    compiled = compiled_record(tensors)
    if compiled:
        contenders["torch.compile of the record"] = (compiled, "record")
    return contenders


def skip_once(text):
    if text not in skipped:
        skip(text)


def compiled_record(tensors):
    if not hasattr(torch, "compile"):
        skip_once(f"torch.compile: torch {torch.__version__} has none")
        return None

    @torch.compile(dynamic=True)
    def record(tensor):
        return torch.norm(tensor), tensor.abs().max(), (tensor == 0).sum(), torch.isfinite(tensor).all()

    try:
        record(tensors[0])
    except Exception as error:  # No compiler, an unknown Python: torch says it in many ways.
        skip_once(f"torch.compile: {type(error).__name__}")
        return None
    return lambda: [record(tensor) for tensor in tensors]


def check(name, got, expected, tolerance=1e-2):
    """Norms in float32 lose digits as tensors grow."""
    for one, other in zip(got, expected, strict=True):
        if not abs(one - other) <= tolerance * other:
            sys.exit(f"peers: {name} gives {one}, not {other}")


def call_and_check(name, call, kind, norms):
    result = call()
    if kind == "all":
        check(name, [float(result)], [math.sqrt(math.fsum(norm * norm for norm in norms))])
    else:
        check(name, [float(norm[0] if kind == "record" else norm) for norm in result], norms)


def statistics_of(case, counts, cache_bytes):
    """The tensors stand one behind the other, and hold what tensor_stats has: normal values, repeated. Every call
    sees the same memory: warm where the largest cache holds it."""
    pattern = numpy.random.default_rng(1).standard_normal(1 << 16, dtype=numpy.float32)
    values = numpy.resize(pattern, sum(counts))
    ends = numpy.cumsum(counts)
    arrays = [values[end - count:end] for count, end in zip(counts, ends)]
    norms = [math.sqrt(numpy.square(array, dtype=numpy.float64).sum()) for array in arrays]
    label = f"{case}_f32/0/" + ("warm" if values.nbytes <= cache_bytes else "cold")
    by_numpy = {"numpy.linalg.norm": (lambda: [numpy.linalg.norm(array) for array in arrays], "each")}
    rows = []
    for threads in (1, 2):
        contenders = by_numpy if threads == 1 else {}
        if torch:
            torch.set_num_threads(threads)
            contenders = {**contenders, **torch_norms([torch.from_numpy(array) for array in arrays])}
        for name, (call, kind) in contenders.items():
            call_and_check(name, call, kind, norms)
        rows += timings("tensor_stats", label, threads, {name: call for name, (call, _) in contenders.items()},
                        values.nbytes)
    return rows


# ---- training steps


def network(widths, activation, head):
    layers = []
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layers += [torch.nn.Linear(inputs, outputs), (head if i + 2 == len(widths) else activation)()]
    return torch.nn.Sequential(*layers)


def training_step(model, batch):
    x, y = torch.randn(batch, model[0].in_features), torch.rand(batch, model[-2].out_features)
    loss = torch.nn.MSELoss()

    def step():
        for parameter in model.parameters():
            parameter.grad = None
        loss(model(x), y).backward()

    step()
    if not all(torch.isfinite(parameter.grad).all() for parameter in model.parameters()):
        sys.exit("peers: a gradient of torch is not finite")
    return step


def training_steps():
    seed = [10, 64, 64, 64, 64, 1]
    models = [("sigmoid_network", network(seed, torch.nn.Sigmoid, torch.nn.Sigmoid), 100, (1,)),
              ("relu_network", network(seed, torch.nn.ReLU, torch.nn.Sigmoid), 100, (1,)),
              ("relu_1024x8", network([1024] * 9, torch.nn.ReLU, torch.nn.ReLU), 256, (1, 2))]
    rows = []
    for name, model, batch, thread_counts in models:
        for threads in thread_counts:
            torch.set_num_threads(threads)
            rows += timings("training_step", name, threads, {"torch": training_step(model, batch)})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tensor_shapes")
    parser.add_argument("--cache-bytes", type=int, required=True)
    parser.add_argument("--json", required=True)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # torch without CUDA warns of each of its parts.
    rows, versions = [], {}
    if numpy:
        versions["numpy"] = numpy.__version__
        for case in FULL_CASES if arguments.full else CASES:
            counts = json.loads(subprocess.run([arguments.tensor_shapes, case], check=True, capture_output=True).stdout)
            rows += statistics_of(case, counts, arguments.cache_bytes)
    if torch:
        versions["torch"] = torch.__version__
        rows += training_steps()
    with open(arguments.json, "w", encoding="utf-8") as file:
        json.dump({"versions": versions, "skipped": skipped, "timings": rows}, file)


if __name__ == "__main__":
    main()
