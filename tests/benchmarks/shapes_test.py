"""Contract: ./run bench --shapes: which tensors a file names, and what becomes of them, with programs that only
pretend. Oracle: by hand. suite_test.py runs it."""
import csv
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import runs
import shapes
from gpu_suite_test import pretended_build


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def read(content, name="My model.bin"):
    """Cases as (name, type, counts), and what was said of others."""
    notes = []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        cases = shapes.read(path, notes.append)
    return [(case.shapes, case.dtype, case.counts) for case in cases], notes


def refusal(content, name="shapes.txt"):
    try:
        cases, _ = read(content, name)
    except shapes.BadShapes as error:
        assert f"/{name}: " in str(error), error  # It names the file.
        return str(error).split(f"/{name}: ", 1)[1]
    raise AssertionError(f"{content!r} gives {cases}")


def test_safetensors_header():
    """The header alone: the data need not be there. Types that are not measured, and empty tensors, are left out."""
    entry = {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}
    cases, notes = read(safetensors({"__metadata__": {"a": "b"}, "w": entry, "h": {**entry, "dtype": "BF16"},
                                     "scalar": {**entry, "shape": []}, "step": {**entry, "dtype": "I64"},
                                     "empty": {**entry, "shape": [5, 0]}}))
    assert cases == [("own-my-model_f32", "F32", [12, 1]), ("own-my-model_bf16", "BF16", [12])], cases
    assert len(notes) == 2 and "'step' is left out: its type is I64" in notes[0], notes
    assert "'empty' is left out: it has no element" in notes[1], notes


def test_text():
    text = """\ufeff# name shape type
embedding 4096x1024   # the first
4096 1024 float16
0.weight torch.Size([64, 10])
w (3,) F64

bias 7
2, 3 half
"""
    cases, _ = read(text, "a.txt")
    assert cases == [("own-a_f32", "F32", [4096 * 1024, 640, 7]), ("own-a_f16", "F16", [4096 * 1024, 6]),
                     ("own-a_f64", "F64", [3])], cases


def test_refusals():
    """Each names the file, and the line or the tensor at fault."""
    entry = {"dtype": "F32", "shape": [3]}
    for content, name, text in (
            ("1 2\nmlp\n", "shapes.txt", "line 2: 'mlp' is no shape; a line is [NAME] SHAPE [TYPE]"),
            ("3 4 int8", "shapes.txt", "line 1: 'int8' is no type"), ("a b 3", "shapes.txt", "line 1: 'a b 3'"),
            ("0 5", "shapes.txt", "line 1: '0 5' has no element"), ("-3", "shapes.txt", "line 1: '-3' is no shape"),
            ("9" * 5000, "shapes.txt", "line 1: "), (f"{10 ** 9}x{10 ** 9}", "shapes.txt", "more than any machine"),
            ("# nothing\n\n", "shapes.txt", "no tensor that could be measured"), ("", "shapes.txt", "no tensor"),
            (b"\xff\xfe\x00", "shapes.txt", "neither a safetensors file nor text in UTF-8"),
            (b"abc", "m.safetensors", "no safetensors file: it has 3 bytes"),
            (safetensors({"w": entry}, length=1 << 40), "m.safetensors", "or cut off"),
            (safetensors({"w": entry}, length=1000), "m.safetensors", "or cut off"),
            (safetensors(b"{" * 100000), "m.safetensors", "its header is no JSON"),
            (safetensors([1]), "m.safetensors", "its header is no object"),
            (safetensors(b'{"w": {"dtype": "F32", "shape": [1]}, "w": 2}'), "m.safetensors",
             "'w' is in the header twice"),
            (safetensors({"w": {"dtype": "F32", "shape": [True]}}), "m.safetensors", "'w' has no dtype and shape"),
            (safetensors({"w": {"dtype": "F32", "shape": [-1]}}), "m.safetensors", "'w' has no dtype and shape"),
            (safetensors({"w": 3}), "m.safetensors", "'w' has no dtype and shape"),
            (safetensors({"i": {"dtype": "I8", "shape": [3]}}), "m.safetensors", "no tensor that could be measured")):
        assert text in refusal(content, name), (text, refusal(content, name))
    try:
        shapes.read(pathlib.Path("/nonexistent/a.txt"), print)
        raise AssertionError("it was read")
    except shapes.BadShapes as error:
        assert str(error) == "/nonexistent/a.txt: No such file or directory", error


