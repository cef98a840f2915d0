#!/usr/bin/env python3
"""Runs the benchmarks of the CPU, prints one table and writes results as JSON.

suite.py BUILD             some three minutes; writes BUILD/benchmarks/MACHINE.json
suite.py BUILD --full      everything; writes results/MACHINE.json beside this script, and the tables of README.md

Each case's contenders run in one process, interleaved at random. Peers in Python (peers.py), which run with
/usr/bin/python3, where Debian puts its packages, take turns with that process three times. Exit code: 1 where a
program failed.
"""
import argparse
import contextlib
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # Nothing of a run is left among the sources.
import tables  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
REPETITIONS = 31
ROUNDS = 3  # Where processes take turns.
QUICK_CASES = {"seed_network_f32/0/cold", "seed_network_f32/0/warm", "5000x1000_f32/0/cold", "5000x1000_f32/0/warm",
               "gpt2_124m_f32/0/cold", "gpt2_124m_bf16/0/cold"}


def say(text):
    print(f"bench: {text}", file=sys.stderr)


def quantile(values, share):
    """The value that a share of all does not exceed."""
    return sorted(values)[round(share * (len(values) - 1))]


def rounded(value):
    return None if value is None else float(f"{value:.5g}")


class Failure(Exception):
    """A program gave no results. Those of the others are kept."""


failures = []


@contextlib.contextmanager
def part(text):
    """A part of the suite, which may fail by itself."""
    say(text)
    try:
        yield
    except Failure as failure:
        say(f"FAILED: {failure}")
        failures.append(str(failure))


# ---- Google Benchmark


class Program:
    def __init__(self, build, name):
        self.name, self.path = name, build / "bin" / "benchmarks" / name

    def case_names(self):
        names = subprocess.run([self.path, "--benchmark_list_tests=true", "--benchmark_filter=^cpu/"],
                               check=True, capture_output=True, text=True).stdout.split()
        return [name for name in names if name.startswith("cpu/")]

    def run(self, pattern, *options):
        """Runs of the cases that match, and the context."""
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            program = subprocess.run([self.path, f"--benchmark_filter={pattern}", f"--benchmark_out={file.name}",
                                      "--benchmark_out_format=json", *options], capture_output=True, text=True)
            if program.returncode:
                raise Failure(f"{self.name} {pattern}: ended with {program.returncode}: {program.stderr.strip()}")
            document = json.load(file)
        runs = [run for run in document["benchmarks"] if run["run_type"] == "iteration"]
        bad = [run["name"] for run in runs if run.get("error_occurred") or run.get("error_message")]
        if bad or not runs:
            raise Failure(f"{self.name} {pattern}: " + (f"failed: {bad[0]}" if bad else "no case ran"))
        return runs, document["context"]

    def run_interleaved(self, pattern, repetitions=REPETITIONS):
        """Per case name, all of its repetitions."""
        runs, _ = self.run(pattern, "--benchmark_enable_random_interleaving=true",
                           f"--benchmark_repetitions={repetitions}", "--benchmark_min_time=0.01")
        found = {}
        for run in runs:
            found.setdefault(run["run_name"], []).append(run)
        return found


MICROSECONDS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}


def times_us(runs):
    return [run["real_time"] * MICROSECONDS[run["time_unit"]] for run in runs]


def timing(program, case, contender, threads, times, bytes_read=None, gflops=()):
    """One row of results: what a contender needs for a case."""
    median = statistics.median(times)
    return {"program": program, "case": case, "contender": contender, "threads": threads, "samples": len(times),
            "median_us": rounded(median), "p10_us": rounded(quantile(times, 0.1)),
            "p90_us": rounded(quantile(times, 0.9)), "gbps": rounded(bytes_read / median / 1e3) if bytes_read else None,
            "gflops": rounded(statistics.median(gflops)) if gflops else None, "roofline_percent": None}


# ---- peers in Python


