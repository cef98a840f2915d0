#!/usr/bin/env python3
"""What numpy and torch need for the same tensors or the same training step, on the CPU.

peers.py tensor_stats --counts FILE --threads N --samples N --json OUT     FILE: elements of each tensor, a JSON list
peers.py training_step --network NAME --threads N --samples N --json OUT

Results are checked before they are timed; contenders take turns in random order. What is not installed is skipped
with a word. BLAS takes its number of threads from the environment (OPENBLAS_NUM_THREADS).
Debian: apt-get install python3-numpy python3-torch, and run this with /usr/bin/python3.
"""
import argparse
import json
import math
import random
import sys
import time
import warnings

skipped = []


def skip(text):
    skipped.append(text)


try:
    import numpy
except ImportError:
    numpy = None
    skip("numpy, and torch's norms: python3-numpy is not installed")
try:
    import torch
except ImportError:
    torch = None
    skip("torch: python3-torch is not installed")

SECONDS_PER_CONTENDER = 0.7  # Where the samples asked for take longer, there are fewer, but one.


# ---- timing


def time_in_turns(contenders, sample_count):
    """Microseconds a call, per contender name, one sample a turn. Each has been called before."""
    def sample(call, calls):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - start) / calls

    # A sample is a millisecond and more.
    seconds = {name: sample(call, 1) for name, call in contenders.items()}
    calls = {name: math.ceil(1e-3 / max(once, 1e-7)) for name, once in seconds.items()}
    turns = {name: min(sample_count, max(1, int(SECONDS_PER_CONTENDER / (calls[name] * once + 1e-9))))
             for name, once in seconds.items()}
    samples = {name: [] for name in contenders}
    for turn in range(sample_count):
        names = [name for name in contenders if turn < turns[name]]
        random.shuffle(names)
        for name in names:
            samples[name].append(sample(contenders[name], calls[name]) * 1e6)
    return samples


# ---- statistics of many tensors


def torch_norms(tensors):
    """Contenders, each with what it should give: the norm of each tensor, or of all together."""
    parameters = [torch.nn.Parameter(tensor) for tensor in tensors]
    for parameter, tensor in zip(parameters, tensors):
        parameter.grad = tensor

    def several_passes():
        return [record_of(tensor) for tensor in tensors]

    contenders = {
        "torch _foreach_norm": (lambda: torch._foreach_norm(tensors), "each"),
        # Nothing is cut off, so that every call sees the same gradients.
        "torch clip_grad_norm_": (lambda: torch.nn.utils.clip_grad_norm_(parameters, 1e30), "all"),
        "torch norm, aminmax, count_nonzero, isfinite": (several_passes, "record"),
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


def record_of(tensor):
    """Four passes, each the fastest that torch has."""
    return torch.norm(tensor), torch.aminmax(tensor), torch.count_nonzero(tensor), torch.isfinite(tensor).all()


def compiled_record(tensors):
    if not hasattr(torch, "compile"):
        skip_once(f"torch.compile: torch {torch.__version__} has none")
        return None

    record = torch.compile(record_of, dynamic=True)
    try:
        record(tensors[0])
    except Exception as error:  # No compiler, an unknown Python: torch says it in many ways.
        skip_once(f"torch.compile: {type(error).__name__}")
        return None
    return lambda: [record(tensor) for tensor in tensors]


def check(name, got, expected, tolerance=0.1):
    """Whether it is the right computation: how right it is, accuracy says. Norms in float32 lose digits as tensors
    grow: torch 1.13 is 1 % off at 1e8 elements."""
    for one, other in zip(got, expected, strict=True):
        if not abs(one - other) <= tolerance * other:
            sys.exit(f"peers: {name} gives {one}, not {other}")


def call_and_check(name, call, kind, norms):
    result = call()
    if kind == "all":
        check(name, [float(result)], [math.sqrt(math.fsum(norm * norm for norm in norms))])
    else:
        check(name, [float(norm[0] if kind == "record" else norm) for norm in result], norms)


def statistics_contenders(counts, threads):
    """The tensors stand one behind the other, and hold what tensor_stats has: normal values, repeated. Every call
    sees the same memory: warm where the largest cache holds it."""
    pattern = numpy.random.default_rng(1).standard_normal(1 << 16, dtype=numpy.float32)
    values = numpy.resize(pattern, sum(counts))
    ends = numpy.cumsum(counts)
    arrays = [values[end - count:end] for count, end in zip(counts, ends)]
    norms = [math.sqrt(numpy.square(array, dtype=numpy.float64).sum()) for array in arrays]
    contenders = {}
    if threads == 1:  # numpy knows no threads here.
        contenders["numpy.linalg.norm"] = (lambda: [numpy.linalg.norm(array) for array in arrays], "each")
    if torch:
        contenders |= torch_norms([torch.from_numpy(array) for array in arrays])
    for name, (call, kind) in contenders.items():
        call_and_check(name, call, kind, norms)
    return {name: call for name, (call, _) in contenders.items()}


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


def training_step_contenders(name):
    seed = [10, 64, 64, 64, 64, 1]
    model, batch = {
        "sigmoid_network": lambda: (network(seed, torch.nn.Sigmoid, torch.nn.Sigmoid), 100),
        "relu_network": lambda: (network(seed, torch.nn.ReLU, torch.nn.Sigmoid), 100),
        "relu_1024x8": lambda: (network([1024] * 9, torch.nn.ReLU, torch.nn.ReLU), 256),
    }[name]()
    return {"torch": training_step(model, batch)}


def positive(text):
    if int(text) < 1:
        raise ValueError
    return int(text)


def counts_in(path):
    """What --counts names."""
    try:
        with open(path, encoding="utf-8") as file:
            counts = json.load(file)
    except (OSError, ValueError) as error:
        sys.exit(f"peers: --counts {path}: {error}")
    if not (isinstance(counts, list) and counts and all(isinstance(count, int) and count > 0 for count in counts)):
        sys.exit(f"peers: --counts {path}: not a list of numbers of elements")
    return counts


def contenders_of(arguments):
    if arguments.program == "training_step":
        return training_step_contenders(arguments.network) if torch else {}
    return statistics_contenders(counts_in(arguments.counts), arguments.threads) if numpy else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", choices=["tensor_stats", "training_step"])
    parser.add_argument("--counts")
    parser.add_argument("--network", choices=["sigmoid_network", "relu_network", "relu_1024x8"])
    parser.add_argument("--threads", type=positive, required=True)
    parser.add_argument("--samples", type=positive, required=True)
    parser.add_argument("--json", required=True)
    arguments = parser.parse_args()
    needed = "counts" if arguments.program == "tensor_stats" else "network"
    if getattr(arguments, needed) is None:
        parser.error(f"{arguments.program} needs --{needed}")
    warnings.simplefilter("ignore")  # torch without CUDA warns of each of its parts.
    versions = {"numpy": numpy.__version__} if numpy else {}
    if torch:
        versions["torch"] = torch.__version__
        torch.set_num_threads(arguments.threads)
    samples = time_in_turns(contenders_of(arguments), arguments.samples)
    with open(arguments.json, "w", encoding="utf-8") as file:
        json.dump({"versions": versions, "skipped": skipped, "samples_us": samples}, file)


if __name__ == "__main__":
    main()
