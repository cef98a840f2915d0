"""TorchMonitor: what gradvitals.watch() gives."""

from __future__ import annotations

import math
from typing import Any

from ..options import as_float
from .observation import Observation, was_dropped
from .steps import StepMonitor
from .tensors import multiply_, norm_together


class TorchMonitor(StepMonitor):
    """Watches a PyTorch model: see gradvitals.watch(), and Monitor for what it says."""

    def log(self, loss: Any = None, learning_rate: float | None = None) -> None:
        """What is known of the step that goes on, before or after its backward: its loss, not
        scaled, and its learning rate where the optimizer does not have it. A loss on a GPU is used
        where it has arrived when the step is judged, so that nothing waits: give loss.item() to
        have it in every step."""
        self._settle_dropped()
        if loss is not None:
            self._loss.set(loss, "loss")
        if learning_rate is not None:
            self._learning_rate = as_float(learning_rate, "learning_rate")

    def _settle_dropped(self) -> None:
        """A step whose gradients are gone was skipped: what is told now is of the next one."""
        observed = self._observed
        if observed is None or not self._has_optimizer or self._when != "backward":
            return
        if self._is_idle() or not was_dropped(observed, self._tensors):
            return
        try:
            self._settle()
        except Exception as error:
            if self._on_error(error):
                raise

    def step(self, loss: Any = None, learning_rate: float | None = None) -> None:  # type: ignore[override]
        """With when="manual": gradients are observed as they are now, and judged as a step."""
        if self._when != "manual":
            raise RuntimeError(
                f'step() is called by the monitor itself with when="{self._when}": give '
                'watch(..., when="manual") to call it, or monitor.log(loss=...) to tell the loss'
            )
        self._open_watch()
        self.log(loss, learning_rate)
        self._observe_if_due()
        self._judge()

    def should_skip(self) -> bool:
        """Whether the gradients at hand should not be applied: NaN or Inf in one, or a norm that is
        a spike beside those before. Where the optimizer is then not stepped, the step is recorded
        as skipped. Waits on a GPU. After an error that ended the watch: NaN or Inf alone."""
        if self._has_stopped:
            return not math.isfinite(norm_together(self._tensors.gradients()))
        observed = self._at_hand()
        with self._lock:
            self._is_advised_to_skip = self._open_watch().should_skip(self._scale_of(observed))
        return self._is_advised_to_skip

    def clip_(self, max_norm: float) -> float:
        """Multiplies all gradients so that the norm of all together is at most `max_norm`, with
        statistics that are there: no second pass. Returns the norm before; where that is not finite
        nothing changes. Sparse gradients that are left out are clipped with the others and do not
        count. Waits on a GPU. After an error that ended the watch it takes a pass of its own.
        """
        limit = as_float(max_norm, "max_norm")
        if limit is None or not limit > 0:
            raise ValueError(f"max_norm is {max_norm}: give a positive number")
        observed = None if self._has_stopped else self._at_hand()
        if observed is None:
            norm = norm_together(self._tensors.gradients())
        else:
            norm = self.global_norm / self._scale_of(observed) * self._clip_scale
        factor = limit / norm if norm > limit else 1.0
        if not math.isfinite(norm) or factor == 1.0:
            return norm
        multiply_(self._tensors.gradients(), factor)
        self._clip_scale *= factor
        if observed is not None and observed.smallest is not None:
            observed.version = observed.smallest[1]._version
        return norm

    def _at_hand(self) -> Observation:
        self._open_watch()
        if self._observed is None:
            if self._is_idle() or not self._tensors.gradients():
                raise RuntimeError("no gradient is at hand: call it between backward and the step")
            self._observe()
        assert self._observed is not None
        return self._observed

    @property
    def aliases(self) -> dict[str, list[str]]:
        """Further names of tied weights, by the first."""
        return {each.name: list(each.aliases) for each in self._tensors.watched if each.aliases}
