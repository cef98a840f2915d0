"""How programs and peers are run, and what becomes of what they say: suite.py and gpu_suite.py."""
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import peers_venv
import report

HERE = pathlib.Path(__file__).resolve().parent
REPETITIONS = 31


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


def fail(text):
    """Says so, once for all repetitions."""
    if text not in failures:
        say(f"FAILED: {text}")
        failures.append(text)


@contextlib.contextmanager
def part(text, failure=Failure):
    """A part of the suite, which may fail by itself."""
    say(text)
    try:
        yield
    except failure as error:
        fail(str(error) if isinstance(error, Failure) else f"{text}: {type(error).__name__}: {error}")


def why_failed(command, seconds=None, env=None):
    """Empty where the command ended well. Nothing that it started can keep this waiting: there is no pipe."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        try:
            program = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=errors, timeout=seconds, env=env)
        except subprocess.TimeoutExpired:
            return f"not done in {seconds:.0f} s"
        except OSError as error:
            return f"{type(error).__name__}: {error}"
        errors.seek(0)
        return f"ended with {program.returncode}: {errors.read().strip()}" if program.returncode else ""


# ---- Google Benchmark


class Program:
    def __init__(self, build, name, device="cpu"):
        self.name, self.path, self.device = name, build / "bin" / "benchmarks" / name, device
        self.skipped = []

    def case_names(self):
        """The cases that can run here; `skipped` then holds the program's reasons for the others."""
        answer = subprocess.run([self.path, "--benchmark_list_tests=true", f"--benchmark_filter=^{self.device}/"],
                                check=True, capture_output=True, text=True)
        self.skipped = [line for line in answer.stderr.splitlines() if "skipped" in line]
        return [name for name in answer.stdout.split() if name.startswith(f"{self.device}/")]

    def all_runs(self, pattern, *options, seconds=None):
        """Runs of the cases that match, those that failed included, and the context."""
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            why = why_failed([self.path, f"--benchmark_filter={pattern}", f"--benchmark_out={file.name}",
                              "--benchmark_out_format=json", *options], seconds)
            if why:
                raise Failure(f"{self.name} {pattern}: {why}")
            try:
                document = json.load(file)
            except ValueError as error:  # Google Benchmark leaves an empty file where no case matches.
                raise Failure(f"{self.name} {pattern}: no case ran") from error
        return [run for run in document["benchmarks"] if run["run_type"] == "iteration"], document["context"]

    def run(self, pattern, *options):
        """Runs of the cases that match, and the context."""
        runs, context = self.all_runs(pattern, *options)
        bad = [run["name"] for run in runs if is_bad(run)]
        if bad or not runs:
            raise Failure(f"{self.name} {pattern}: " + (f"failed: {bad[0]}" if bad else "no case ran"))
        return runs, context

    def run_interleaved(self, pattern, repetitions=REPETITIONS):
        """Per case name, all of its repetitions."""
        return by_name(self.run(pattern, *interleaved(repetitions))[0])


def is_bad(run):
    return bool(run.get("error_occurred") or run.get("error_message"))


def by_name(runs):
    found = {}
    for run in runs:
        found.setdefault(run["run_name"], []).append(run)
    return found


def interleaved(repetitions, min_time=0.01):
    return ("--benchmark_enable_random_interleaving=true", f"--benchmark_repetitions={repetitions}",
            f"--benchmark_min_time={min_time}")


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


def statistics_row(name, runs, threads):
    times = times_us(runs)
    bytes_read = statistics.median(run.get("bytes_per_second", 0) * time for run, time in zip(runs, times)) * 1e-6
    return timing("tensor_stats", case_of(name), name.split("/")[1], threads, times, bytes_read)


def case_of(name):
    """What contenders of tensor_stats have in common: tensors, zeros, cold or warm."""
    return "/".join(name.split("/")[2:5])


