"""Contract: how cpu_suite.py measures products, and what tables.py makes of them. Oracle: by hand. suite_test.py runs
it."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import cpu_suite
import runs
import tables
from tables_test import results_of_gpu

WIDE, SMALL = "1024x1024x1024/NN", "10x64x100/TN"
CONTENDERS = {f"cpu/{SMALL}/gemm/threads:1": 20.0, f"cpu/{SMALL}/openblas/threads:1": 25.0,
              f"cpu/{WIDE}/naive/threads:1": 1.0, f"cpu/{WIDE}/blocked/threads:1": 4.0,
              f"cpu/{WIDE}/register_tiled/threads:1": 40.0, f"cpu/{WIDE}/packed/threads:1": 60.0,
              f"cpu/{WIDE}/gemm/threads:1": 60.0, f"cpu/{WIDE}/openblas/threads:1": 50.0,
              f"cpu/{WIDE}/gemm/threads:2": 110.0, f"cpu/{WIDE}/openblas/threads:2": 90.0}


class PretendedGemm:
    """A program of the contenders above, each at its GFLOP/s."""

    def __init__(self, contenders=None):
        self.log, self.contenders = [], {f"{name}/real_time": gflops
                                         for name, gflops in (contenders or CONTENDERS).items()}

    def case_names(self):
        return list(self.contenders)

    def run_interleaved(self, pattern, repetitions=runs.REPETITIONS):
        found = {name: gflops for name, gflops in self.contenders.items() if re.search(pattern, name)}
        who = sorted({name.split("/")[3] for name in found})
        self.log.append((" ".join(who), repetitions))
        return {name: [{"real_time": 5.0, "time_unit": "us", "GFLOP/s": gflops}] * repetitions
                for name, gflops in found.items()}


class PretendedTorch:
    """A millisecond for each product, less of it on two threads; not installed where it has no time."""

    def __init__(self, log, us=1000.0):
        self.log, self.us = log, us

    def samples_us(self, threads, repetitions, *arguments):
        assert arguments[:2] == ("gemm", "--cases"), arguments
        cases = json.loads(pathlib.Path(arguments[2]).read_text(encoding="utf-8"))
        self.log.append((f"torch on {threads}", cases))
        return {case: {"torch": [self.us / threads] * repetitions} for case in cases} if self.us else {}


def measured(us=1000.0, contenders=None):
    program = PretendedGemm(contenders)
    rows = cpu_suite.gemm(program, PretendedTorch(program.log, us))
    return program.log, {(row["case"], row["contender"], row["threads"]): row for row in rows}


def test_processes():
    """On one thread the contenders share one, and then the ladder does; on two each has its own, and they take turns."""
    log, _ = measured()
    together, ladder = "gemm openblas packed register_tiled", "blocked gemm naive openblas packed register_tiled"
    torch, torch_on_two = ("torch on 1", [SMALL, WIDE]), ("torch on 2", [WIDE])
    assert log[:7] == [(together, 11), torch, torch, (together, 11), (together, 11), torch, (ladder, 5)], log
    on_two = [("gemm", 4), ("openblas", 4), torch_on_two]
    assert log[7:] == [on_two[(turn + place) % 3] for turn in range(10) for place in range(3)], log


def test_rows():
    _, rows = measured()
    assert len(rows) == len(CONTENDERS) + 3 and all(row["program"] == "gemm" for row in rows.values()), rows.keys()
    assert rows[WIDE, "gemm", 2]["gflops"] == 110.0 and rows[WIDE, "gemm", 2]["samples"] == 40, rows
    assert rows[WIDE, "naive", 1]["samples"] == 5 and rows[WIDE, "packed", 1]["samples"] == 38, rows
    assert rows[SMALL, "openblas", 1]["samples"] == 33, rows
    # 2 * 1024^3 operations in a millisecond, and in half of one.
    assert rows[WIDE, "torch", 1]["gflops"] == 2147.5 and rows[WIDE, "torch", 2]["gflops"] == 4295.0, rows
    assert rows[WIDE, "torch", 2]["median_us"] == 500.0, rows


def test_what_is_not_installed_has_no_rows():
    log, rows = measured(us=None, contenders={f"cpu/{SMALL}/gemm/threads:1": 20.0})
    assert list(rows) == [(SMALL, "gemm", 1)] and not [who for who, _ in log if "naive" in who], (log, rows)


def page_of(rows, **machine):
    results = results_of_gpu()
    results |= {"timings": list(rows.values()), "overheads": [], "monitor_parts": []}
    results["machine"] = {"device": "CPU", "cpu": "a CPU", "simd": "AVX2", "threads": 2, "caches_bytes": {},
                          "governor": None, "load_average_at_start": 0.1, "compiler": "GNU 12", "flags": "-O3",
                          "peer_flags": "-march=native", "blas": "", "eigen": "", **machine}
    return tables.cpu_page("a-cpu", results)


PRODUCTS = """\
## Products, 1 thread: GFLOP/s

