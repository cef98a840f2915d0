"""What was observed and is not judged yet, and numbers that are still on their way from a GPU."""

from __future__ import annotations

from typing import Any

import torch

from ..options import as_float
from .tensors import WatchedTensors


class Observation:
    """`nonfinite`: elements of all gradients that are NaN or infinite, -1 where that is on its way.
    `scale`: by which gradients were scaled. `smallest`: name and gradient of a parameter, with the
    `version` of that gradient: whether it is still the same one tells a further micro-batch from a
    new step."""

    __slots__ = ("nonfinite", "scale", "smallest", "version")

    def __init__(
        self,
        nonfinite: int,
        scale: float | torch.Tensor,
        smallest: tuple[str, torch.Tensor] | None,
    ) -> None:
        self.nonfinite = nonfinite
        self.scale = scale
        self.smallest = smallest
        self.version = 0 if smallest is None else smallest[1]._version


def was_reset(before: Observation, tensors: WatchedTensors) -> bool:
    """Whether gradients were set to None or zero since, as before a new step. Called as the next
    backward ends: a micro-batch adds to the same tensor, once."""
    if before.smallest is None:
        return False
    name, gradient = before.smallest
    now = tensors.gradient_of(name)
    return now is not gradient or now._version != before.version + 1


def was_dropped(before: Observation, tensors: WatchedTensors) -> bool:
    """Whether gradients were set to None since. Told at any time, unlike was_reset(): clipping in
    place changes the version of a gradient, too."""
    return before.smallest is not None and tensors.gradient_of(before.smallest[0]) is None


class LateNumber:
    """A loss that is given as a number or a tensor. One on a GPU is copied without waiting."""

    def __init__(self) -> None:
        self._value: float | None = None
        self._copy: torch.Tensor | None = None
        self._arrived: Any = None

    def set(self, value: Any, argument: str) -> None:
        self._value, self._copy, self._arrived = None, None, None
        if isinstance(value, torch.Tensor) and value.device.type == "cuda":
            if value.numel() != 1:
                raise TypeError(f"{argument} has {value.numel()} elements: give one number")
            self._copy = torch.empty((), dtype=torch.float64, pin_memory=True)
            self._copy.copy_(value.detach().double().reshape(()), non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record(torch.cuda.current_stream(value.device))
            return
        self._value = as_float(value, argument)

    def take(self) -> float | None:
        """None where it was not set, or has not arrived."""
        value = self._value
        if value is None and self._arrived is None:
            return None
        if self._arrived is not None and self._arrived.query():
            value = float(self._copy)
        self._value, self._copy, self._arrived = None, None, None
        return value
