#!/usr/bin/env python3
"""The virtual environment of the peers in Python, which ./run bench --peers makes and every run from then on uses.

peers_venv.py [FOLDER [PYTHON]]    makes FOLDER (build/peers-venv) by PYTHON where it is missing, and installs into it
                                   what requirements.txt names

Exit code: 1 where that fails; a folder that it has made is removed again.
"""
import pathlib
import shlex
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True  # Nothing of a run is left among the sources.
HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parent / "build" / "peers-venv"
REQUIREMENTS = HERE / "requirements.txt"
HOW_TO_INSTALL = "./run bench --peers installs it"
SIZE = "torch is some 3 GB to download and 5.4 GB on the disk"


class Failure(Exception):
    """What was to be installed is not."""


def python(folder=FOLDER):
    """The interpreter of the environment; None where there is no environment."""
    found = folder / "bin" / "python"
    return found if found.exists() else None


def system_python():
    """That of the system, for which Debian packages its modules."""
    found = pathlib.Path("/usr/bin/python3")
    return found if found.exists() else pathlib.Path(sys.executable)


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(*command):
    """What it says is shown as it comes; its complaints are the reason where it fails."""
    words = shlex.join(map(str, command))
    try:
        program = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=subprocess.PIPE, text=True,
                                 errors="replace")
    except OSError as error:
        raise Failure(f"{words}: {error.strerror}") from error
    if program.returncode:
        raise Failure(f"{words}: ended with {program.returncode}: {program.stderr.strip() or 'it says no more'}")


def install(folder, base):
    """Makes the environment, with the interpreter `base`, and installs what it lacks."""
    is_new = python(folder) is None
    try:
        if is_new:
            say(f"making {folder} for numpy and torch from PyPI; {SIZE}")
            run(base, "-m", "venv", folder)
        run(folder / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--no-cache-dir",
            "--requirement", REQUIREMENTS)
    except (Failure, KeyboardInterrupt):
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    say(f"peers in Python run with {folder / 'bin' / 'python'} from now on; remove {folder} to be rid of it")


def main():
    arguments = sys.argv[1:]
    if len(arguments) > 2 or any(argument.startswith("-") for argument in arguments):
        print(__doc__)
        sys.exit(0 if arguments in (["-h"], ["--help"]) else 2)
    folder, base = [*map(pathlib.Path, arguments), *(FOLDER, system_python())[len(arguments):]]
    install(folder.absolute(), base)


if __name__ == "__main__":
    try:
        main()
    except Failure as error:
        sys.exit(f"bench: the peers in Python were not installed: {error}")
    except KeyboardInterrupt:
        sys.exit("bench: the peers in Python were not installed: interrupted")
