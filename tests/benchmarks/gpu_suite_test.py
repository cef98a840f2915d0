"""Contract: suite.py --device cuda without a GPU: programs only pretend. Oracle: by hand. suite_test.py runs it."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import gpu_suite
import runs
import suite
import tables

HERE = pathlib.Path(__file__).resolve().parent


@contextlib.contextmanager
def pretended_build(**environment):
    """A build whose programs only pretend, and a driver."""
    with tempfile.TemporaryDirectory() as folder:
        build = pathlib.Path(folder)
        (build / "bin" / "benchmarks").mkdir(parents=True)
        (build / "benchmarks").mkdir()
        (build / "benchmarks" / "build_info.json").write_text('{"compiler": "none", "eigen": "", "onednn": ""}',
                                                                  encoding="utf-8")
        (build / "commit").write_text("0123456789abcdef-dirty\n", encoding="utf-8")

        def add(path, text):
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755)

        for name in ("tensor_stats", "training_step", "gemm", "monitor_overhead"):
            add(build / "bin" / "benchmarks" / name,
                f"#!{sys.executable}\n{(HERE / 'pretended_program.py').read_text(encoding='utf-8')}")
        add(build / "bin" / "tensor_shapes", '#!/bin/sh\ncase $1 in 3x1000) echo "[1000, 2000]" ;; *) exit 2 ;; esac\n')
        add(build / "bin" / "nvidia-smi", "#!/bin/sh\necho 580.1\n")
        before = dict(os.environ)
        os.environ |= {"PATH": f"{build / 'bin'}:{os.environ['PATH']}", **environment}
        runs.failures.clear()
        try:
            yield build
        finally:
            os.environ.clear()
            os.environ |= before


def whole_suite(build):
    """The exit code, what it said and what it wrote."""
    out = build / "out.json"
    program = subprocess.run([sys.executable, runs.HERE / "suite.py", build, "--device", "cuda", "--json", out],
                             capture_output=True, text=True)
    results = json.loads(out.read_text(encoding="utf-8")) if out.exists() else None
    return program.returncode, program.stdout + program.stderr, results


def by_name(results):
    return {(row["program"], row["case"], row["contender"]): row for row in results["timings"]}


def test_whole_suite():
    readme = (runs.HERE / "README.md").stat()
    with pretended_build() as build:
        code, said, results = whole_suite(build)
    # big has no tensor_shapes, which keeps torch from it alone.
    assert code == 1 and results["failed"] == [failure for failure in results["failed"]
                                              if failure.startswith("tensor_shapes big")], said
    rows = by_name(results)
    record = rows["tensor_stats", "3x1000_f32/0/cold", "record"]
    assert record == {"program": "tensor_stats", "case": "3x1000_f32/0/cold", "contender": "record", "threads": 1,
                      "samples": 31, "median_us": 2.0, "p10_us": 2.0, "p90_us": 2.0, "gbps": 6.0, "gflops": None,
                      "roofline_percent": 50.0}, record
    assert rows["tensor_stats", "3x1000_f32/50/cold", "record"]["roofline_percent"] is None, said
    assert [row["contender"] for row in results["timings"] if row["case"] == "relu_network"] == [
        "hand-written", "hand-written_graph", "cublas"], said
    assert rows["training_step", "relu_network", "cublas"]["median_us"] == 60.0, said
    gemm = rows["gemm", "64x64x64/NN", "gemm"]
    assert gemm["samples"] == 11 and gemm["gflops"] == 40.0 and gemm["cublas_percent"] == 81.0, gemm
    assert [row["what"] for row in results["overheads"]] == ["gradients", "gradients_rules"], results["overheads"]
    assert results["overheads"][0]["overhead_us"] == 5.0 and results["overheads"][0]["threads"] == 1, results
    assert results["monitor_parts"] == [{"network": "relu_network", "threads": 1, "what": "statistics_gradients",
                                         "mean_us": 3.0}], results
    machine = results["machine"]
    assert (machine["device"], machine["driver"], machine["cuda_toolkit"]) == (
        "NVIDIA Pretended 80GB", "580.1", "13.0"), machine
    assert results["commit"] == "0123456789abcdef-dirty" and results["full"] and results["accuracy"] == [], results
    assert any("torch" in text for text in results["skipped"]), results["skipped"]
    assert "tensor_stats: the cases of no device are skipped: a test" in results["skipped"], results["skipped"]
    assert "3x1000_f32/0/cold" in said and "0/cold, 1 thread" not in said, said
    assert (runs.HERE / "README.md").stat().st_mtime_ns == readme.st_mtime_ns, "the tables were written"
    assert not list((tables.ROOT / tables.RESULTS).glob("*retended*"))
    assert suite.slug(machine["device"]) == "nvidia-pretended-80gb"


def test_what_fails_takes_nothing_along():
    with pretended_build(PRETENDED_CRASH="big", PRETENDED_ERROR="cub_reduce_f64/") as build:
        code, said, results = whole_suite(build)
        rows = by_name(results)
    assert code == 1, said
    failed = "; ".join(results["failed"])
    assert "big cannot be had" in failed and "cub_reduce_f64/3x1000_f32/0/cold/iterations:3" in failed, failed
    # How many depends on how busy the machine is: groups were tried alone.
    assert rows["tensor_stats", "3x1000_f32/0/cold", "record"]["samples"] >= 3, said
    contenders = {row["contender"] for row in results["timings"] if row["case"].startswith("3x1000_f32/0/cold")}
    assert "cub_reduce_f64_graph" in contenders and "cub_reduce_f64" not in contenders, contenders
    assert not [case for _, case, _ in rows if case.startswith("big")], rows


def test_nothing_to_measure():
    with pretended_build(PRETENDED_CRASH="/") as build:
        code, said, results = whole_suite(build)
    assert code == 1 and results is None and "nothing was measured" in said and "Traceback" not in said, said


def test_without_a_gpu_one_line_says_so():
    with pretended_build(PRETENDED_CASES="no") as build:
        code, said, results = whole_suite(build)
    assert code == 1 and results is None, said
    assert said.strip() == "bench: training_step: the cases of no device are skipped: a test", said


def test_time_is_bounded():
    with pretended_build(PRETENDED_SLEEP="60") as build:
        limit, gpu_suite.SECONDS_AT_MOST = gpu_suite.SECONDS_AT_MOST, 0.5
        peers = PretendedPeers()
        try:
            [program] = gpu_suite.started(build, "gemm", lambda name: "64x64x64/NN", gpu_suite.Budget(60), peers)
        finally:
            gpu_suite.SECONDS_AT_MOST = limit
        assert not program.found and not program.past, program.found
        assert "not done in 0 s" in runs.failures[0], runs.failures
        program.budget = gpu_suite.Budget(0)
        program.past = [(1, 1.0)]
        program.go_on(3)
        assert "nothing more is measured" in runs.failures[-1], runs.failures


def test_repetitions_fit():
    with pretended_build() as build:
        program = gpu_suite.PacedProgram(build, "gemm", lambda name: "64x64x64/NN", gpu_suite.Budget(60))
        seconds, gpu_suite.SECONDS_PER_RUN = gpu_suite.SECONDS_PER_RUN, 45
        try:
            for past, repetitions in (([(1, 1.0)], 45), ([(1, 20.0)], 2), ([(1, 100.0)], 0),
                                      ([(1, 11.0), (5, 15.0)], 35), ([(1, 5.0), (5, 5.0)], 41)):
                program.past = past
                assert program.fitting() == repetitions, (past, program.fitting())
        finally:
            gpu_suite.SECONDS_PER_RUN = seconds


class PretendedPeers:
    def __init__(self, log=None):
        self.log, self.skipped, self.versions = log, [], {}

    def samples_us(self, repetitions, *arguments):
        self.log.append(f"torch {repetitions}")
        if arguments[0] == "training_step":
            assert arguments == ("training_step", "--network", "all"), arguments
            return {"relu_network": {"torch": [100.0] * repetitions, "torch, graph": [40.0] * repetitions}}
        cases = json.loads(pathlib.Path(arguments[2]).read_text(encoding="utf-8"))
        assert arguments[:2] == ("tensor_stats", "--cases"), arguments
        assert cases == {"3x1000_f32": {"counts": [1000, 2000], "dtype": "f32"}}, cases
        return {"3x1000_f32/0/cold": {"torch _foreach_norm": [4.0] * repetitions}}


def test_torch_has_its_turn_between_ours():
    log = []
    go_on = gpu_suite.PacedProgram.go_on
    gpu_suite.PacedProgram.go_on = lambda program, repetitions: (log.append(f"ours {repetitions}"),
                                                                 go_on(program, repetitions))
    try:
        with pretended_build() as build:
            rows, context = gpu_suite.tensor_stats(build, PretendedPeers(log), gpu_suite.Budget(60))
            steps = gpu_suite.training_step(build, PretendedPeers([]), gpu_suite.Budget(60))
    finally:
        gpu_suite.PacedProgram.go_on = go_on
    assert log[:5] == ["ours 16", "ours 16", "torch 31", "ours 16", "ours 16"], log
    assert context["gpu"] == "NVIDIA Pretended 80GB", context
    torch = [row for row in rows if row["contender"] == "torch _foreach_norm"]
    assert len(torch) == 1 and torch[0]["samples"] == 31 and torch[0]["gbps"] == 3.0, torch
    assert torch[0]["roofline_percent"] == 25.0 and torch[0]["threads"] == 1, torch
    assert {row["contender"]: row["median_us"] for row in steps}["torch, graph"] == 40.0, steps


TESTS = [test_whole_suite, test_what_fails_takes_nothing_along, test_nothing_to_measure,
         test_without_a_gpu_one_line_says_so, test_time_is_bounded,
         test_repetitions_fit, test_torch_has_its_turn_between_ours]
