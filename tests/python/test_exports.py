"""What the program writes for CI, spreadsheets and Prometheus, read by the parsers of others."""

from __future__ import annotations

import csv
import importlib
import json
import math
import os
import pathlib
import struct
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

PROGRAM = os.environ.get("GRADVITALS_PROGRAM", "")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="needs the program: GRADVITALS_PROGRAM")

# Quotes, markup, a formula, line ends, a control character, an emoji, Hebrew, a direction mark, and
# what ends other texts. JSON, the header of a dump, holds no bytes that are no UTF-8.
HOSTILE = (
    "=1+1\"'<script>&]]>|`@team`\n::error::x\r\n```\\\x01\U0001f600\u05e9\u202e,;#1 http://evil %0A"
)
READABLE = HOSTILE.replace("\x01", "\ufffd")  # As XML 1.0 can hold it.


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )


def write_dump(
    path: pathlib.Path, tensors: dict[str, list[float]], **metadata: str
) -> pathlib.Path:
    """A safetensors file, by its specification."""
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, values in tensors.items():
        begin = len(data)
        data += struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": [len(values)], "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


@pytest.fixture(name="hostile_dump")
def make_hostile_dump(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_dump(
        tmp_path / "hostile.safetensors", {HOSTILE: [0.5, math.nan], "good": [0.25, 0.5]}
    )


@pytest.fixture(name="healthy_dump")
def make_healthy_dump(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_dump(
        tmp_path / "healthy.safetensors", {"a.weight": [0.5, 0.25], "b.weight": [0.1, 0.2]}
    )


@pytest.fixture(name="history")
def make_history(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "run.jsonl"
    done = run("train", "--network", "relu", "--steps", 150, "--history", path, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    return path


def cases_of(path: pathlib.Path) -> dict[str, ElementTree.Element]:
    return {
        case.attrib["name"]: case for case in ElementTree.parse(path).getroot().iter("testcase")
    }


def test_junit_is_read_by_pythons_own_parser(hostile_dump: pathlib.Path) -> None:
    report = hostile_dump.with_suffix(".xml")
    assert run("diagnose", hostile_dump, "--junit", report).returncode == 0
    case = cases_of(report)["R1 NaN or Inf"]
    failure = case.find("failure")
    assert failure is not None and failure.attrib["type"] == "critical"
    assert failure.text is not None and f"tensor: {READABLE}\n" in failure.text
    skipped = cases_of(report)["R21 Underflow in the stored precision"].find("skipped")
    assert skipped is not None and "16-bit" in skipped.attrib["message"]


def test_junit_is_read_by_junitparser(
    hostile_dump: pathlib.Path, healthy_dump: pathlib.Path
) -> None:
    junitparser = pytest.importorskip("junitparser")
    bad, good = hostile_dump.with_suffix(".xml"), healthy_dump.with_suffix(".xml")
    run("diagnose", hostile_dump, "--junit", bad)
    run("diagnose", healthy_dump, "--junit", good)
    read = junitparser.JUnitXml.fromfile(str(bad))
    assert read.failures >= 1 and read.errors == 0
    suite = next(iter(read))
    assert suite.name == str(hostile_dump)
    assert {one.name: one.value for one in suite.properties()}["verdict"] == "non_finite"
    failed = [
        case for case in suite if any(isinstance(one, junitparser.Failure) for one in case.result)
    ]
    assert len(failed) == suite.failures
    assert (
        sum(any(isinstance(one, junitparser.Skipped) for one in case.result) for case in suite)
        == suite.skipped
    )
    assert sum(1 for _ in suite) == suite.tests
    assert junitparser.JUnitXml.fromfile(str(good)).failures == 0


def test_names_that_are_no_utf8_are_read_by_every_parser(
    healthy_dump: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    junitparser = pytest.importorskip("junitparser")
    dump = os.fsencode(tmp_path) + b"/\xff\xc0\xaf\xed\xa0\x80.safetensors"
    pathlib.Path(os.fsdecode(dump)).write_bytes(healthy_dump.read_bytes())
    outputs = ("--junit", tmp_path / "r.xml", "--csv", tmp_path / "s.csv")
    done = run("diagnose", os.fsdecode(dump), *outputs, "--markdown", tmp_path / "r.md")
    assert done.returncode == 0, done.stderr
    name = f"{tmp_path}/" + "\ufffd" * 6 + ".safetensors"
    assert next(iter(junitparser.JUnitXml.fromfile(str(tmp_path / "r.xml")))).name == name
    assert {row["network"] for row in csv_rows(tmp_path / "s.csv")} == {name}
    assert name in (tmp_path / "r.md").read_text(encoding="utf-8")


def test_junit_of_nothing_judged_is_an_error(tmp_path: pathlib.Path) -> None:
    junitparser = pytest.importorskip("junitparser")
    dump = write_dump(tmp_path / "empty.safetensors", {"w": []})
    done = run("diagnose", dump, "--junit", tmp_path / "r.xml", "--format", "github")
    read = junitparser.JUnitXml.fromfile(str(tmp_path / "r.xml"))
    assert read.errors == 1
    assert done.returncode == 3
    assert "\n::error title=" in done.stdout


def test_annotations_are_lines_that_no_name_can_break(hostile_dump: pathlib.Path) -> None:
    done = run("diagnose", hostile_dump, "--format", "github", "--color", "never")
    opened, text, closed = "", [], []
    for line in done.stdout.splitlines():
        if line.startswith("::stop-commands::"):
            opened = line.removeprefix("::stop-commands::")
        elif opened and line == f"::{opened}::":
            closed, opened = [], ""
        else:
            (text if opened else closed).append(line)
    assert text and closed
    assert all(
        line.startswith(("::error title=", "::warning title=", "::notice title="))
        for line in closed
    )
    assert any("R1" in line for line in closed)


def csv_rows(path: pathlib.Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return rows


def test_csv_of_a_dump_is_read_by_python(
    hostile_dump: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    assert run("diagnose", hostile_dump, "--csv", tmp_path / "s.csv").returncode == 0
    rows = csv_rows(tmp_path / "s.csv")
    assert [row["tensor"] for row in rows] == [HOSTILE, "good"]
    assert math.isnan(float(rows[0]["norm"])) and float(rows[0]["finite_norm"]) == 0.5
    assert rows[0]["nan_count"] == "1"
    assert float(rows[1]["norm"]) == math.sqrt(0.25**2 + 0.5**2)
    assert rows[1]["step"] == ""


def test_csv_of_a_run_has_every_tensor_of_every_step(
    history: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    statistics, events = tmp_path / "s.csv", tmp_path / "e.csv"
    done = run("report", history, "--csv", statistics, "--events-csv", events)
    assert done.returncode == 0, done.stderr
    gradients = [row for row in csv_rows(statistics) if row["role"] == "gradient"]
    per_step = {int(row["step"]) for row in gradients}
    assert per_step == set(range(150))
    assert len(gradients) == 150 * len({row["tensor"] for row in gradients})
    assert all(math.isfinite(float(row["loss"])) for row in gradients)
    assert list(csv.DictReader(events.open(encoding="utf-8")).fieldnames or [])[:3] == [
        "run",
        "event",
        "step",
    ]


def families_of(path: pathlib.Path) -> dict[str, object]:
    pytest.importorskip("prometheus_client")
    parser = importlib.import_module("prometheus_client.openmetrics.parser")
    text = path.read_text(encoding="utf-8")
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def test_openmetrics_is_read_by_prometheus_client(
    history: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    page = tmp_path / "run.prom"
    assert run("report", history, "--openmetrics", page).returncode == 0
    families = families_of(page)
    (step,) = families["gradvitals_step"].samples
    assert step.value == 149 and step.labels["run"] == str(history)
    (steps,) = families["gradvitals_steps"].samples
    assert (families["gradvitals_steps"].type, steps.name, steps.value) == (
        "counter",
        "gradvitals_steps_total",
        150,
    )
    assert families["gradvitals_norm_range_ratio"].unit == "ratio"
    verdicts = {one.labels["verdict"]: one.value for one in families["gradvitals_verdict"].samples}
    assert sum(verdicts.values()) == 1 and len(verdicts) == 10


def test_openmetrics_is_read_by_the_older_parser_as_well(
    history: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    pytest.importorskip("prometheus_client")
    parser = importlib.import_module("prometheus_client.parser")
    page = tmp_path / "run.prom"
    run("report", history, "--openmetrics", page)
    families = list(parser.text_string_to_metric_families(page.read_text(encoding="utf-8")))
    assert {family.type for family in families} <= {"gauge", "counter", "unknown"}


def test_hostile_names_are_labels_that_read_back(
    history: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    name = json.dumps("dense/kernel")
    text = history.read_text(encoding="utf-8")
    assert name in text
    folder = tmp_path / 'a"b\\c\nd'
    folder.mkdir()
    (folder / "run.jsonl").write_text(text.replace(name, json.dumps(HOSTILE)), encoding="utf-8")
    page = tmp_path / "run.prom"
    assert run("report", folder / "run.jsonl", "--openmetrics", page).returncode == 0
    samples = families_of(page)["gradvitals_tensor_gradient_norm"].samples
    assert HOSTILE.replace("\r", " ") in {one.labels["tensor"] for one in samples}
    assert {one.labels["run"] for one in samples} == {str(folder / "run.jsonl")}


def test_a_training_writes_its_state_while_it_runs(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "live.prom"
    with subprocess.Popen(
        [PROGRAM, "train", "--network", "relu", "--steps", "1000000000", "--openmetrics", page],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as training:
        try:
            seen = set()
            for _ in range(600):
                if page.exists():
                    seen.add(families_of(page)["gradvitals_step"].samples[0].value)
                if len(seen) >= 3:
                    break
                with pytest.raises(subprocess.TimeoutExpired):
                    training.wait(0.05)
        finally:
            training.terminate()
            training.wait(60)
    assert len(seen) >= 3
    end = families_of(page)
    last = end["gradvitals_step"].samples[0].value
    assert last >= max(seen) and end["gradvitals_steps"].samples[0].value == last + 1


def test_markdown_shows_hostile_names_as_text(
    hostile_dump: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    markdown_it = pytest.importorskip("markdown_it")
    summary = tmp_path / "summary.md"
    summary.write_text("of the step before")
    assert (
        run("diagnose", hostile_dump, "--markdown", summary, "--fail-on", "critical").returncode
        == 1
    )
    text = summary.read_text(encoding="utf-8")
    assert "of the step before" not in text
    parser = markdown_it.MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")
    html = parser.render(text)
    assert "<script" not in html and "<a " not in html
    cells = html.split("<tbody>")[1].split("</tbody>")[0].split("<tr>")[1:]
    assert cells and all(row.count("<td") == 8 for row in cells)
    assert "&lt;script&gt;&amp;]]&gt;|`@\u200bteam`\\n" in html