class PythonPeers:
    """Runs peers.py, and keeps what it says of itself."""

    def __init__(self):
        system_python = pathlib.Path("/usr/bin/python3")
        self.python = system_python if system_python.exists() else sys.executable
        self.versions, self.skipped = {}, []

    def samples_us(self, threads, repetitions, *arguments, **environment):
        """Samples per contender. torch's BLAS gets as many threads as torch."""
        counts = {"OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
        document = json_of(self.python, HERE / "peers.py", *arguments, "--threads", str(threads),
                           "--samples", str(repetitions), env={**os.environ, **counts, **environment})
        self.versions.update(document["versions"])
        for text in document["skipped"]:
            if text not in self.skipped:
                say(f"skipped: {text}")
                self.skipped.append(text)
        return document["samples_us"]


def merge(into, samples):
    for key, values in samples.items():
        into.setdefault(key, []).extend(values)


def take_turns(rounds, first, second):
    """Each is called with the repetitions of a round; who begins changes from round to round."""
    for turn in range(rounds):
        for call in (first, second) if turn % 2 == 0 else (second, first):
            call(-(-REPETITIONS // rounds))


# ---- the programs


def add_roofline(rows):
    """The share of what tables.py takes for the roofline."""
    found = tables.Timings({"timings": rows})
    for row in rows:
        row["roofline_percent"] = rounded(100 * row["gbps"] / found.roofline(row["case"], row["threads"])["gbps"])


def tensor_stats(build, full, peers):
    program = Program(build, "tensor_stats")
    cases = list(dict.fromkeys("/".join(name.split("/")[2:5]) for name in program.case_names()))
    _, context = program.run("^cpu/record/seed_network_f32/0/warm/1/")
    cache_bytes = max((cache["size"] for cache in context["caches"]), default=1 << 20)
    rows = []
    for case in cases if full else [case for case in cases if case in QUICK_CASES]:
        with part(f"tensor_stats {case}"):
            counts = counts_of(build, case)
            # As they see the same memory again and again, it is warm where a cache holds it.
            if counts and (4 * sum(counts) > cache_bytes) != case.endswith("cold"):
                counts = None
            of_case = statistics_of(program, case, counts, peers, (1, 2) if full else (1,))
            add_roofline(of_case)
            rows += of_case
    return rows, context


def statistics_of(program, case, counts, peers, peer_threads):
    """Rows of one case, with peers in Python where there are `counts`."""
    runs, python_samples = {}, {}

    def measure_ours(repetitions):
        merge(runs, program.run_interleaved(f"^cpu/[^/]*/{case}/", repetitions))

    def measure_peers(repetitions):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(counts, file)
            file.flush()
            for threads in peer_threads:
                samples = peers.samples_us(threads, repetitions, "tensor_stats", "--counts", file.name)
                merge(python_samples, {(name, threads): values for name, values in samples.items()})

    if counts:
        take_turns(ROUNDS, measure_ours, measure_peers)
    else:
        measure_ours(REPETITIONS)
    rows = []
    for name, repetitions in runs.items():
        times = times_us(repetitions)
        bytes_read = statistics.median(run["bytes_per_second"] * time
                                       for run, time in zip(repetitions, times)) * 1e-6
        rows.append(timing("tensor_stats", case, name.split("/")[1], int(name.split("/")[5]), times, bytes_read))
    return rows + [timing("tensor_stats", case, name, threads, times, 4 * sum(counts))
                   for (name, threads), times in python_samples.items()]


def counts_of(build, case):
    """Elements of each tensor, where numpy and torch know the case; no sizes of a single tensor."""
    shapes, zeros, _ = case.split("/")
    if not shapes.endswith("_f32") or zeros != "0" or tables.is_sized(shapes):
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
        repetitions = Program(build, "gemm").run_interleaved("^cpu/")
        rows = [timing("gemm", "/".join(name.split("/")[1:3]), name.split("/")[3], 1, times_us(runs),
                       gflops=[run["GFLOP/s"] for run in runs]) for name, runs in repetitions.items()]
    return rows


def monitor_overhead(build, full):
    """What the monitor costs, of steps that took turns, and its parts alone."""
    pattern = "^cpu/" if full else "^cpu/(gradients|layers)/.*/1/"
    overheads, parts = [], []
    with part("monitor_overhead"):
        for run in Program(build, "monitor_overhead").run(pattern, "--benchmark_min_time=0.1")[0]:
            _, what, network, threads = run["run_name"].split("/")[:4]
            row = {"network": network, "threads": int(threads), "what": what}
            if "overhead_us" in run:
                names = ("unwatched_us", "overhead_us", "overhead_p10_us", "overhead_p90_us", "overhead_percent")
                overheads.append({**row, "samples": int(run["samples"]),
                                  **{name: rounded(run[name]) for name in names}})
            else:
                parts.append({**row, "mean_us": rounded(run["real_time"] * MICROSECONDS[run["time_unit"]])})
    return overheads, parts


# ---- other programs


def json_of(*command, env=None):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        program = subprocess.run([*command, "--json", file.name], capture_output=True, text=True, env=env)
        if program.returncode:
            raise Failure(f"{pathlib.Path(command[0]).name} {' '.join(map(str, command[1:]))}: ended with "
                          f"{program.returncode}: {program.stderr.strip()}")
        return json.load(file)


# ---- the machine


def first_line(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        return None


def cpu_info(*keys):
    """What Linux says of the first CPU under one of these names; empty where it says nothing."""
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(keys):
            return line.split(":", 1)[1].strip()
    return ""


def commit():
    answer = subprocess.run(["git", "-C", HERE, "describe", "--always", "--abbrev=40", "--dirty", "--exclude", "*"],
                            capture_output=True, text=True)
    return answer.stdout.strip() or "unknown"


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
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"the load average is {load:.1f}: what else runs here will show in the figures")
    peers = PythonPeers()
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    if not (arguments.build / "benchmarks" / "build_info.json").exists():
        parser.error(f"{arguments.build}: no build of the benchmarks")
    results = measure(arguments.build, arguments.full)
    machine = results["machine"]
    name = re.sub(r"[^A-Za-z0-9]+", "-", f"{machine['cpu']} {machine['threads']} threads").strip("-").lower()
    folder = tables.RESULTS if arguments.full else arguments.build / "benchmarks"
    path = folder / f"{name}.json"
    path.write_text(tables.dump(results), encoding="utf-8")
    print(tables.console_table(results))
    say(f"wrote {path}")
    if arguments.full:
        tables.update()
    if failures:
        sys.exit(f"bench: {len(failures)} failed, whose figures are missing: {'; '.join(failures)}")


if __name__ == "__main__":
    try:
        main()
    except (subprocess.CalledProcessError, Failure) as error:
        sys.exit(f"bench: {error}")
