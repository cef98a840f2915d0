"""What the loss was multiplied by, in mixed precision."""

from __future__ import annotations

import math
from typing import Any

import torch

_UNSCALED = 1  # torch.amp.grad_scaler.OptState.UNSCALED


def scale_now(scaler: Any, optimizer_id: int | None) -> float | torch.Tensor:
    """By which the gradients of that optimizer are scaled now. Of a scaler on a GPU it is a tensor,
    so that nothing waits."""
    if scaler is None or not getattr(scaler, "is_enabled", lambda: True)():
        return 1.0
    if optimizer_id is not None and _is_unscaled(scaler, optimizer_id):
        return 1.0
    scale = getattr(scaler, "_scale", None)
    if isinstance(scale, torch.Tensor) and scale.device.type != "cpu":
        return scale.clone()
    return float(scaler.get_scale())


def _is_unscaled(scaler: Any, optimizer_id: int) -> bool:
    states = getattr(scaler, "_per_optimizer_states", None)
    if not states or optimizer_id not in states:
        return False
    stage = states[optimizer_id].get("stage")
    return getattr(stage, "value", 0) >= _UNSCALED


class UnscaledBehind:
    """Without a scaler at hand: whether gradients were divided by a power of two between the end of
    backward and the optimizer's step, as torch.amp.GradScaler does. Looked at in the first steps,
    and where that was so in all."""

    _STEPS = 3
    _LEAST_EXPONENT = 7  # A smaller power may be a user's own average over micro-batches.

    def __init__(self) -> None:
        self._steps = 0
        self.was_found = False

    @property
    def is_looked_at(self) -> bool:
        return self.was_found or self._steps < self._STEPS

    def factor(self, observed_norm: float, gradient: torch.Tensor) -> float:
        """1, or what `gradient`, whose norm was `observed_norm`, was divided by."""
        self._steps += 1
        if gradient.layout is not torch.strided or gradient.is_complex():
            return 1.0
        norm = float(torch.linalg.vector_norm(gradient.detach(), dtype=torch.float64))
        if not (math.isfinite(norm) and norm > 0 and math.isfinite(observed_norm)):
            return 1.0
        exponent = math.log2(observed_norm / norm) if observed_norm > 0 else 0.0
        nearest = round(exponent)
        # Half precision rounds what is divided.
        if nearest < self._LEAST_EXPONENT or abs(exponent - nearest) > 1e-3:
            return 1.0
        self.was_found = True
        return 2.0**nearest