| product | gemm, which chooses | own: register_tiled | own: packed | openblas | torch | gemm, % of the best of others |
| --- | --: | --: | --: | --: | --: | --: |
| 10x64x100, TN | 20.0 |  |  | 25.0 | 0.128 | 80 |
| 1024x1024x1024, NN | 60.0 | 40.0 | 60.0 | 50.0 | 2,150 | 3 |

## Products, 2 threads: GFLOP/s

| product | gemm, which chooses | openblas | torch | gemm, % of the best of others |
| --- | --: | --: | --: | --: |
| 1024x1024x1024, NN | 110 | 90.0 | 4,300 | 3 |

## From a naive product to ours, 1024x1024x1024, NN, 1 thread

| rung | GFLOP/s | times the one before |
| --- | --: | --: |
| naive | 1.00 |  |
| blocked | 4.00 | 4.0 |
| register_tiled | 40.0 | 10 |
| packed | 60.0 | 1.5 |
| beside it: torch | 2,150 |  |
"""


def test_tables():
    page = page_of(measured()[1], blas="OpenBLAS 0.3.21 (Zen)", onednn="2.6.3", gemm="packed kernels, AVX2",
                   torch="2.15.0")
    assert PRODUCTS in page, page
    assert "-march=native. Our products: packed kernels, AVX2. OpenBLAS 0.3.21 (Zen), oneDNN 2.6.3, torch 2.15.0.\n" in page


def test_tables_have_what_was_measured():
    """Nothing is said of contenders, threads and rungs that are not in the results."""
    page = page_of(measured(us=None, contenders={f"cpu/{SMALL}/gemm/threads:1": 20.0})[1])
    assert ("| product | gemm, which chooses | gemm, % of the best of others |\n| --- | --: | --: |\n"
            "| 10x64x100, TN | 20.0 |  |\n") in page, page
    assert "2 threads: GFLOP/s" not in page and "naive" not in page, page
    assert "of today's kernels. No library to compare with.\n" in page, page
    some_rungs = {name: gflops for name, gflops in CONTENDERS.items() if "naive" not in name}
    assert "naive" not in page_of(measured(contenders=some_rungs)[1])


def test_steps_name_the_version_of_torch():
    step = {**next(iter(measured()[1].values())), "program": "training_step", "case": "relu_network",
            "contender": "gradvitals"}
    assert "| network | threads | gradvitals | torch 2.15.0 |" in page_of({"step": step}, torch="2.15.0")
    assert "| network | threads | gradvitals | torch |" in page_of({"step": step})


def test_turns():
    log = []
    runs.take_turns(4, [lambda repetitions, name=name: log.append(f"{name}{repetitions}") for name in "abc"], 10)
    assert " ".join(log) == "a3 b3 c3 b3 c3 a3 c3 a3 b3 a3 b3 c3", log


# ---- peers.py


def peers_without_modules(cases):
    """What peers.py writes, and says, with a Python that has neither numpy nor torch."""
    with tempfile.TemporaryDirectory() as folder:
        file, out = pathlib.Path(folder, "cases.json"), pathlib.Path(folder, "out.json")
        file.write_text(json.dumps(cases), encoding="utf-8")
        program = subprocess.run([sys.executable, "-E", "-S", runs.HERE / "peers.py", "gemm", "--cases", file,
                                  "--threads", "1", "--samples", "1", "--json", out], capture_output=True, text=True)
        return json.loads(out.read_text(encoding="utf-8")) if out.exists() else None, program.stderr


def test_what_is_missing_is_skipped_with_a_word():
    document, said = peers_without_modules([SMALL])
    assert document and document["samples_us"] == {} and document["versions"] == {}, said
    assert any(re.fullmatch("torch: .* has no torch; ./run bench --peers installs it", text)
               for text in document["skipped"]), document


def test_products_that_are_none():
    for cases, text in (([SMALL, "10x64/TN"], "'10x64/TN' is no product: 256x1024x1024/TN is one"),
                        (["0x1x1/NN"], "'0x1x1/NN' is no product"), ([5], "5 is no product"),
                        ([], "not a list of products"), ({}, "not a list of products"), ([[]], "unhashable")):
        document, said = peers_without_modules(cases)
        assert document is None and text in said and "Traceback" not in said, (cases, said)


TESTS = [test_processes, test_rows, test_what_is_not_installed_has_no_rows, test_tables,
         test_tables_have_what_was_measured, test_steps_name_the_version_of_torch, test_turns,
         test_what_is_missing_is_skipped_with_a_word, test_products_that_are_none]