def add_roofline(rows):
    """The share of what the tables take for the roofline, where there is one."""
    found = report.Timings({"timings": rows})
    for row in rows:
        roofline = found.roofline(row["case"], row["threads"])
        if roofline and roofline["gbps"] and row["gbps"]:
            row["roofline_percent"] = rounded(100 * row["gbps"] / roofline["gbps"])


def gemm_row(name, runs):
    """Only a CPU's cases say on how many threads."""
    threads = re.search("/threads:([0-9]+)", name)
    return timing("gemm", "/".join(name.split("/")[1:3]), name.split("/")[3], int(threads[1]) if threads else 1,
                  times_us(runs), gflops=[run["GFLOP/s"] for run in runs])


def monitor_rows(runs, threads_of):
    """What the monitor costs, of steps that took turns, and its parts alone."""
    overheads, parts = [], []
    for run in runs:
        _, what, network = run["run_name"].split("/")[:3]
        row = {"network": network, "threads": threads_of(run["run_name"]), "what": what}
        if "overhead_us" in run:
            names = ("unwatched_us", "overhead_us", "overhead_p10_us", "overhead_p90_us", "overhead_percent")
            overheads.append({**row, "samples": int(run["samples"]), **{name: rounded(run[name]) for name in names}})
        else:
            parts.append({**row, "mean_us": rounded(run["real_time"] * MICROSECONDS[run["time_unit"]])})
    return overheads, parts


# ---- peers in Python


def json_of(*command, env=None, seconds=None, keep_partial=False):
    """What a command writes as JSON. Where partial results are kept, a failure is said, and what was written till then
    counts."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        if why := why_failed([*command, "--json", file.name], seconds, env):
            text = f"{pathlib.Path(command[0]).name} {' '.join(map(str, command[1:]))}: {why}"
            if not keep_partial or not os.path.getsize(file.name):
                raise Failure(text)
            fail(text)
        return json.load(file)


class PythonPeers:
    """Collects the versions and skipped peers that peers.py reports, under any interpreter."""

    def __init__(self):
        self.versions, self.skipped = {}, []

    def samples_of(self, document):
        """The samples in what peers.py wrote."""
        self.versions.update(document["versions"])
        for text in document["skipped"]:
            if text not in self.skipped:
                say(f"skipped: {text}")
                self.skipped.append(text)
        return document["samples_us"]


class CpuPeers(PythonPeers):
    """Peers on the CPU: those that ./run bench --peers has installed, else those of the system."""

    def __init__(self):
        super().__init__()
        self.python = peers_venv.python() or peers_venv.system_python()

    def samples_us(self, threads, repetitions, *arguments, **environment):
        """Samples per contender; of products, per case and contender. torch's BLAS gets as many threads as torch."""
        counts = {"OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
        return self.samples_of(json_of(self.python, HERE / "peers.py", *arguments, "--threads", str(threads),
                                       "--samples", str(repetitions), env={**os.environ, **counts, **environment}))


def merge(into, samples):
    for key, values in samples.items():
        into.setdefault(key, []).extend(values)


def take_turns(rounds, calls, repetitions=REPETITIONS):
    """Each is called with the repetitions of a round; who begins changes from round to round."""
    for turn in range(rounds):
        first = turn % len(calls)
        for call in (*calls[first:], *calls[:first]):
            call(-(-repetitions // rounds))


# ---- the machine


def available_memory():
    """In bytes, by Linux; None where it does not say."""
    for line in pathlib.Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def load_average():
    """The load of the last minute. Warns if the machine is busy."""
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"the load average is {load:.1f}: what else runs here will show in the figures")
    return load


def cpu_info(*keys):
    """The first field of /proc/cpuinfo with one of these names; empty if there is none."""
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(keys):
            return line.split(":", 1)[1].strip()
    return ""


def commit():
    answer = subprocess.run(["git", "-C", HERE, "describe", "--always", "--abbrev=40", "--dirty", "--exclude", "*"],
                            capture_output=True, text=True)
    return answer.stdout.strip() or "unknown"
