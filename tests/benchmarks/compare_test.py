"""Contract: ./run bench --compare. Oracle: by hand. suite_test.py runs it."""
import json
import pathlib
import subprocess
import sys
import tempfile

import compare
import report
import runs
from tables_test import results_of_gpu


def row(case, median, low, high, contender="record", threads=1):
    return {"program": "tensor_stats", "case": case, "contender": contender, "threads": threads, "samples": 31,
            "median_us": median, "p10_us": low, "p90_us": high, "gbps": None, "gflops": None, "roofline_percent": None}


def results(*timings, overheads=()):
    return {**results_of_gpu(), "timings": list(timings), "overheads": list(overheads)}


def overhead(added, low, high):
    return {"network": "relu_network", "threads": 1, "what": "gradients", "samples": 40, "unwatched_us": 50.0,
            "overhead_us": added, "overhead_p10_us": low, "overhead_p90_us": high, "overhead_percent": 10.0}


BEFORE = results(row("a", 10.0, 9.0, 11.0), row("b", 10.0, 9.0, 11.0), row("c", 10.0, 9.0, 11.0),
                 row("d", 10.0, 9.0, 11.0, threads=2), row("e", 10.0, 9.0, 11.0),
                 overheads=[overhead(-1.0, -2.0, 3.0)])
AFTER = results(row("c", 30.0, 25.0, 31.0), row("a", 8.0, 7.0, 8.9), row("b", 11.5, 11.0, 12.0),
                row("d", 10.0, 9.0, 11.0), row("e", 12.0, 11.1, 13.0), overheads=[overhead(4.0, 3.5, 5.0)])


def test_said_of_each_case():
    """What touches is within; a difference with nothing to divide by has no ratio. Threads tell cases apart."""
    found = {(line[1], line[2]): (line[10], line[11]) for line in compare.compared(BEFORE, AFTER)}
    assert found == {("a", "record"): (0.8, "faster"), ("b", "record"): (1.15, "within the spread"),
                     ("c", "record"): (3.0, "slower"), ("e", "record"): (1.2, "slower"),
                     ("relu_network", "gradients"): (None, "slower")}, found
    assert compare.only_in(BEFORE, AFTER) == [("tensor_stats", "d", "record", 2)]
    assert compare.only_in(AFTER, BEFORE) == [("tensor_stats", "d", "record", 1)]


def written(folder, name, content):
    path = pathlib.Path(folder) / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def run(*arguments):
    program = subprocess.run([sys.executable, runs.HERE / "suite.py", "/nonexistent", *arguments], capture_output=True,
                             text=True)
    return program.returncode, program.stdout, program.stderr


def test_whole_run():
    with tempfile.TemporaryDirectory() as folder:
        paths = written(folder, "a.json", BEFORE), written(folder, "b.json", AFTER)
        table = pathlib.Path(folder) / "out.csv"
        code, said, errors = run("--compare", *paths, "--csv", table)
        lines = table.read_text(encoding="utf-8").splitlines()
    assert code == 0 and "Traceback" not in errors, errors
    order = [line.split()[1].rstrip(",") for line in said.splitlines() if line.startswith(("tensor_stats", "monitor"))]
    assert order == ["c", "e", "relu_network", "a", "b"], said
    assert "5 cases in both: B is slower in 3 and faster in 1, outside of both spreads; in 1 it is within" in said, said
    assert "Only in A: 1\n  tensor_stats d, record, 2 threads\n" in said, said
    assert "Only in B: 1\n  tensor_stats d, record, 1 thread\n" in said and "machines differ" not in said, said
    assert lines[0] == ",".join(compare.COLUMNS), lines
    assert lines[1] == "tensor_stats,a,record,1,10.0,9.0,11.0,8.0,7.0,8.9,0.8,faster", lines
    assert lines[5] == "monitor_overhead,relu_network,gradients,1,-1.0,-2.0,3.0,4.0,3.5,5.0,,slower", lines


def test_other_machines():
    other = {**AFTER, "machine": {**AFTER["machine"], "device": "CPU", "simd": "AVX3"}}
    text = compare.text(BEFORE, other, ("a", "b"))
    assert "B  b: a CPU, AVX-512, " in text and "The machines differ" in text, text
    assert "There is no case that both files have." in compare.text(results(), results(row("a", 1.0, 1.0, 1.0)), "ab")


def test_no_results():
    """Exit code 2, and the file and the fault in a line."""
    wrong = {**BEFORE, "timings": [{**BEFORE["timings"][0], "median_us": "ten"}]}
    with tempfile.TemporaryDirectory() as folder:
        good = written(folder, "good.json", BEFORE)
        for name, content, text in (
                ("cut.json", json.dumps(BEFORE)[:200], "no JSON"), ("list.json", "[1]", "no results of ./run bench"),
                ("other.json", {"schema": "gradvitals.diagnosis/1"}, 'schema is "gradvitals.diagnosis/1", not'),
                ("rows.json", wrong, "a row has no number 'median_us'"), 
                ("nan.json", {**BEFORE, "timings": 3}, "no list"),
                ("row.json", {**BEFORE, "timings": [7]}, "a row is no object"),
                ("machine.json", {**BEFORE, "machine": {}}, "does not say of which device")):
            path = written(folder, name, content)
            for pair in ((path, good), (good, path)):
                code, said, errors = run("--compare", *pair)
                assert code == 2 and not said and errors.startswith(f"bench: --compare {path}: "), (name, errors)
                assert text in errors and errors.count("\n") == 1, (text, errors)
        (pathlib.Path(folder) / "bytes.json").write_bytes(b"\xff\xfe")
        for name, text in (("bytes.json", "no text"), ("missing.json", "No such file"), (".", "Is a directory")):
            code, said, errors = run("--compare", good, pathlib.Path(folder) / name)
            assert code == 2 and text in errors and errors.count("\n") == 1, (name, errors)


def test_committed_results():
    """Every file of results is one that can be compared, and the same as itself."""
    for path in sorted((runs.HERE / "results").glob("*.json")):
        found = compare.read(path)
        rows = compare.compared(found, found)
        assert len(rows) == len(found["timings"]) + len(found["overheads"]) > 100, path
        assert {line[11] for line in rows} == {"within the spread"}, path
        assert len(report.csv_text([found]).splitlines()) == 1 + len(rows), path


TESTS = [test_said_of_each_case, test_whole_run, test_other_machines, test_no_results, test_committed_results]
