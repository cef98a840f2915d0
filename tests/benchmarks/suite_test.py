"""Contract: benchmarks/suite.py's rows from what programs and peers report. Oracle: by hand.

suite_test.py BENCHMARKS         with programs that only pretend, of a GPU, too
suite_test.py BENCHMARKS peers   what peers.py reports; exit code 77 where numpy is missing
"""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import attach_tables_test  # noqa: E402
import compare_test  # noqa: E402
import cpu_suite  # noqa: E402
import gpu_suite_test  # noqa: E402
import peers_venv_test  # noqa: E402
import products_test  # noqa: E402
import runs  # noqa: E402
import shapes_test  # noqa: E402
import tables_test  # noqa: E402


class PretendedProgram:
    """Reads 4 KB, without zeros and with: once in 1 us, all other times in 2 us."""

    def __init__(self, log):
        self.log = log

    def run_interleaved(self, pattern, repetitions):
        self.log.append("ours")
        times = [2.0] * repetitions
        times[0] = 1.0 if len(self.log) == 1 else 2.0
        runs = [{"real_time": time, "time_unit": "us", "bytes_per_second": 4096 / time * 1e6} for time in times]
        cases = ("3x1000_f32/0/warm", "3x1000_f32/50/warm", "3x1000_f32/0/cold", "33x1000_f32/0/warm")
        names = [f"cpu/record/{case}/1/real_time" for case in cases]
        return {name: runs for name in names if re.search(pattern, name)}


class PretendedPeers:
    def __init__(self, log):
        self.log = log

    def samples_us(self, threads, repetitions, *arguments):
        self.log.append("peers")
        assert arguments[:2] == ("tensor_stats", "--counts"), arguments
        return {"torch": [8.0 * threads] * repetitions}


def test_rows():
    log = []
    rows = cpu_suite.statistics_of(PretendedProgram(log), "3x1000_f32/0/warm", [1000, 24], PretendedPeers(log),
                                   full=False)
    assert log == ["ours", "peers", "peers", "ours", "ours", "peers"], log
    by_name = {row["contender"]: row for row in rows}
    assert len(rows) == len(by_name) == 2 and all(row["case"] == "3x1000_f32/0/warm" for row in rows), rows
    assert by_name["record"]["samples"] == by_name["torch"]["samples"] == 33, by_name
    assert by_name["record"]["median_us"] == 2.0 and by_name["record"]["gbps"] == 2.048, by_name
    assert by_name["torch"]["median_us"] == 8.0 and by_name["torch"]["gbps"] == 0.512, by_name
    assert by_name["torch"]["threads"] == 1, by_name


def test_rows_of_two_threads():
    log = []
    rows = cpu_suite.statistics_of(PretendedProgram(log), "3x1000_f32/0/warm", [1000, 24], PretendedPeers(log),
                                   full=True)
    assert log == ["ours", "peers", "peers", "peers", "peers", "ours", "ours", "peers", "peers"], log
    medians = {row["threads"]: row["median_us"] for row in rows if row["contender"] == "torch"}
    assert medians == {1: 8.0, 2: 16.0}, rows


def test_cases():
    names = ["cpu/record/3x1000_f32/0/warm/1/real_time", "cpu/record/3x1000_f32/50/warm/1/real_time",
             "cpu/copy/3x1000_f32/0/warm/1/real_time", "cpu/copy/3x1000_f32/0/cold/1/real_time"]
    assert cpu_suite.without_zeros(names) == ["3x1000_f32/0/warm", "3x1000_f32/0/cold"]


def test_rows_without_peers():
    log = []
    rows = cpu_suite.statistics_of(PretendedProgram(log), "3x1000_f32/0/warm", None, PretendedPeers(log), full=True)
    assert log == ["ours"] and [row["samples"] for row in rows] == [31, 31], (log, rows)
    assert [row["case"] for row in rows] == ["3x1000_f32/0/warm", "3x1000_f32/50/warm"], rows


def test_peers():
    peers = runs.CpuPeers()
    counts = pathlib.Path(__file__).with_name("counts.json")
    samples = peers.samples_us(1, 2, "tensor_stats", "--counts", str(counts))
    if "numpy" not in peers.versions:
        print(peers.skipped)
        sys.exit(77)
    assert len(samples["numpy.linalg.norm"]) == 2 and min(samples["numpy.linalg.norm"]) > 0, samples
    if "torch" in peers.versions:
        assert len(samples["torch _foreach_norm"]) == 2, samples
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write('["10x64x100/TN", "100x64x64/NT", "7x1x3/TT"]')
            file.flush()
            products = peers.samples_us(1, 2, "gemm", "--cases", file.name)
        assert list(products) == ["10x64x100/TN", "100x64x64/NT", "7x1x3/TT"], products
        assert all(len(times["torch"]) == 2 and min(times["torch"]) > 0 for times in products.values()), products
        step = peers.samples_us(1, 1, "training_step", "--network", "relu_network")
        assert list(step) == ["torch"] and step["torch"][0] > 0, step
        subprocess.run([peers.python, pathlib.Path(__file__).with_name("gpu_peers_test.py"), sys.argv[1]], check=True)


if sys.argv[2:] == ["peers"]:
    test_peers()
else:
    test_cases()
    test_rows()
    test_rows_of_two_threads()
    test_rows_without_peers()
    for test in (*tables_test.TESTS, *products_test.TESTS, *peers_venv_test.TESTS, *shapes_test.TESTS,
                 *compare_test.TESTS, *gpu_suite_test.TESTS, *attach_tables_test.TESTS):
        test()
