"""What keeps a monitor alive as long as its model, where no optimizer does.
 A hook of a parameter is out of sight of Python's garbage collector: were the monitor held by it, a
callback that knows the model would keep both alive for ever. So it lies in the model's own
attributes, and a copy of the model has none of it.
"""

from __future__ import annotations

from typing import Any

from torch import nn

_ATTRIBUTE = "_gradvitals_monitors"


class _Anchors(dict):
    def __deepcopy__(self, memo: dict) -> dict:
        return {}

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return dict, ()


def hold(model: nn.Module, monitor: Any) -> None:
    anchors = model.__dict__.get(_ATTRIBUTE)
    if type(anchors) is not _Anchors:
        anchors = model.__dict__[_ATTRIBUTE] = _Anchors()
    anchors[id(monitor)] = monitor


def let_go(model: nn.Module, monitor: Any) -> None:
    anchors = model.__dict__.get(_ATTRIBUTE)
    if type(anchors) is _Anchors:
        anchors.pop(id(monitor), None)
        if not anchors:
            del model.__dict__[_ATTRIBUTE]
