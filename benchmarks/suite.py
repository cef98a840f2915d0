#!/usr/bin/env python3
"""Runs the benchmarks of the CPU, prints one table and writes results as JSON.

suite.py BUILD             some three minutes; writes BUILD/benchmarks/MACHINE.json
suite.py BUILD --full      everything; writes results/MACHINE.json beside this script, and the tables of README.md

Each case's contenders run in one process, interleaved at random. Peers in Python (peers.py) run with
/usr/bin/python3, where Debian puts its packages. Exit code: 1 where a program failed.
"""
import argparse
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
QUICK_CASES = {"seed_network_f32/0/cold", "seed_network_f32/0/warm", "5000x1000_f32/0/cold", "5000x1000_f32/0/warm",
               "gpt2_124m_f32/0/cold", "gpt2_124m_bf16/0/cold"}


def say(text):
    print(f"bench: {text}", file=sys.stderr)


def quantile(values, share):
    """The value that a share of all does not exceed."""
    return sorted(values)[round(share * (len(values) - 1))]


def rounded(value):
    return None if value is None else float(f"{value:.5g}")


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
                sys.exit(f"{program.stdout}{program.stderr}bench: {self.name} {pattern}: ended with {program.returncode}")
            document = json.load(file)
        runs = [run for run in document["benchmarks"] if run["run_type"] == "iteration"]
        bad = [run["name"] for run in runs if run.get("error_occurred") or run.get("error_message")]
        if bad or not runs:
            sys.exit(f"bench: {self.name} {pattern}: " + (f"failed: {bad[0]}" if bad else "no case ran"))
        return runs, document["context"]

    def run_interleaved(self, pattern):
        """Per case name, all of its repetitions."""
        runs, context = self.run(pattern, "--benchmark_enable_random_interleaving=true",
                                 f"--benchmark_repetitions={REPETITIONS}", "--benchmark_min_time=0.01")
        repetitions = {}
        for run in runs:
            repetitions.setdefault(run["run_name"], []).append(run)
        return repetitions, context


MICROSECONDS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}


def timing(program, case, contender, threads, runs):
    """One row of results: what a contender needs for a case."""
    times = [run["real_time"] * MICROSECONDS[run["time_unit"]] for run in runs]
    rates = [run["bytes_per_second"] for run in runs if "bytes_per_second" in run]
    operations = [run["GFLOP/s"] for run in runs if "GFLOP/s" in run]
    return {"program": program, "case": case, "contender": contender, "threads": threads, "samples": len(runs),
            "median_us": rounded(statistics.median(times)), "p10_us": rounded(quantile(times, 0.1)),
            "p90_us": rounded(quantile(times, 0.9)),
            "gbps": rounded(statistics.median(rates) / 1e9) if rates else None,
            "gflops": rounded(statistics.median(operations)) if operations else None, "roofline_percent": None}


def add_roofline(rows):
    """The share of what tables.py takes for the roofline."""
    found = tables.Timings({"timings": rows})
    for row in rows:
        row["roofline_percent"] = rounded(100 * row["gbps"] / found.roofline(row["case"], row["threads"])["gbps"])


def tensor_stats(build, full):
    program = Program(build, "tensor_stats")
    cases = list(dict.fromkeys("/".join(name.split("/")[2:5]) for name in program.case_names()))
    rows = []
    for case in cases if full else [case for case in cases if case in QUICK_CASES]:
        say(f"tensor_stats {case}")
        repetitions, context = program.run_interleaved(f"^cpu/[^/]*/{case}/")
        of_case = [timing("tensor_stats", case, name.split("/")[1], int(name.split("/")[5]), runs)
                   for name, runs in repetitions.items()]
        add_roofline(of_case)
        rows += of_case
    return rows, context


def training_step(build):
    say("training_step")
    repetitions, _ = Program(build, "training_step").run_interleaved("^cpu/[^/]*(network|1024x8)/.*keep_z:0")
    return [timing("training_step", name.split("/")[1], "gradvitals", int(re.search(r"threads:(\d+)", name)[1]), runs)
            for name, runs in repetitions.items()]


def gemm(build):
    say("gemm")
    repetitions, _ = Program(build, "gemm").run_interleaved("^cpu/")
    return [timing("gemm", "/".join(name.split("/")[1:3]), name.split("/")[3], 1, runs)
            for name, runs in repetitions.items()]


def monitor_overhead(build, full):
    """What the monitor costs, of steps that took turns, and its parts alone."""
    say("monitor_overhead")
    pattern = "^cpu/" if full else "^cpu/(gradients|everything)/.*/1/"
    overheads, parts = [], []
    for run in Program(build, "monitor_overhead").run(pattern, "--benchmark_min_time=0.1")[0]:
        _, what, network, threads = run["run_name"].split("/")[:4]
        row = {"network": network, "threads": int(threads), "what": what}
        if "overhead_us" in run:
            names = ("unwatched_us", "overhead_us", "overhead_p10_us", "overhead_p90_us", "overhead_percent")
            overheads.append({**row, "samples": int(run["samples"]), **{name: rounded(run[name]) for name in names}})
        else:
            parts.append({**row, "mean_us": rounded(run["real_time"] * MICROSECONDS[run["time_unit"]])})
    return overheads, parts


# ---- other programs


def json_of(*command):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([*command, "--json", file.name], check=True, stdout=subprocess.DEVNULL)
        return json.load(file)


def python_peers(build, caches, full):
    say("peers in Python")
    system_python = pathlib.Path("/usr/bin/python3")
    return json_of(system_python if system_python.exists() else sys.executable, HERE / "peers.py",
                   build / "bin" / "tensor_shapes", "--cache-bytes", str(max(caches)), *(["--full"] if full else []))


# ---- the machine


def first_line(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        return None


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(("model name", "Model")):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def commit():
    answer = subprocess.run(["git", "-C", HERE, "describe", "--always", "--abbrev=40", "--dirty", "--exclude", "*"],
                            capture_output=True, text=True)
    return answer.stdout.strip() or "unknown"


def machine_of(build, context):
    caches = {f"L{cache['level']} {cache['type']}": cache["size"] for cache in context["caches"]}
    return {"device": "CPU", "cpu": cpu_model(), "threads": len(os.sched_getaffinity(0)), "caches_bytes": caches,
            "simd": context["simd"], "blas": context["blas"],
            "governor": first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            "huge_pages": first_line("/sys/kernel/mm/transparent_hugepage/enabled"), "kernel": os.uname().release,
            **json.loads((build / "benchmarks" / "build_info.json").read_text(encoding="utf-8"))}


def measure(build, full):
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"the load average is {load:.1f}: what else runs here will show in the figures")
    timings, context = tensor_stats(build, full)
    timings += training_step(build)
    overheads, parts = monitor_overhead(build, full)
    if full:
        timings += gemm(build)
    say("accuracy")
    accuracy = json_of(build / "bin" / "accuracy")
    peers = python_peers(build, [cache["size"] for cache in context["caches"]], full)
    return {"schema": "gradvitals.benchmarks/1", "date": date, "commit": commit(), "full": full,
            "machine": {**machine_of(build, context), "load_average_at_start": load, **peers["versions"]},
            "skipped": peers["skipped"], "timings": timings + peers["timings"], "overheads": overheads,
            "monitor_parts": parts, "accuracy": accuracy}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
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


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"bench: {error.cmd[0]} ended with {error.returncode}")
