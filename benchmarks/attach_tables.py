#!/usr/bin/env python3
"""Makes the table of docs/python.md, what watching a PyTorch model costs, from results/attach/*.json.

attach_tables.py            writes it
attach_tables.py --check    exit code 1 where it is not what the results say
"""
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True  # Nothing of a run is left among the sources.
import report  # noqa: E402
from tables import filled_in  # noqa: E402

SCHEMA = "gradvitals.attach/1"
ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = "benchmarks/results/attach"
DOCUMENT = "docs/python.md"

OURS = {"gradients": "gradvitals: every gradient, with verdict",
        "gradients and weights": "gradvitals: and every weight",
        "layers every 100": "gradvitals: gradients, and layers every 100 steps"}


def percent(row):
    """Of a bare step; the middle half of the rounds behind it. A tenth of a percent is what can be told apart."""
    def short(value):
        return report.significant(value, 2) if abs(value) >= 10 else f"{value:.1f}"

    return f"{short(row['added_percent'])} ({short(row['p25_percent'])} to {short(row['p75_percent'])})"


def table(results):
    """In markdown: a row for each contender, a column for each model, ours in bold."""
    rows = {(row["contender"], row["model"]): row for row in results["rows"]}
    models = results["models"]
    header = ["added to a step, %", *(f"{model['title']}: {model['tensors']} tensors, "
                                      f"{report.significant(model['step_us'])} us" for model in models)]
    lines = []
    for contender in dict.fromkeys(row["contender"] for row in results["rows"]):
        of_models = [rows.get((contender, model["key"])) for model in models]
        cells = [percent(row) if row else "" for row in of_models]
        name = OURS.get(contender)
        lines.append([name, *(cell and f"**{cell}**" for cell in cells)] if name else [contender, *cells])
    return report.markdown(header, lines)


def source_line(results):
    machine = results["machine"]
    packages = ", ".join(f"{name} {machine[name]}" for name in ("torch", "lightning", "wandb", "tensorboard")
                         if name in machine)
    skipped = f" Skipped: {'; '.join(results['skipped'])}." if results["skipped"] else ""
    samples = sorted({row["samples"] for row in results["rows"]})
    rounds = " to ".join(map(str, dict.fromkeys((samples[0], samples[-1]))))
    return (f"{machine['cpu']}, 1 thread, {rounds} rounds of one step of each in random order; "
            f"median, and the middle half of the rounds. Python {machine['python']}, {packages}. "
            f"{report.source(results)}.{skipped}\n")


def path_of(results):
    name = re.sub(r"[^A-Za-z0-9]+", "-", results["machine"]["cpu"]).strip("-").lower()
    return ROOT / RESULTS / f"{name or 'unknown'}.json"


def figures(root):
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((root / RESULTS).glob("*.json"))]
    if not found:
        return "Not measured yet: `python benchmarks/attach.py` does so.\n"
    return "\n".join(f"{source_line(results)}\n{table(results)}" for results in found)


def made(root):
    return filled_in((root / DOCUMENT).read_text(encoding="utf-8"), figures(root))


def update(root=ROOT):
    (root / DOCUMENT).write_text(made(root), encoding="utf-8")


def main():
    if sys.argv[1:] == ["--check"]:
        if made(ROOT) != (ROOT / DOCUMENT).read_text(encoding="utf-8"):
            sys.exit(f"attach_tables.py: {DOCUMENT} is not what {RESULTS} says; run benchmarks/attach_tables.py")
    elif sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
    elif sys.argv[1:]:
        sys.exit(f"attach_tables.py: unknown argument {sys.argv[1]!r}\n\n{__doc__}")
    else:
        update()


if __name__ == "__main__":
    main()
