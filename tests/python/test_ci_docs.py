"""Contract: every command of docs/ci.md runs, and does what the page says of it."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

PROGRAM = os.environ.get("GRADVITALS_PROGRAM", "")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="needs the program: GRADVITALS_PROGRAM")

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")


def block(name: str, language: str) -> str:
    between = PAGE.split(f"<!-- {name}: begin -->")[1].split(f"<!-- {name}: end -->")[0]
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", between, flags=re.MULTILINE | re.DOTALL)
    return found


def python_block(mark: str) -> str:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    (found,) = [one for one in blocks if mark in one]
    return found


def shell(line: str, folder: pathlib.Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """As a runner's shell: the program is on the path, and Python is the one of this test."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for name, target in (("gradvitals", PROGRAM), ("python", sys.executable)):
        if not (tools / name).exists():
            (tools / name).write_text(f'#!/bin/sh\nexec "{target}" "$@"\n')
            (tools / name).chmod(0o755)
    environment = os.environ | variables | {"PATH": f"{tools}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-e", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_workflow_for_github_judges_a_dump_from_pytorch(tmp_path: pathlib.Path) -> None:
    yaml = pytest.importorskip("yaml")
    for package in ("torch", "safetensors"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs {package}")
    (tmp_path / "dump_gradients.py").write_text(python_block("save_file"))
    summary = tmp_path / "summary.md"
    summary.touch()
    steps = yaml.safe_load(block("github", "yaml"))["jobs"]["gradients"]["steps"]
    commands = [step["run"] for step in steps if "run" in step and step["name"] != "Install"]
    assert len(commands) == 2
    for command in commands:
        done = shell(command, tmp_path, GITHUB_STEP_SUMMARY=str(summary))
        assert done.returncode == 0, done.stdout + done.stderr
    assert "gradients.safetensors is healthy" in summary.read_text(encoding="utf-8")
    (uploaded,) = [step["with"]["path"] for step in steps if "upload" in step.get("uses", "")]
    suites = ElementTree.parse(tmp_path / uploaded).getroot()
    assert suites.attrib["failures"] == suites.attrib["errors"] == "0"


def test_the_job_for_gitlab_trains_and_keeps_what_it_names(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load(block("gitlab", "yaml"))["gradients"]
    for command in job["script"] + job["after_script"]:
        done = shell(command, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (
        ElementTree.parse(tmp_path / job["artifacts"]["reports"]["junit"]).getroot().tag
        == "testsuites"
    )
    for path in job["artifacts"]["paths"]:
        assert (tmp_path / path).stat().st_size > 0, path
    names: dict[str, object] = {}
    monkeypatch.chdir(tmp_path)
    exec(python_block("DictReader"), names)
    assert {step for step, _ in names["norms"]} == set(range(200))  # type: ignore[attr-defined]


def test_the_command_for_prometheus_writes_all_metrics_of_the_page(tmp_path: pathlib.Path) -> None:
    done = shell(block("prometheus", "sh"), tmp_path, TEXTFILES=str(tmp_path))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "relu.prom").read_text(encoding="utf-8")
    section = PAGE.split("## Prometheus")[1].split("## CSV")[0]
    rows = [row for row in section.splitlines() if row.startswith("| `")]
    for row in rows:
        for name in re.findall(r"`(gradvitals)?(_\w+)", row.split("|")[1]):
            if name[1] != "_finding":  # A healthy run has none.
                assert f"gradvitals{name[1]}" in text, name


def test_exit_codes_are_those_of_the_page(tmp_path: pathlib.Path) -> None:
    train = "gradvitals train --network relu --steps 3"
    assert shell(train, tmp_path).returncode == 0
    assert shell("gradvitals compare --fail-on critical", tmp_path).returncode == 1
    assert shell(f"{train} --junit missing/a.xml", tmp_path).returncode == 2