def test_memory():
    case = shapes.Case("own-a", "F32", [10 ** 9])
    shapes.check_memory([case], 0, 8 * 10 ** 9)
    shapes.check_memory([case], 0, None)
    try:
        shapes.check_memory([case], 10 ** 6, 8 * 10 ** 9)
        raise AssertionError("there is no such memory")
    except shapes.BadShapes as error:
        assert "own-a_f32: 1 tensor, 1,000,000,000 elements, 4 GB: takes 8.01 GB of memory" in str(error), error


# ---- the whole run


def run(build, *arguments):
    program = subprocess.run([sys.executable, runs.HERE / "suite.py", build, *arguments], capture_output=True,
                             text=True)
    return program.returncode, program.stdout + program.stderr


def in_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {(row["device"], row["case"], row["contender"], row["threads"]): row for row in csv.DictReader(file)}


def test_whole_run():
    """On both devices, by the elements of each tensor; the times of the pretended program say them."""
    with pretended_build() as build:
        (build / "net.txt").write_text("a 100x10\nb 24 float64\nc 500\n", encoding="utf-8")
        code, said = run(build, "--shapes", build / "net.txt", "--json", build / "out.json", "--csv", build / "out.csv")
        assert code == 0, said
        cpu, gpu = (json.loads((build / name).read_text(encoding="utf-8")) for name in ("out.json", "out-cuda.json"))
        rows = in_csv(build / "out.csv")
    for results, us in ((cpu, 1.5), (gpu, 0.15)):
        record = next(row for row in results["timings"] if row["contender"] == "record" and row["threads"] == 1)
        assert (record["case"], record["median_us"]) == ("own-net_f32/0/cold", us), record
        assert record["roofline_percent"] == 50.0 and not results["full"] and not results["failed"], results
        assert results["shapes"] == {"own-net_f32": 2, "own-net_f64": 1}, results
    assert gpu["machine"]["device"] == "NVIDIA Pretended 80GB", gpu
    wide = rows["CPU", "own-net_f64/0/cold", "record", "2"]
    assert (wide["median_us"], wide["gbps"], wide["percent_of_read"], wide["ratio_to_ours"]) == (
        "0.024", "8.0", "50.0", "1"), wide
    assert ("NVIDIA Pretended 80GB", "own-net_f32/0/cold", "read_4", "1") in rows, rows
    assert "own-net_f64/0/cold, 1 thread" in said and "own-net_f32: 2 tensors, 1,500 elements, 6 KB" in said, said
    assert "own-net_f64, cold: the statistics take 0.024 us, 50 % of the speed of reading." in said, said


def test_one_device():
    with pretended_build(PRETENDED_CASES="no") as build:
        (build / "net.txt").write_text("7\n", encoding="utf-8")
        code, said = run(build, "--shapes", build / "net.txt", "--json", build / "out.json")
        assert code == 0 and (build / "out.json").exists() and not (build / "out-cuda.json").exists(), said
        code, said = run(build, "--shapes", build / "net.txt", "--device", "cuda")
        assert code == 1 and "the cases of no device are skipped" in said and "Traceback" not in said, said


def test_wrong_arguments():
    """Exit code 2, with what is wrong; --check-arguments finds it before anything is built."""
    for arguments, text in ((("--shapes", "/nonexistent"), "--shapes /nonexistent: No such file or directory"),
                            (("--shapes", __file__), "shapes_test.py: line 1: "),
                            (("--shapes", __file__, "--full"), "--full is for"),
                            (("--csv", "/nonexistent/a.csv"), "--csv /nonexistent/a.csv: cannot be written to"),
                            (("--compare", "a", "b", "--full"), "--compare measures nothing"),
                            (("--compare", "a", "b", "--peers"), "--compare measures nothing")):
        for more in ((), ("--check-arguments",)):
            code, said = run("/nonexistent", *arguments, *more)
            assert code == 2 and text in said and "Traceback" not in said, (arguments, code, said)
    assert run("/nonexistent", "--check-arguments") == (0, "")
    assert run("/nonexistent", "--peers", "--check-arguments") == (0, "")
    code, said = run("/nonexistent", "--peers")
    assert code == 2 and "--peers is for ./run bench, which installs them" in said, said


TESTS = [test_safetensors_header, test_text, test_refusals, test_memory, test_whole_run, test_one_device,
         test_wrong_arguments]
