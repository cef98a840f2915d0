"""`train --tensorboard` and `report --tensorboard`: everything that was written reads back as it was by
TensorBoard's own package. Oracles: history and checkpoint of the same training, and NumPy."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorboard", reason="tensorboard is not installed")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader  # noqa: E402
from tensorboard.util import tensor_util  # noqa: E402

PROGRAM = os.environ.get("GRADVITALS_PROGRAM", "")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="GRADVITALS_PROGRAM names no program")

NETWORK = ["train", "--network", "relu", "--device", "cpu", "--threads", "1"]
# Its loss grows until nothing is finite.
DIVERGING = [*NETWORK, "--head", "linear", "--optimizer", "sgd", "--learning-rate", "100"]


def run(*arguments: str | Path) -> None:
    words = [PROGRAM, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def read(folder: Path) -> EventAccumulator:
    everything = {"scalars": 0, "tensors": 0, "histograms": 0}
    events = EventAccumulator(str(folder), size_guidance=everything)
    events.Reload()
    return events


def rows_of(history: Path) -> dict[int, dict]:
    """Rows of a history by step, as objects of its columns; "norms" by role and name."""
    columns, layouts, rows = [], {}, {}
    for line in history.read_text().splitlines():
        parsed = json.loads(line)
        if isinstance(parsed, list):
            row = dict(zip(columns, parsed))
            tensors = layouts[row["layout"]]
            row["norms"] = {
                (tensor["role"], tensor["name"]): norm
                for tensor, norm in zip(tensors, row["l2_norm"])
            }
            rows[row["step"]] = row
        elif "columns" in parsed:
            columns = parsed["columns"]
        elif "layout" in parsed:
            layouts[parsed["layout"]] = parsed["tensors"]
    return rows


def events_of(history: Path) -> list[dict]:
    lines = map(json.loads, history.read_text().splitlines())
    return [line for line in lines if isinstance(line, dict) and "event" in line]


def weights_of(checkpoint: Path) -> dict[str, np.ndarray]:
    data = checkpoint.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    weights = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        weights[name] = np.frombuffer(data[8 + size + begin : 8 + size + end], "<f4")
    return weights


def bins_by_frexp(values: np.ndarray) -> dict[tuple[float, float], int]:
    bins: dict[tuple[float, float], int] = defaultdict(int)
    for value in values[(values != 0) & np.isfinite(values)]:
        exponent = int(np.frexp(value)[1]) - 1
        index = min(max((exponent + 46) // 2, 0), 31)
        bins[(-46 + 2 * index, -44 + 2 * index)] += 1
    return bins


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    run(*NETWORK, "--steps", 11, "--tensorboard", folder / "runs", "--history", folder / "h.jsonl")
    run(*NETWORK, "--steps", 10, "--checkpoint", folder / "c.safetensors")
    return folder


def test_scalars_of_every_step_are_those_of_the_history(training: Path) -> None:
    events = read(training / "runs")
    rows = rows_of(training / "h.jsonl")
    assert len(rows) == 11
    for tag, column in [("training/loss", "loss"), ("training/learning_rate", "learning_rate")]:
        got = {event.step: event.value for event in events.Scalars(tag)}
        assert got == {step: float(np.float32(row[column])) for step, row in rows.items()}
    total = {event.step: event.value for event in events.Scalars("training/gradient_norm")}
    tensors = {name for role, name in rows[0]["norms"] if role == "gradient"}
    assert len(tensors) == 10
    for role in ("gradient", "weight"):
        for name in tensors:
            # The history has nine digits of them.
            got = {event.step: event.value for event in events.Scalars(f"{role}_norm/{name}")}
            expected = {step: row["norms"][role, name] for step, row in rows.items()}
            assert got == pytest.approx(expected, rel=2e-7)
    for step, row in rows.items():
        squares = [row["norms"]["gradient", name] ** 2 for name in tensors]
        assert total[step] == pytest.approx(np.sqrt(sum(squares)), rel=2e-7)


def test_every_file_is_whole_by_the_loader_that_checks_its_sums(training: Path) -> None:
    (file,) = (training / "runs").iterdir()
    loaded = list(EventFileLoader(str(file)).Load())
    assert [event.file_version for event in loaded if event.file_version] == ["brain.Event:2"]
    assert {event.step for event in loaded} == set(range(11))
    tags = {value.tag for event in loaded for value in event.summary.value}
    assert {tag.split("/")[0] for tag in tags} == {
        "training",
        "vital_signs",
        "gradient_norm",
        "gradient_zeros",
        "weight_norm",
        "update_ratio",
        "gradient_histogram",
        "weight_histogram",
        "gradvitals",
        *({"findings"} if any(tag.startswith("findings") for tag in tags) else set()),
    }


def test_histograms_of_weights_are_numpys_of_the_checkpoint(training: Path) -> None:
    events = read(training / "runs")
    weights = weights_of(training / "c.safetensors")
    tags = [tag for tag in events.Tags()["tensors"] if tag.startswith("weight_histogram/")]
    assert tags
    compared = 0
    for tag in tags:
        at_checkup = [event for event in events.Tensors(tag) if event.step == 10]
        if not at_checkup:
            continue
        bins = tensor_util.make_ndarray(at_checkup[0].tensor_proto)
        assert bins.dtype == np.float64
        assert bins[0, 2] > 0 and bins[-1, 2] > 0
        got = {(low, high): int(count) for low, high, count in bins if count}
        expected = [bins_by_frexp(values) for values in weights.values()]
        assert got in expected
        compared += 1
    assert compared >= 3


def test_a_tensor_that_is_all_zero_has_no_histogram_but_its_share_of_zeros(training: Path) -> None:
    events = read(training / "runs")
    # Biases begin at 0.
    steps = [event.step for event in events.Tensors("weight_histogram/dense/bias")]
    assert 0 not in steps and 10 in steps
    shares = events.Scalars("gradient_zeros/dense/kernel")
    assert all(0.0 <= event.value <= 1.0 for event in shares) and len(shares) == 11


def test_what_is_not_finite_reads_back_as_it_is(tmp_path: Path) -> None:
    run(*DIVERGING, "--steps", 40, "--tensorboard", tmp_path / "runs", "--history", tmp_path / "h")
    events = read(tmp_path / "runs")
    losses = {event.step: event.value for event in events.Scalars("training/loss")}
    rows = rows_of(tmp_path / "h")
    broken = {step for step, row in rows.items() if not isinstance(row["loss"], (int, float))}
    assert broken and {step for step, loss in losses.items() if not np.isfinite(loss)} == broken
    counts = events.Scalars("gradient_nonfinite/dense/kernel")
    assert counts and all(event.value == int(event.value) for event in counts)


def test_findings_are_texts_at_the_steps_that_told(tmp_path: Path) -> None:
    run(*DIVERGING, "--steps", 40, "--tensorboard", tmp_path / "runs", "--history", tmp_path / "h")
    events = read(tmp_path / "runs")
    texts = [
        (tag.split("/")[1].split("_")[0], event.step, event.tensor_proto.string_val[0].decode())
        for tag in events.Tags()["tensors"]
        if tag.startswith("findings/")
        for event in events.Tensors(tag)
    ]
    told = events_of(tmp_path / "h")
    assert told
    assert sorted((rule, step) for rule, step, _ in texts) == sorted(
        (event["rule"], event["step"]) for event in told
    )
    assert all(text.startswith("**") and "in steps" in text for _, _, text in texts)


def test_a_resumed_training_takes_the_place_of_the_steps_it_makes_again(tmp_path: Path) -> None:
    shown = ["--tensorboard", tmp_path / "runs", "--checkpoint", tmp_path / "c"]
    run(*NETWORK, "--steps", 20, *shown, "--checkpoint-every", 5)
    run(*NETWORK, "--steps", 20, "--checkpoint", tmp_path / "d", "--checkpoint-every", 5)
    os.replace(tmp_path / "c", tmp_path / "end")
    run(*NETWORK, "--steps", 12, "--checkpoint", tmp_path / "c")
    run(*NETWORK, "--steps", 20, *shown, "--resume", tmp_path / "c")
    steps = [event.step for event in read(tmp_path / "runs").Scalars("training/loss")]
    assert steps == list(range(20))


def test_a_history_reads_back_as_its_training_does_but_for_histograms(training: Path) -> None:
    run("report", training / "h.jsonl", "--tensorboard", training / "reported")
    live, reported = read(training / "runs"), read(training / "reported")
    assert reported.Tags()["scalars"] == live.Tags()["scalars"]
    for tag in live.Tags()["scalars"]:
        got = [(event.step, event.value) for event in reported.Scalars(tag)]
        expected = [
            (event.step, pytest.approx(event.value, rel=2e-7)) for event in live.Scalars(tag)
        ]
        assert got == expected, tag
    histograms = {tag for tag in live.Tags()["tensors"] if "_histogram/" in tag}
    assert histograms
    assert set(live.Tags()["tensors"]) - set(reported.Tags()["tensors"]) == histograms
