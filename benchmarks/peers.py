#!/usr/bin/env python3
"""What numpy and torch need for the same tensors, the same training step or the same products.

peers.py tensor_stats --counts FILE --threads N --samples N --json OUT     FILE: elements of each tensor, a JSON list
peers.py training_step --network NAME --threads N --samples N --json OUT
peers.py gemm --cases FILE --threads N --samples N --json OUT              FILE: a JSON list of "256x1024x1024/TN"
peers.py tensor_stats --device cuda --cases FILE --threads N --samples N --json OUT
                           FILE: {case: {"counts": elements of each tensor, "dtype": "f32", "f64", "bf16" or "f16"}}
peers.py training_step --device cuda --network all --threads N --samples N --json OUT

Results are checked before they are timed; contenders take turns in random order. What is not installed is skipped
with a word; ./run bench --peers installs it (peers_venv.py). BLAS takes its number of threads from the environment
(OPENBLAS_NUM_THREADS).

On cuda all cases run in one process, OUT is written after each of them, and a contender that raises is skipped with a
word. OUT then has samples per case, as it has of products.
"""
import argparse
import json
import math
import re
import sys
import warnings

sys.dont_write_bytecode = True  # Nothing of a run is left among the sources.
from peer_timing import Allowance, HostClock, WrongResult, skip, skipped, time_in_turns  # noqa: E402
from peers_venv import HOW_TO_INSTALL  # noqa: E402

try:
    import numpy
except ImportError:
    numpy = None
    skip(f"numpy, and torch's norms: {sys.executable} has no numpy; {HOW_TO_INSTALL}")
from torch_peers import (COMPILED, DTYPES, NETWORKS, Product, Step, checked, compiled_record, torch,  # noqa: E402
                         torch_norms)


# ---- contenders on the CPU

# Each process compiles anew: ten tensors take 10 s on two cores of Zen 3, and 40 s at the first time.
MOST_TO_COMPILE = 16
SECONDS_TO_COMPILE = 90


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
        tensors = [torch.from_numpy(array) for array in arrays]
        contenders |= torch_norms(tensors)
        if len(tensors) > MOST_TO_COMPILE:
            skip(f"{COMPILED}, of more than {MOST_TO_COMPILE} tensors on the CPU: it takes minutes to compile")
        elif compiled := Allowance(SECONDS_TO_COMPILE).attempt("torch.compile", compiled_record, tensors):
            contenders[COMPILED] = (compiled, "record")
    return {name: checked(name, call, kind, norms) for name, (call, kind) in contenders.items()}


def training_step_contenders(name):
    step = Step(name)
    return {"torch": step.checked(step.run)}


def product_samples(cases, sample_count):
    """Samples per case and contender; the cases take turns."""
    if not torch:
        return {}
    calls = {case: Product(*sizes).checked() for case, sizes in cases.items()}
    return {case: {"torch": times} for case, times in time_in_turns(calls, sample_count, HostClock()).items()}


# ---- the command line


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


def cases_in(path):
    """What --cases names."""
    try:
        with open(path, encoding="utf-8") as file:
            cases = json.load(file)
        if any(case["dtype"] not in DTYPES or not case["counts"] for case in cases.values()):
            raise ValueError("a case has no counts, or a dtype of another name")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.exit(f"peers: --cases {path}: {type(error).__name__}: {error}")
    return cases


def products_in(path):
    """What --cases names of products: M, N, K and the layout of each."""
    try:
        with open(path, encoding="utf-8") as file:
            cases = json.load(file)
        if not isinstance(cases, list) or not cases:
            raise ValueError("not a list of products")
        found = {case: re.fullmatch("([1-9][0-9]*)x([1-9][0-9]*)x([1-9][0-9]*)/([NT][NT])", str(case)) for case in cases}
        if wrong := [case for case, match in found.items() if not match]:
            raise ValueError(f"{wrong[0]!r} is no product: 256x1024x1024/TN is one")
    except (OSError, ValueError, TypeError) as error:
        sys.exit(f"peers: --cases {path}: {error}")
    return {case: (*map(int, match.groups()[:3]), match[4]) for case, match in found.items()}


def contenders_of(arguments):
    if arguments.program == "training_step":
        return training_step_contenders(arguments.network) if torch else {}
    return statistics_contenders(counts_in(arguments.counts), arguments.threads) if numpy else {}


def versions_of():
    found = {"numpy": numpy.__version__} if numpy else {}
    return {**found, "torch": torch.__version__} if torch else found


def write(path, versions, samples):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"versions": versions, "skipped": skipped, "samples_us": samples}, file)


def run_on_cpu(arguments):
    products = products_in(arguments.cases) if arguments.program == "gemm" else None
    if torch:
        torch.set_num_threads(arguments.threads)
    try:
        samples = (time_in_turns(contenders_of(arguments), arguments.samples, HostClock()) if products is None
                   else product_samples(products, arguments.samples))
    except WrongResult as error:
        sys.exit(f"peers: {error}")
    write(arguments.json, versions_of(), samples)


def run_on_gpu(arguments):
    """What is done is written at once, so that nothing that goes wrong later takes it along."""
    versions, samples = versions_of(), {}
    cases = cases_in(arguments.cases) if arguments.program == "tensor_stats" else None
    write(arguments.json, versions, samples)
    if not torch:
        return
    import gpu_peers
    if why := gpu_peers.why_unusable():
        skip(why)
        write(arguments.json, versions, samples)
        return
    versions |= gpu_peers.versions()
    gpu = gpu_peers.Gpu()
    parts = (gpu_peers.gpu_steps(gpu, arguments.samples) if cases is None
             else gpu_peers.gpu_statistics(cases, gpu, arguments.samples))
    for part in parts:
        samples |= part
        write(arguments.json, versions, samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", choices=["tensor_stats", "training_step", "gemm"])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--counts")
    parser.add_argument("--cases")
    parser.add_argument("--network", choices=[*NETWORKS, "all"])
    parser.add_argument("--threads", type=positive, required=True)
    parser.add_argument("--samples", type=positive, required=True)
    parser.add_argument("--json", required=True)
    arguments = parser.parse_args()
    is_on_gpu = arguments.device == "cuda"
    needed = {"training_step": "network", "gemm": "cases"}.get(arguments.program, "cases" if is_on_gpu else "counts")
    if is_on_gpu and arguments.program == "gemm":
        parser.error("gemm is for cpu")
    if getattr(arguments, needed) is None:
        parser.error(f"{arguments.program} on {arguments.device} needs --{needed}")
    if arguments.network and is_on_gpu != (arguments.network == "all"):
        parser.error(f"--network {arguments.network} is not for {arguments.device}")
    warnings.simplefilter("ignore")  # torch without CUDA warns of each of its parts.
    (run_on_gpu if is_on_gpu else run_on_cpu)(arguments)


if __name__ == "__main__":
    main()
