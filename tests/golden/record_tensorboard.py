#!/usr/bin/env python3
"""Writes tests/data/golden/tensorboard/events: an event file as TensorBoard's own package writes it,
which tests/monitor/event_record_test.cpp makes byte by byte.

Recorded with tensorboard 2.21.0:
python3 tests/golden/record_tensorboard.py tests/data/golden/tensorboard
"""
import struct
import sys
from pathlib import Path

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

ABOUT = "What it <is>: **bold** and 5 µs."


def metadata(plugin, data_class, about=""):
    made = summary_pb2.SummaryMetadata(data_class=data_class)
    made.plugin_data.plugin_name = plugin
    if about:
        made.summary_description = about
    return made


def scalar(tag, value, about=""):
    made = summary_pb2.Summary.Value(tag=tag, simple_value=value)
    if about:
        made.metadata.CopyFrom(metadata("scalars", summary_pb2.DATA_CLASS_SCALAR, about))
    return made


def tensor_value(tag, tensor, plugin, about=""):
    made = summary_pb2.Summary.Value(tag=tag, tensor=tensor)
    made.metadata.CopyFrom(metadata(plugin, summary_pb2.DATA_CLASS_TENSOR, about))
    return made


def text(tag, markdown):
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[markdown.encode()])
    tensor.tensor_shape.SetInParent()
    return tensor_value(tag, tensor, "text")


def histogram(tag, bins, about=""):
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_DOUBLE)
    for size in (len(bins), 3):
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = np.array(bins, "<f8").tobytes()
    return tensor_value(tag, tensor, "histograms", about)


def events():
    version = event_pb2.Event(wall_time=1700000000.25, file_version="brain.Event:2")
    version.source_metadata.writer = "gradvitals"
    yield version
    yield event_pb2.Event(
        wall_time=1700000000.5,
        step=300,
        session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START),
    )
    tiny, huge = struct.unpack("<2f", bytes.fromhex("01000000ffff7f7f"))
    yield event_pb2.Event(
        wall_time=1700000001.0,
        step=0,
        summary=summary_pb2.Summary(
            value=[
                scalar("training/loss", 0.1, ABOUT),
                scalar("training/loss_2", float("nan")),
                scalar("a", float("inf")),
                scalar("b", float("-inf")),
                scalar("c", 0.0),
                scalar("d", -huge),
                scalar("e", tiny),
            ]
        ),
    )
    # The nine bins from 2^-26 on, of which the fourth is empty, and more than float32 can count.
    bins = [(-26 + 2 * i, -24 + 2 * i, 0 if i == 3 else (2**24 + 1) * i + 1) for i in range(9)]
    yield event_pb2.Event(
        wall_time=1700000002.0,
        step=2**40,
        summary=summary_pb2.Summary(
            value=[
                text("findings/R2", "**🚨 CRITICAL**\n\n- `dense/kernel`\n" + "x" * 200),
                histogram("gradient_histogram/dense/kernel", bins, ABOUT),
                histogram("weight_histogram/ß", [(-46, -44, 1)] + [(-44 + 2 * i, -42 + 2 * i, 0)
                                                   for i in range(30)] + [(16, 18, 7)]),
            ]
        ),
    )


def main():
    with open(Path(sys.argv[1]) / "events", "wb") as out:
        writer = RecordWriter(out)
        for event in events():
            writer.write(event.SerializeToString())


main()
