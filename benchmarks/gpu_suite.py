"""The benchmarks of a GPU: what suite.py --device cuda runs.

All cases of a program share one process, interleaved at random, but norms of CUB and cuBLAS have one of their own; so
has torch. The time is bounded: a program runs once with one repetition, and then as often as fits into the time.
Where it fails, its cases are tried group by group, and those that fail are left out.
"""
import contextlib
import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import peers_venv
import report
import shapes
from runs import (Failure, HERE, Program, PythonPeers, REPETITIONS, add_roofline, by_name, case_of, commit, cpu_info,
                  fail, failures, gemm_row, interleaved, is_bad, json_of, load_average, merge, monitor_rows, part,
                  rounded, say, statistics_row, times_us, timing)

GEMM_REPETITIONS = 11
SECONDS_IN_ALL = 420  # By default.
SECONDS_PER_RUN = 15  # What a program's repetitions are chosen for;
SECONDS_AT_MOST = 150  # behind which it is ended, as is torch.
ELEMENT_BYTES = {"f64": 8, "f32": 4, "bf16": 2, "f16": 2}


class Budget:
    """Seconds that everything may take together."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def seconds(self):
        left = self.end - time.monotonic()
        if left < 1:
            raise Failure("nothing more is measured: the time is over")
        return min(SECONDS_AT_MOST, left)


class GpuPeers(PythonPeers):
    """Peers on the GPU: those that ./run bench --peers has installed, else those of the Python that runs this."""

    def __init__(self, budget):
        super().__init__()
        self.budget, self.python = budget, peers_venv.python() or sys.executable

    def samples_us(self, repetitions, *arguments):
        """Samples per case and contender; of the cases that were done where it did not come to an end."""
        environment = {**os.environ, "TORCHINDUCTOR_COMPILE_THREADS": "1"}  # No processes of its own.
        return self.samples_of(json_of(self.python, HERE / "peers.py", *arguments, "--device", "cuda",
                                       "--threads", "1", "--samples", str(repetitions), env=environment,
                                       seconds=self.budget.seconds(), keep_partial=True))


class PacedProgram:
    """A program's cases, as many repetitions as fit into the time."""

    def __init__(self, build, name, group_of, budget, pattern="^cuda/", repetitions=REPETITIONS, min_time=0.01):
        """Cases of a group stand and fall together; `group_of` gives a name's, less cuda/ in front of it."""
        self.program, self.budget, self.pattern = Program(build, name, "cuda"), budget, pattern
        self.left, self.min_time = repetitions, min_time
        self.found, self.context, self.past = {}, {}, []
        self.names = [case for case in self.program.case_names() if re.match(pattern, case)]
        if not self.names:
            raise Failure(f"{name}: no case for cuda: {'; '.join(self.program.skipped)}")
        self.groups = list(dict.fromkeys(map(group_of, self.names)))

    def run(self, pattern, repetitions):
        runs, context = self.program.all_runs(pattern, *interleaved(repetitions, self.min_time),
                                              seconds=self.budget.seconds())
        for run in filter(is_bad, runs):
            fail(f"{self.program.name} {run['run_name']}: {run.get('error_message')}")
        merge(self.found, by_name(run for run in runs if not is_bad(run)))
        self.context = context

    def start(self):
        """One repetition of each case."""
        began = time.monotonic()
        try:
            self.run(self.pattern, 1)
        except Failure as failure:
            fail(str(failure))
            self.find_good_groups()
        self.past.append((1, time.monotonic() - began))
        self.left -= 1

    def find_good_groups(self):
        good = []
        for group in self.groups:
            with contextlib.suppress(Failure):
                self.budget.seconds()
                with part(f"{self.program.name} {group} alone"):
                    self.run(f"^cuda/{group}/", 1)
                    good.append(group)
        if not good:
            raise Failure(f"{self.program.name}: no case can be measured")
        self.pattern = f"^cuda/({'|'.join(good)})/"

    def fitting(self):
        """Repetitions that one run has time for. Of a single run before, all may have been repetitions."""
        (few, short), (many, long) = self.past[0], self.past[-1]
        each = (long - short) / (many - few) if many > few and long > short else long / many
        return int((SECONDS_PER_RUN - max(0, short - few * each)) / max(each, 1e-3))

    def go_on(self, repetitions):
        """So many repetitions more, or what is left or fits."""
        if not self.past or not self.left:
            return
        repetitions = max(1, min(repetitions, self.left, self.fitting()))
        began = time.monotonic()
        with part(f"{self.program.name}, repetitions: {repetitions}", Exception):
            self.run(self.pattern, repetitions)
            self.past.append((repetitions, time.monotonic() - began))
            self.left -= repetitions

    def runs(self):
        """In the order in which the program names them."""
        order = {name: i for i, name in enumerate(self.names)}
        return dict(sorted(self.found.items(), key=lambda named: order.get(named[0], len(order))))


