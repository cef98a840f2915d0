"""The benchmarks of a CPU: what suite.py runs unless a GPU is requested.

Each case's contenders run in one process, interleaved at random. Peers in Python (peers.py) take turns with that
process three times, with the Python that peers_venv.py names. Products on two threads are measured in a process for each
contender: a library's idle threads spin, and would take the CPU from the next.
"""
import datetime
import json
import os
import pathlib
import subprocess
import tempfile

import peers_venv
import report
import shapes
from runs import (CpuPeers, Failure, Program, REPETITIONS, add_roofline, available_memory, case_of, commit, cpu_info,
                  failures, gemm_row, json_of, load_average, merge, monitor_rows, part, statistics_row, take_turns,
                  times_us, timing)

ROUNDS = 3  # Where processes take turns.
QUICK_CASES = {"notebook_network_f32/0/cold", "notebook_network_f32/0/warm",
               "5000x1000_f32/0/cold", "5000x1000_f32/0/warm",
               "gpt2_124m_f32/0/cold", "gpt2_124m_bf16/0/cold"}


# ---- the programs


def tensor_stats(build, full, peers):
    program = Program(build, "tensor_stats")
    cases = without_zeros(program.case_names())
    _, context = program.run("^cpu/record/notebook_network_f32/0/warm/1/")
    rows = []
    for case in cases if full else [case for case in cases if case in QUICK_CASES]:
        with part(f"tensor_stats {case}"):
            rows += rows_of(program, case, seen_by_peers(counts_of(build, case), case, context), peers, full)
    return rows, context


def own_tensor_stats(build, own, peers):
    """The tensors of --shapes, which the program has in the place of its own."""
    shapes.check_memory(own, 0, available_memory())  # Ahead of the first call, which says how large the cache is.
    program = Program(build, "tensor_stats")
    cases = {case: of_case for case in without_zeros(program.case_names())
             for of_case in own if of_case.shapes == case.split("/")[0]}
    _, context = program.run(f"^cpu/record/{next(iter(cases))}/1/")
    shapes.check_memory(own, largest_cache(context), available_memory())
    rows = []
    for case, of_case in cases.items():
        with part(f"tensor_stats {case}"):
            counts = of_case.counts if of_case.dtype == "F32" else None
            rows += rows_of(program, case, seen_by_peers(counts, case, context), peers, full=True,
                            repetitions=fewer_of_large(of_case.bytes))
    return rows, context


def fewer_of_large(size):
    """Repetitions: of what takes a second, five will do."""
    return max(5, min(REPETITIONS, int(REPETITIONS * 1e9 / size)))


def largest_cache(context):
    return max((cache["size"] for cache in context["caches"]), default=1 << 20)


def seen_by_peers(counts, case, context):
    """What numpy and torch are given of a case: as they see the same memory again and again, it is warm where a cache
    holds it."""
    return counts if counts and (4 * sum(counts) > largest_cache(context)) == case.endswith("cold") else None


def rows_of(*arguments, **options):
    rows = statistics_of(*arguments, **options)
    add_roofline(rows)
    return rows


def without_zeros(names):
    """The cases of these that have no zeros, each once: those that have come with them."""
    return [case for case in dict.fromkeys(map(case_of, names)) if case.split("/")[1] == "0"]


def statistics_of(program, case, counts, peers, full, repetitions=REPETITIONS):
    """Rows of one case, with peers in Python where there are `counts`; in full, with the record of tensors with
    zeros."""
    runs, python_samples = {}, {}
    cases = case.replace("/0/", "/[0-9]+/") if full else case

    def measure_ours(repetitions):
        merge(runs, program.run_interleaved(f"^cpu/[^/]*/{cases}/", repetitions))

    def measure_peers(repetitions):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(counts, file)
            file.flush()
            for threads in (1, 2) if full else (1,):
                samples = peers.samples_us(threads, repetitions, "tensor_stats", "--counts", file.name)
                merge(python_samples, {(name, threads): values for name, values in samples.items()})

    if counts:
        take_turns(ROUNDS, (measure_ours, measure_peers), repetitions)
    else:
        measure_ours(repetitions)
    return [*(statistics_row(name, repetitions, int(name.split("/")[5])) for name, repetitions in runs.items()),
            *(timing("tensor_stats", case, name, threads, times, 4 * sum(counts))
              for (name, threads), times in python_samples.items())]


def counts_of(build, case):
    """Elements of each tensor, where numpy and torch know the case; no sizes of a single tensor."""
    shapes, zeros, _ = case.split("/")
    if not shapes.endswith("_f32") or zeros != "0" or report.is_sized(shapes):
        return None
    return json.loads(subprocess.run([build / "bin" / "tensor_shapes", shapes.removesuffix("_f32")], check=True,
                                     capture_output=True).stdout)


def training_step(build, peers):
    """Where torch is Debian's, OpenMP's threads do not spin while those of its BLAS work: it is faster so. PyPI's has
    them in common, and is faster if they spin."""
    environment = {} if peers_venv.python() else {"GOMP_SPINCOUNT": "0"}
    program = Program(build, "training_step")
    rows = []
    for network, threads in (("sigmoid_network", 1), ("relu_network", 1), ("relu_1024x8", 1), ("relu_1024x8", 2)):
        samples = {}

        def measure_ours(repetitions):
            for runs in program.run_interleaved(f"^cpu/{network}/threads:{threads}/keep_z:0", repetitions).values():
                merge(samples, {"gradvitals": times_us(runs)})

        def measure_torch(repetitions):
            merge(samples, peers.samples_us(threads, repetitions, "training_step", "--network", network,
                                            **environment))

        with part(f"training_step {network}, threads: {threads}"):
            take_turns(ROUNDS, (measure_ours, measure_torch))
            rows += [timing("training_step", network, name, threads, times) for name, times in samples.items()]
    return rows


