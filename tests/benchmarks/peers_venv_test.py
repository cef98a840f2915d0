"""Contract: what ./run bench --peers makes of PyPI's peers, with a Python that only pretends. Oracle: by hand.
suite_test.py runs it."""
import contextlib
import pathlib
import subprocess
import sys
import tempfile

import gpu_suite
import peers_venv
import runs

# It makes an environment of itself, and pip notes what it is asked for; it fails where a file says so.
PYTHON = """#!/bin/sh
echo "$*" >>"%(log)s"
case $2 in
  venv) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  pip) if [ -e "%(log)s.fails" ]; then echo "ERROR: no space left" >&2; exit 1; fi; echo "collecting torch" ;;
esac
"""


@contextlib.contextmanager
def pretended_python():
    """A folder, an interpreter in it, and the file that notes how it is called."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        python, log = folder / "python", folder / "log"
        python.write_text(PYTHON % {"log": log}, encoding="utf-8")
        python.chmod(0o755)
        yield folder / "venv", python, log


def install(*arguments):
    """The exit code, and what it says."""
    program = subprocess.run([sys.executable, runs.HERE / "peers_venv.py", *arguments], capture_output=True, text=True)
    assert not program.stdout, program.stdout
    return program.returncode, program.stderr


def test_installs():
    with pretended_python() as (venv, python, log):
        code, said = install(venv, python)
        assert code == 0 and "3 GB" in said and "collecting torch" in said and f"{venv}/bin/python from now on" in said, said
        pip = (f"-m pip install --disable-pip-version-check --no-cache-dir --requirement {runs.HERE}/requirements.txt")
        assert log.read_text(encoding="utf-8").splitlines() == [f"-m venv {venv}", pip], log.read_text(encoding="utf-8")
        assert peers_venv.python(venv) == venv / "bin" / "python"
        code, said = install(venv, python)  # Nothing is made anew, and pip sees what is missing.
        assert code == 0 and "3 GB" not in said, said
        assert log.read_text(encoding="utf-8").splitlines()[2:] == [pip], log.read_text(encoding="utf-8")


def test_a_failure_says_the_command_and_the_reason():
    """And leaves no environment without what was to be in it, but one that was there before."""
    with pretended_python() as (venv, python, log):
        fails = pathlib.Path(f"{log}.fails")
        for is_there in (False, True):
            if is_there:
                fails.unlink()
                assert install(venv, python)[0] == 0
            fails.touch()
            code, said = install(venv, python)
            assert code == 1 and "Traceback" not in said, said
            assert f"bench: the peers in Python were not installed: {venv}/bin/python -m pip install" in said, said
            assert said.endswith("requirements.txt: ended with 1: ERROR: no space left\n"), said
            assert venv.exists() == is_there and (peers_venv.python(venv) is not None) == is_there
        code, said = install(venv.parent / "other", "/nonexistent/python")
        assert code == 1 and "/nonexistent/python -m venv" in said and "No such file or directory" in said, said


def test_wrong_arguments():
    for arguments, expected in ((("--folder", "x"), 2), (("a", "b", "c"), 2), (("--help",), 0)):
        program = subprocess.run([sys.executable, runs.HERE / "peers_venv.py", *arguments], capture_output=True, text=True)
        assert program.returncode == expected and "[FOLDER [PYTHON]]" in program.stdout, (arguments, program)


def test_every_run_uses_it():
    """As soon as it is there; else the Python of the system, and on a GPU the one that runs the suite."""
    python = peers_venv.python
    try:
        peers_venv.python = lambda: pathlib.Path("/venv/bin/python")
        assert runs.CpuPeers().python == gpu_suite.GpuPeers(None).python == pathlib.Path("/venv/bin/python")
        peers_venv.python = lambda: None
        assert runs.CpuPeers().python == peers_venv.system_python()
        assert gpu_suite.GpuPeers(None).python == sys.executable
    finally:
        peers_venv.python = python


TESTS = [test_installs, test_a_failure_says_the_command_and_the_reason, test_wrong_arguments, test_every_run_uses_it]