# ---- the programs


def in_turns(programs, peers, arguments):
    """Runs of the programs, and samples of torch per case and contender."""
    samples = {}

    def go_on():
        for program in programs:
            program.go_on(-(-REPETITIONS // 2))

    go_on()
    with part(f"torch, {arguments[0]}", Exception):  # Once, between ours: it needs ten seconds to start.
        samples = peers.samples_us(REPETITIONS, *arguments)
    go_on()
    return {name: runs for program in programs for name, runs in program.runs().items()}, samples


def started(build, name, group_of, budget, peers, **options):
    """The program, which has run once where it could, in a list; an empty one where it has no cases."""
    programs = []
    with part(f"{name}, once", Exception):
        program = PacedProgram(build, name, group_of, budget, **options)
        peers.skipped += [text for text in program.program.skipped if text not in peers.skipped]
        programs.append(program)
        program.start()
    return programs


def peer_cases(build, names):
    """What torch is given: each case's tensors, without zeros, and none of growing size."""
    cases = {}
    for shapes in dict.fromkeys(name.split("/")[2] for name in names if name.split("/")[3] == "0"):
        if report.is_sized(shapes):
            continue
        of, dtype = shapes.rsplit("_", 1)
        try:
            counts = json.loads(subprocess.run([build / "bin" / "tensor_shapes", of], check=True,
                                               capture_output=True).stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            fail(f"tensor_shapes {of}: {error}")
        else:
            cases[shapes] = {"counts": counts, "dtype": dtype}
    return cases


def tensor_stats(build, peers, budget, cases=None):
    """Of the cases that the program has; `cases` is what torch is given of them."""
    # Peers that launch a kernel a tensor would take the time of all others.
    groups = ["(record|read|copy)[^/]*", "cu[^/]*"]
    if cases:  # No peer there knows float64.
        names = Program(build, "tensor_stats", "cuda").case_names()
        groups = [who for who in groups if any(re.match(f"cuda/{who}/", name) for name in names)]
    programs = [program for who in groups
                for program in started(build, "tensor_stats", lambda name: f"{who}/{case_of(name)}", budget, peers,
                                       pattern=f"^cuda/{who}/")]
    cases = cases or peer_cases(build, [name for program in programs for name in program.names])
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(cases, file)
        file.flush()
        runs, samples = in_turns(programs, peers, ("tensor_stats", "--cases", file.name))
    sizes = {shapes: sum(case["counts"]) * ELEMENT_BYTES[case["dtype"]] for shapes, case in cases.items()}
    rows = [statistics_row(name, repetitions, 1) for name, repetitions in runs.items()]
    for case, of_case in samples.items():
        rows += [timing("tensor_stats", case, who, 1, times, sizes[case.split("/")[0]])
                 for who, times in of_case.items()]
    add_roofline(rows)
    return rows, programs[0].context if programs else {}


def training_step(build, peers, budget):
    programs = started(build, "training_step", lambda name: "/".join(name.split("/")[1:4]), budget, peers,
                       pattern="^cuda/.*/keep_z:0/")
    runs, samples = in_turns(programs, peers, ("training_step", "--network", "all"))
    rows = [timing("training_step", name.split("/")[1], name.split("/")[2], 1, times_us(repetitions))
            for name, repetitions in runs.items()]
    for network, of_network in samples.items():
        rows += [timing("training_step", network, who, 1, times) for who, times in of_network.items()]
    return rows


def monitor_overhead(build, peers, budget):
    programs = started(build, "monitor_overhead", lambda name: "/".join(name.split("/")[1:3]), budget, peers,
                       min_time=0.1)
    runs = [run for program in programs for repetitions in program.runs().values() for run in repetitions]
    return monitor_rows(runs, lambda name: 1)


def gemm(build, peers, budget):
    programs = started(build, "gemm", lambda name: "/".join(name.split("/")[1:3]), budget, peers,
                       repetitions=GEMM_REPETITIONS)
    rows = []
    for program in programs:
        program.go_on(GEMM_REPETITIONS)
    for name, runs in (named for program in programs for named in program.runs().items()):
        # Beside which cuBLAS took its turns, on the same operands.
        shares = [run["% of cuBLAS"] for run in runs if "% of cuBLAS" in run]
        share = {"cublas_percent": rounded(statistics.median(shares))} if shares else {}
        rows.append({**gemm_row(name, runs), **share})
    return rows


# ---- the machine


def driver_property(what):
    """A property of the first GPU as nvidia-smi reports it; "unknown" if it does not."""
    try:
        answer = subprocess.run(["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader", "-i", "0"],
                                capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return answer.stdout.strip() if answer.returncode == 0 and answer.stdout.strip() else "unknown"


def machine_of(build, context):
    return {"device": context.get("gpu") or driver_property("name"), "driver": driver_property("driver_version"),
            "cuda_toolkit": context.get("cuda_toolkit", "unknown"),
            "cpu": cpu_info("model name", "Model") or os.uname().machine,
            "virtual": "hypervisor" in cpu_info("flags").split(), "threads": len(os.sched_getaffinity(0)),
            "kernel": os.uname().release,
            **json.loads((build / "benchmarks" / "build_info.json").read_text(encoding="utf-8"))}


def commit_of(build):
    """That of the programs' sources, where scripts/gpu_check has built them."""
    file = build / "commit"
    return file.read_text(encoding="utf-8").strip() if file.exists() else commit()


def check_for_gpu(build, name):
    """Says why nothing can be measured before anything is tried, of a program that has cases on every GPU."""
    program = Program(build, name, "cuda")
    if not program.case_names():
        raise Failure("; ".join(program.skipped) or f"{name} has no case for cuda")


class Measured:
    """What a run has found."""

    def __init__(self, build):
        self.build = build
        self.date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.load = load_average()
        self.timings, self.overheads, self.parts, self.context = [], [], [], {}

    def results(self, peers, full):
        if not self.timings and not self.overheads:
            raise Failure(f"nothing was measured: {'; '.join(failures)}")
        return {"schema": report.SCHEMA, "date": self.date, "commit": commit_of(self.build), "full": full,
                "machine": {**machine_of(self.build, self.context), "load_average_at_start": self.load,
                            **peers.versions},
                "skipped": peers.skipped, "failed": list(failures), "timings": self.timings,
                "overheads": self.overheads, "monitor_parts": self.parts, "accuracy": []}


def measure_own(build, own, seconds):
    """The tensors of --shapes."""
    check_for_gpu(build, "tensor_stats")
    measured = Measured(build)
    peers = GpuPeers(Budget(seconds))
    cases = {case.shapes: {"counts": case.counts, "dtype": shapes.TYPES[case.dtype][0]} for case in own}
    with part("statistics of tensors", Exception):
        measured.timings, measured.context = tensor_stats(build, peers, peers.budget, cases)
    return measured.results(peers, full=False)


def measure(build, seconds=SECONDS_IN_ALL):
    check_for_gpu(build, "training_step")
    measured = Measured(build)
    budget = Budget(seconds)
    peers = GpuPeers(budget)
    with part("statistics of tensors", Exception):
        measured.timings, measured.context = tensor_stats(build, peers, budget)
    with part("the monitor", Exception):
        measured.overheads, measured.parts = monitor_overhead(build, peers, budget)
    with part("training steps", Exception):
        measured.timings += training_step(build, peers, budget)
    with part("products", Exception):
        measured.timings += gemm(build, peers, budget)
    say(f"took {seconds - (budget.end - time.monotonic()):.0f} s")
    return measured.results(peers, full=True)