RUNGS_BELOW = ("naive", "blocked")  # Of the ladder, those that nobody takes; too slow for as many repetitions.
LADDER_REPETITIONS = 5
# A process may find the machine at two thirds of its speed, and another all of it: each contender has many.
ROUNDS_OF_PROCESSES = 10


def gemm(program, peers):
    names = [name.split("/") for name in program.case_names()]
    rows = []
    for threads in (1, 2):
        of_threads = [name for name in names if name[4] == f"threads:{threads}"]
        with part(f"gemm, threads: {threads}"):
            rows += products(program, of_threads, threads, peers)
    return rows


def products(program, names, threads, peers):
    """Rows of the products on so many threads, of the cases that `names` tell, taken apart."""
    contenders = dict.fromkeys(who for _, _, _, who, *_ in names if who not in RUNGS_BELOW)
    processes = ["|".join(contenders)] if threads == 1 else list(contenders)
    ladder = dict.fromkeys(shape for _, shape, _, who, *_ in names if who in RUNGS_BELOW)
    cases = list(dict.fromkeys("/".join(name[1:3]) for name in names))
    runs, torch_samples = {}, {}

    def measure_all_cases_of(who):
        return lambda repetitions: merge(runs, program.run_interleaved(f"^cpu/.*/({who})/threads:{threads}/",
                                                                       repetitions))

    def measure_torch(repetitions):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(cases, file)
            file.flush()
            for case, samples in peers.samples_us(threads, repetitions, "gemm", "--cases", file.name).items():
                merge(torch_samples, {(case, who): times for who, times in samples.items()})

    take_turns(ROUNDS if threads == 1 else ROUNDS_OF_PROCESSES, (*map(measure_all_cases_of, processes), measure_torch))
    if ladder:
        pattern = f"^cpu/({'|'.join(ladder)})/NN/({'|'.join((*RUNGS_BELOW, *contenders))})/threads:{threads}/"
        merge(runs, program.run_interleaved(pattern, LADDER_REPETITIONS))
    return [*(gemm_row(name, repetitions) for name, repetitions in runs.items()),
            *(timing("gemm", case, who, threads, times,
                     gflops=[2e-3 * report.operations(case) / us for us in times])
              for (case, who), times in torch_samples.items())]


def monitor_overhead(build, full):
    pattern = "^cpu/" if full else "^cpu/(gradients|layers)/.*/1/"
    overheads, parts = [], []
    with part("monitor_overhead"):
        runs, _ = Program(build, "monitor_overhead").run(pattern, "--benchmark_min_time=0.1")
        overheads, parts = monitor_rows(runs, lambda name: int(name.split("/")[3]))
    return overheads, parts


# ---- the machine


def first_line(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        return None


def machine_of(build, context):
    caches = {f"L{cache['level']} {cache['type']}": cache["size"] for cache in context["caches"]}
    return {"device": "CPU", "cpu": cpu_info("model name", "Model") or os.uname().machine,
            "virtual": "hypervisor" in cpu_info("flags").split(), "threads": len(os.sched_getaffinity(0)),
            "caches_bytes": caches, "simd": context["simd"], "gemm": context["gemm"], "blas": context["blas"],
            "governor": first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            "huge_pages": first_line("/sys/kernel/mm/transparent_hugepage/enabled"), "kernel": os.uname().release,
            **json.loads((build / "benchmarks" / "build_info.json").read_text(encoding="utf-8"))}


def measure(build, full):
    date, load, peers = now(), load_average(), CpuPeers()
    timings, context = tensor_stats(build, full, peers)
    timings += training_step(build, peers)
    overheads, parts = monitor_overhead(build, full)
    if full:
        timings += gemm(Program(build, "gemm"), peers)
    accuracy = []
    with part("accuracy"):
        accuracy = json_of(build / "bin" / "accuracy")
    results = results_of(build, context, peers, date, load, LIBRARIES if full else ("eigen", "blas"))
    return {**results, "full": full, "timings": timings, "overheads": overheads, "monitor_parts": parts,
            "accuracy": accuracy}


def measure_own(build, own):
    date, load, peers = now(), load_average(), CpuPeers()
    timings, context = own_tensor_stats(build, own, peers)
    if not timings:
        raise Failure(f"nothing was measured: {'; '.join(failures)}")
    return {**results_of(build, context, peers, date, load), "timings": timings}


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


LIBRARIES = {"eigen": "Eigen", "blas": "OpenBLAS", "onednn": "oneDNN"}  # As `machine` calls them.


def results_of(build, context, peers, date, load, libraries=("eigen", "blas")):
    """Of a CPU, without figures; of the libraries that were to be measured, it says which were not there."""
    machine = machine_of(build, context)
    for key in libraries:
        if not machine[key]:
            peers.skipped.append(f"{LIBRARIES[key]}: the build found none; {peers_venv.HOW_TO_INSTALL}")
    return {"schema": report.SCHEMA, "date": date, "commit": commit(), "full": False,
            "machine": {**machine, "load_average_at_start": load, **peers.versions},
            "skipped": peers.skipped, "failed": failures, "timings": [], "overheads": [], "monitor_parts": [],
            "accuracy": []}
