"""Contract: what benchmarks/attach_tables.py makes of results, and that a table that is not theirs is noticed. Oracle: by
hand. suite_test.py runs it."""
import json
import pathlib
import tempfile

import attach_tables
from tables import BEGIN, END


def results():
    def row(model, contender, percent, low, high):
        return {"model": model, "contender": contender, "samples": 30, "median_us": 1.0, "added_us": 1.0,
                "added_percent": percent, "p25_percent": low, "p75_percent": high}

    return {"schema": "gradvitals.attach/1", "date": "2027-01-01T00:00:00Z", "commit": "0123456789abcdef-dirty",
            "machine": {"device": "CPU", "cpu": "A CPU", "threads": 1, "python": "3.11.2", "torch": "2.15.0"},
            "skipped": ["wandb.watch, log_freq=1: No module named 'wandb'"],
            "models": [{"key": "a", "title": "small", "tensors": 10, "elements": 100, "step_us": 941.3},
                       {"key": "d", "title": "deep", "tensors": 400, "elements": 1000, "step_us": 21825.0}],
            "rows": [row("a", "gradients", 2.24, -0.06, 12.5), row("a", "clip_grad_norm_", 20.4, 18.0, 1234.0),
                     row("d", "gradients", 0.61, 0.5, 0.7)]}


TABLE = """\
A CPU, 1 thread, 30 rounds of one step of each in random order; median, and the middle half of the rounds. \
Python 3.11.2, torch 2.15.0. 2027-01-01T00:00:00Z, commit 0123456789ab and changes. \
Skipped: wandb.watch, log_freq=1: No module named 'wandb'.

| added to a step, % | small: 10 tensors, 941 us | deep: 400 tensors, 21,800 us |
| --- | --: | --: |
| gradvitals: every gradient, with verdict | **2.2 (-0.1 to 12)** | **0.6 (0.5 to 0.7)** |
| clip_grad_norm_ | 20 (18 to 1,200) |  |
"""


def test_a_table_has_a_row_for_each_contender_and_a_column_for_each_model():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / attach_tables.RESULTS).mkdir(parents=True)
        (root / attach_tables.RESULTS / "a-cpu.json").write_text(json.dumps(results()), encoding="utf-8")
        (root / "docs").mkdir()
        document = root / attach_tables.DOCUMENT
        document.write_text(f"before\n{BEGIN}old\n{END}behind\n", encoding="utf-8")
        assert attach_tables.made(root) != document.read_text(encoding="utf-8")  # So it is noticed.
        attach_tables.update(root)
        text = document.read_text(encoding="utf-8")
        assert text == f"before\n{BEGIN}{TABLE}{END}behind\n", text
        assert attach_tables.made(root) == text


def test_results_are_named_for_their_machine():
    assert attach_tables.path_of(results()).name == "a-cpu.json"


TESTS = (test_a_table_has_a_row_for_each_contender_and_a_column_for_each_model,
         test_results_are_named_for_their_machine)
