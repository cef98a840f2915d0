#!/usr/bin/env python3
"""Runs the benchmarks of the CPU or the GPU, prints one table and writes results as JSON.

./run bench                  some three minutes; writes BUILD/benchmarks/MACHINE.json
./run bench --full           everything; writes results/MACHINE.json beside this script, and the documents' figures
./run bench --device cuda    everything on a GPU, likewise
./run bench --shapes FILE    tensors of your own: those of a safetensors file, or a line each of a text file, as in
                             "mlp 4096x1024 float16" or "4096 1024"; on the CPU, and on a GPU where there is one
./run bench --compare A.json B.json
                             two files of results: the ratio and the spread of each case, and what is in one alone
./run bench --peers ...      first installs what ours is measured beside: the packages of benchmarks/packages.txt, and
                             numpy and torch from PyPI into build/peers-venv (some 3 GB; 5.4 GB on the disk), which
                             every run from then on uses; without it, what is not there is skipped with a word
./run bench ... --json FILE  writes FILE, and no document; the GPU's results of --shapes go to FILE-cuda.json
./run bench ... --csv FILE   writes the table as CSV
./run bench ... --seconds N  on a GPU: begins nothing more behind so many seconds, 420 where nothing is said
suite.py BUILD ...           likewise, of what was built in the folder BUILD

How it measures: cpu_suite.py, gpu_suite.py. Exit code: 1 where a program failed, 2 where an argument is wrong.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # Nothing of a run is left among the sources.
import compare  # noqa: E402
import cpu_suite  # noqa: E402
import gpu_suite  # noqa: E402
import report  # noqa: E402
import shapes  # noqa: E402
import tables  # noqa: E402
from runs import Failure, Program, failures, part, say  # noqa: E402


# ---- running


def slug(text):
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()


def name_of(results):
    machine = results["machine"]
    if not report.is_cpu(results):
        return slug(machine["device"])
    return slug(f"{machine['cpu']} {machine['simd']} {machine['threads']} threads")


def deliver(results, path):
    """Prints and writes."""
    print(f"{report.console_table(results)}\n{report.in_short(results)}")
    path.write_text(report.dump(results), encoding="utf-8")
    say(f"wrote {path}; what the names mean is told in {tables.ROOT / tables.PAGES / 'README.md'}")


def run_suite(arguments):
    if arguments.device == "cuda":
        results = gpu_suite.measure(arguments.build.resolve(), arguments.seconds)
    else:
        results = cpu_suite.measure(arguments.build, arguments.full)
    folder = tables.ROOT / tables.RESULTS if results["full"] else arguments.build / "benchmarks"
    deliver(results, arguments.json or folder / f"{name_of(results)}.json")
    write_csv(arguments, [results])
    if results["full"] and not arguments.json:
        tables.update()


def run_own(arguments, own):
    """On the requested device; by default on the CPU, and on the GPU if there is one."""
    everything = []
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(shapes.text_for_program(own))
        file.flush()
        os.environ["GRADVITALS_BENCH_SHAPES"] = file.name
        for device in devices_of(arguments):
            before = len(failures)
            with part(f"device {device}"):  # What fails there takes nothing of the other along.
                results = (gpu_suite.measure_own(arguments.build.resolve(), own, arguments.seconds) if device == "cuda"
                           else cpu_suite.measure_own(arguments.build, own))
                results |= {"failed": failures[before:], "shapes": {case.shapes: len(case.counts) for case in own}}
                deliver(results, own_path(arguments, own, device, results))
                everything.append(results)
    if everything:
        write_csv(arguments, everything)


def own_path(arguments, own, device, results):
    if not arguments.json:
        return arguments.build / "benchmarks" / f"{own[0].name}-{name_of(results)}.json"
    if arguments.device or device == "cpu":
        return arguments.json
    return arguments.json.with_name(f"{arguments.json.stem}-{device}{arguments.json.suffix}")


def devices_of(arguments):
    if arguments.device:
        return [arguments.device]
    return ["cpu", "cuda"] if Program(arguments.build, "tensor_stats", "cuda").case_names() else ["cpu"]


def write_csv(arguments, everything):
    if arguments.csv:
        arguments.csv.write_text(report.csv_text(everything), encoding="utf-8")
        say(f"wrote {arguments.csv}")


def run_compare(arguments):
    paths = arguments.compare
    try:
        first, second = map(compare.read, paths)
    except compare.Unreadable as error:
        sys.exit(usage_error(f"--compare {error}"))
    print(compare.text(first, second, paths))
    if arguments.csv:
        arguments.csv.write_text(compare.csv_text(first, second), encoding="utf-8")
        say(f"wrote {arguments.csv}")


def usage_error(text):
    """Says it; gives the exit code."""
    print(f"bench: {text}", file=sys.stderr)
    return 2


# ---- the command line


def parsed():
    usage = """./run bench [--peers] [--full] [--device cpu|cuda] [--json FILE] [--csv FILE] [--seconds N]
       ./run bench [--peers] --shapes FILE [--device cpu|cuda] [--json FILE] [--csv FILE] [--seconds N]
       ./run bench --compare A.json B.json [--csv FILE]"""
    parser = argparse.ArgumentParser(usage=usage, description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="where it was built; ./run bench fills it in")
    parser.add_argument("--full", action="store_true", help="everything, and the documents' figures")
    parser.add_argument("--peers", action="store_true", help="./run installs the peers before it calls this")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="cpu where nothing is said; with --shapes, both")
    parser.add_argument("--shapes", type=pathlib.Path, metavar="FILE", help="safetensors, or a tensor a line")
    parser.add_argument("--compare", type=pathlib.Path, nargs=2, metavar=("A.json", "B.json"))
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--csv", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--seconds", type=float, default=gpu_suite.SECONDS_IN_ALL, metavar="N")
    parser.add_argument("--check-arguments", action="store_true", help="measures nothing: ./run builds behind it")
    arguments = parser.parse_args()
    for option in ("json", "csv"):
        path = getattr(arguments, option)
        if path and (path.is_dir() or not os.access(path.absolute().parent, os.W_OK)):
            parser.error(f"--{option} {path}: cannot be written to")
    if arguments.seconds <= 0:
        parser.error(f"--seconds {arguments.seconds}: not more than 0")
    if arguments.compare and (arguments.peers or arguments.shapes or arguments.json or arguments.full or arguments.device):
        parser.error("--compare measures nothing: it takes --csv alone")
    if arguments.shapes and arguments.full:
        parser.error("--full is for the suite's own tensors, not for --shapes")
    if arguments.peers and not arguments.check_arguments:
        parser.error("--peers is for ./run bench, which installs them: here, those that are there are measured")
    return parser, arguments


def main():
    parser, arguments = parsed()
    if arguments.compare:
        run_compare(arguments)
        return
    own = None
    if arguments.shapes:
        try:
            own = shapes.read(arguments.shapes, lambda text: None if arguments.check_arguments else say(text))
        except shapes.BadShapes as error:
            sys.exit(usage_error(f"--shapes {error}"))
    if arguments.check_arguments:
        return
    if not (arguments.build / "benchmarks" / "build_info.json").exists():
        parser.error(f"{arguments.build}: no build of the benchmarks")
    if own:
        for case in own:
            say(case.described())
        run_own(arguments, own)
    else:
        run_suite(arguments)
    if failures:
        sys.exit(f"bench: {len(failures)} failed, whose figures are missing: {'; '.join(failures)}")


if __name__ == "__main__":
    try:
        main()
    except (subprocess.CalledProcessError, Failure) as error:
        sys.exit(f"bench: {error}")
    except shapes.BadShapes as error:
        sys.exit(usage_error(f"--shapes: {error}"))
    except BrokenPipeError:  # The reader closed the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
