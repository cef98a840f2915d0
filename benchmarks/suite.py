#!/usr/bin/env python3
"""Runs the benchmarks of the CPU or the GPU, prints one table and writes results as JSON.

./run bench                  some three minutes; writes BUILD/benchmarks/MACHINE.json
./run bench --full           everything; writes results/MACHINE.json beside this script, and the documents' figures
./run bench --device cuda    everything on a GPU, likewise
./run bench ... --json FILE  writes FILE, and no document
./run bench ... --seconds N  on a GPU: begins nothing more behind so many seconds, 420 where nothing is said
suite.py BUILD ...           likewise, of what was built in the folder BUILD

Each case's contenders run in one process, interleaved at random. Peers in Python (peers.py) take turns with that
process: on the CPU three times, with /usr/bin/python3, where Debian puts its packages; on a GPU, where all cases share
one process, once, with the Python that runs this. Exit code: 1 where a program failed.
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # Nothing of a run is left among the sources.
import gpu_suite  # noqa: E402
import report  # noqa: E402
import tables  # noqa: E402
from runs import (CpuPeers, Failure, Program, REPETITIONS, add_roofline, case_of, commit, cpu_info,  # noqa: E402
                  failures, gemm_row, json_of, load_average, merge, monitor_rows, part, say, statistics_row,
                  take_turns, times_us, timing)

ROUNDS = 3  # Where processes take turns.
QUICK_CASES = {"seed_network_f32/0/cold", "seed_network_f32/0/warm", "5000x1000_f32/0/cold", "5000x1000_f32/0/warm",
               "gpt2_124m_f32/0/cold", "gpt2_124m_bf16/0/cold"}


# ---- the programs


def tensor_stats(build, full, peers):
    program = Program(build, "tensor_stats")
    cases = without_zeros(program.case_names())
    _, context = program.run("^cpu/record/seed_network_f32/0/warm/1/")
    cache_bytes = max((cache["size"] for cache in context["caches"]), default=1 << 20)
    rows = []
    for case in cases if full else [case for case in cases if case in QUICK_CASES]:
        with part(f"tensor_stats {case}"):
            counts = counts_of(build, case)
            # As they see the same memory again and again, it is warm where a cache holds it.
            if counts and (4 * sum(counts) > cache_bytes) != case.endswith("cold"):
                counts = None
            of_case = statistics_of(program, case, counts, peers, full)
            add_roofline(of_case)
            rows += of_case
    return rows, context


def without_zeros(names):
    """The cases of these that have no zeros, each once: those that have come with them."""
    return [case for case in dict.fromkeys(map(case_of, names)) if case.split("/")[1] == "0"]


def statistics_of(program, case, counts, peers, full):
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
        take_turns(ROUNDS, measure_ours, measure_peers)
    else:
        measure_ours(REPETITIONS)
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
    """OpenMP's threads do not spin while the BLAS's own work: torch is faster so."""
    program = Program(build, "training_step")
    rows = []
    for network, threads in (("sigmoid_network", 1), ("relu_network", 1), ("relu_1024x8", 1), ("relu_1024x8", 2)):
        samples = {}

        def measure_ours(repetitions):
            for runs in program.run_interleaved(f"^cpu/{network}/threads:{threads}/keep_z:0", repetitions).values():
                merge(samples, {"gradvitals": times_us(runs)})

        def measure_torch(repetitions):
            merge(samples, peers.samples_us(threads, repetitions, "training_step", "--network", network,
                                            GOMP_SPINCOUNT="0"))

        with part(f"training_step {network}, threads: {threads}"):
            take_turns(ROUNDS, measure_ours, measure_torch)
            rows += [timing("training_step", network, name, threads, times) for name, times in samples.items()]
    return rows


def gemm(build):
    rows = []
    with part("gemm"):
        rows = [gemm_row(name, runs) for name, runs in Program(build, "gemm").run_interleaved("^cpu/").items()]
    return rows


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
            "caches_bytes": caches, "simd": context["simd"], "blas": context["blas"],
            "governor": first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            "huge_pages": first_line("/sys/kernel/mm/transparent_hugepage/enabled"), "kernel": os.uname().release,
            **json.loads((build / "benchmarks" / "build_info.json").read_text(encoding="utf-8"))}


def measure(build, full):
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    load = load_average()
    peers = CpuPeers()
    timings, context = tensor_stats(build, full, peers)
    timings += training_step(build, peers)
    overheads, parts = monitor_overhead(build, full)
    if full:
        timings += gemm(build)
    machine = machine_of(build, context)
    if not machine["eigen"]:
        peers.skipped.append("Eigen: libeigen3-dev is not installed")
    accuracy = []
    with part("accuracy"):
        accuracy = json_of(build / "bin" / "accuracy")
    return {"schema": "gradvitals.benchmarks/1", "date": date, "commit": commit(), "full": full,
            "machine": {**machine, "load_average_at_start": load, **peers.versions},
            "skipped": peers.skipped, "failed": failures, "timings": timings, "overheads": overheads,
            "monitor_parts": parts, "accuracy": accuracy}


def slug(text):
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()


def main():
    usage = "./run bench [--full | --device cuda] [--json FILE] [--seconds N]"
    parser = argparse.ArgumentParser(usage=usage, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="where it was built; ./run bench fills it in")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=gpu_suite.SECONDS_IN_ALL)
    arguments = parser.parse_args()
    if not (arguments.build / "benchmarks" / "build_info.json").exists():
        parser.error(f"{arguments.build}: no build of the benchmarks")
    if arguments.json and not os.access(arguments.json.absolute().parent, os.W_OK):
        parser.error(f"--json {arguments.json}: no folder that can be written to")
    if arguments.seconds <= 0:
        parser.error(f"--seconds {arguments.seconds}: not more than 0")
    if arguments.device == "cuda":
        full, results = True, gpu_suite.measure(arguments.build.resolve(), arguments.seconds)
        name = slug(results["machine"]["device"])
    else:
        full, results = arguments.full, measure(arguments.build, arguments.full)
        machine = results["machine"]
        name = slug(f"{machine['cpu']} {machine['simd']} {machine['threads']} threads")
    folder = tables.ROOT / tables.RESULTS if full else arguments.build / "benchmarks"
    path = arguments.json or folder / f"{name}.json"
    path.write_text(report.dump(results), encoding="utf-8")
    print(f"{report.console_table(results)}\n{report.in_short(results)}")
    say(f"wrote {path}; what the names mean is told in {tables.ROOT / tables.PAGES / 'README.md'}")
    if full and not arguments.json:
        tables.update()
    if failures:
        sys.exit(f"bench: {len(failures)} failed, whose figures are missing: {'; '.join(failures)}")


if __name__ == "__main__":
    try:
        main()
    except (subprocess.CalledProcessError, Failure) as error:
        sys.exit(f"bench: {error}")
