"""What of a PyTorch training is a step, and what is known of it."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from .. import _core
from ..errors import UnhealthyGradients, warn
from ..monitor import Monitor
from ..statistics import norm_of
from . import anchor
from .backward import BackwardHooks
from .layers import LayerWatch
from .loss_scale import UnscaledBehind, scale_now
from .observation import LateNumber, Observation, was_reset
from .parameters import Registrations
from .tensors import WatchedTensors

# A visit costs some five passes: 5 % of one a step. On a GPU it waits, and comes with layers alone.
_ROWS_EVERY = 100
_NUMBERS = (float, int, torch.Tensor)  # A tuple: a union is made anew at each use.
_FIRST_STEPS = 10  # What is zero at the first step by design moves soon after.


class StepMonitor(Monitor):
    """A TorchMonitor as its hooks use it."""

    def __init__(
        self,
        models: Mapping[str, nn.Module],
        optimizer: torch.optim.Optimizer | None,
        *,
        when: str,
        every: int,
        weights: bool,
        scaler: Any,
        layers_every: int,
        densify: bool,
        resume_step: int | None = None,
        **base: Any,
    ) -> None:
        if base.get("run") is None:
            base["run"] = ", ".join(type(each).__name__ for each in models.values())
        super().__init__(resume_step=resume_step, **base)
        self._when, self._every = when, every
        if when != "manual":
            ends = "a backward through the model"
            self._what_is_a_step = ends if optimizer is None else f"{ends}, and optimizer.step()"
        self._scaler = scaler
        self._next_step = resume_step or 0
        self._observed: Observation | None = None
        self._loss = LateNumber()
        self._learning_rate: float | None = None
        self._clip_scale = 1.0
        self._is_advised_to_skip = False
        self._has_stopped = False
        self._in_step_hook = False
        self._in_closure = self._is_closure_judged = False
        self._unscaled = UnscaledBehind()
        self._optimizer_id = None if optimizer is None else id(optimizer)
        self._optimizer = None if optimizer is None else weakref.ref(optimizer)
        self._has_optimizer = optimizer is not None
        self._tensors = WatchedTensors(
            self._open_watch(),
            models,
            weights=weights,
            densify=densify,
            on_problem=self._say_problem,
            on_declared=self._note_entries,
        )
        self._layers = LayerWatch(models, every=layers_every, on_problem=self._say_problem)
        self._hooks = BackwardHooks(
            self._on_backward_end,
            self._on_overdue,
            self._on_error,
            may_thin=self._has_optimizer,
        )
        self._optimizer_handles: list[Any] = []
        Registrations.begin()
        self._is_registered = True
        self._find_tensors()
        if optimizer is not None and when != "manual":
            self._optimizer_handles = [
                optimizer.register_step_pre_hook(self._before_step),
                optimizer.register_step_post_hook(self._after_step),
            ]
        elif when == "backward":
            for model in models.values():
                anchor.hold(model, self)
        self._layers.prepare(self._next_step)

    # What the hooks call.

    def _on_backward_end(self, is_inner: bool) -> None:
        if self._is_idle() or (self._in_closure and self._is_closure_judged):
            return
        if not self._has_optimizer:
            self._observe_if_due(is_inner)
            if not is_inner:
                self._judge()
            return
        if self._observed is not None:
            self._settle()
        self._observe_if_due(is_inner)
        # The first evaluation of a closure is at the weights that the step starts from.
        if self._in_closure and not is_inner:
            self._judge()
            self._is_closure_judged = True

    def _on_overdue(self) -> None:
        if not self._has_optimizer and not self._is_idle():
            self._judge()

    def _before_step(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if self._is_idle():
            return
        closure = args[1] if len(args) > 1 else kwargs.get("closure")
        self._in_step_hook = True
        try:
            if closure is not None and self._when == "backward":
                self._in_closure, self._is_closure_judged = True, False
                return
            if self._when == "optimizer":
                self._observe_if_due()
            elif self._observed is None and self._is_due():
                if not self._tensors.watched:
                    self._find_tensors()  # All were frozen.
                if not self._tensors.gradients():
                    return  # A step without a backward, as a scheduler's first one.
                # No hook saw it: a part of the model that had none, or hooks that were removed.
                self._hooks.learn_again()
                self._observe()
            self._judge(optimizer)
        except Exception as error:
            if self._on_error(error):
                raise
        finally:
            self._in_step_hook = False

    def _after_step(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if self._is_idle():
            for handle in self._optimizer_handles[:1]:  # Torch goes through those behind now.
                handle.remove()
            return
        self._in_step_hook = True
        try:
            if self._in_closure and not self._is_closure_judged:
                self._judge(optimizer)
            self._in_closure = False
        except Exception as error:
            if self._on_error(error):
                raise
        finally:
            self._in_step_hook = False

    def _on_error(self, error: Exception) -> bool:
        """Whether it is raised. What cannot go on is ended, and said once."""
        if self._strict or isinstance(error, UnhealthyGradients):
            return True
        self._has_stopped = True
        self._release()
        self._why_no_step = f"it stopped watching: {type(error).__name__}: {error}"
        warn(f"gradvitals stops watching: {type(error).__name__}: {error}")
        return False

    # A step.

    def _is_idle(self) -> bool:
        return self._watch is None or self._is_foreign or self._has_stopped

    def _is_due(self) -> bool:
        return self._next_step % self._every == 0

    def _observe_if_due(self, is_inner: bool = False) -> None:
        if self._next_step % self._every == 0:
            self._observe(is_inner)

    def _observe(self, is_inner: bool = False) -> None:
        with self._lock:
            self._observe_alone(self._watch or self._open_watch(), is_inner)

    def _observe_alone(self, watch: _core.Watch, is_inner: bool) -> None:
        if self._tensors.have_changed():
            self._find_tensors()
        if not self._tensors.watched:
            return  # All are frozen now.
        layers = self._layers.take(is_whole=not is_inner) if self._layers.is_ready else None
        if layers is not None:
            if layers.of_parameters != self._tensors.layers:
                self._tensors.layers = layers.of_parameters
                self._tensors.declare()
            nonfinite = self._tensors.observe(lambda: watch.observe_layers(*layers.arguments))
        elif self._is_rows_step() and self._tensors.are_on_cpu():
            nonfinite = self._tensors.observe(lambda: watch.observe_layers([], [], [], [], []))
        else:
            nonfinite = self._tensors.observe(watch.observe)
        scale = 1.0 if self._scaler is None else scale_now(self._scaler, self._optimizer_id)
        self._observed = Observation(nonfinite, scale, self._tensors.smallest_gradient())

    def _is_rows_step(self) -> bool:
        """Whether units are judged by the rows of gradients, which reads those again."""
        step = self._next_step
        return step % _ROWS_EVERY == 0 or step == _FIRST_STEPS

    def _settle(self) -> None:
        """What was observed before and is not applied: another micro-batch of the same step, or a
        step that was skipped."""
        before = self._observed
        if before is None or not was_reset(before, self._tensors):
            return
        if self._is_advised_to_skip or self._has_nonfinite(before):
            self._judge(is_skipped=True)

    def _has_nonfinite(self, observed: Observation) -> bool:
        if observed.nonfinite >= 0:
            return observed.nonfinite > 0
        everything = self._records()[-1]
        return bool(everything["nan_count"] or everything["inf_count"])

    def _judge(
        self, optimizer: torch.optim.Optimizer | None = None, *, is_skipped: bool = False
    ) -> None:
        """The step has ended: what was observed of it is committed, and the next one begins."""
        step, observed, self._observed = self._next_step, self._observed, None
        try:
            loss = self._loss.take()
            if observed is None:
                return
            if getattr(optimizer, "found_inf", None) is not None:  # A fused step's GradScaler.
                is_skipped = self._has_nonfinite(observed)
            scale, clip_scale = self._scale_of(observed), self._clip_scale
            rate = self._rate()
        finally:
            self._begin_step()
        # Last, as whom it tells may train on, or close the monitor.
        self._commit(step, loss, rate, scale, clip_scale, is_skipped)

    def _begin_step(self) -> None:
        self._next_step += 1
        self._clip_scale = 1.0
        self._is_advised_to_skip = False
        self._learning_rate = None
        self._layers.prepare(self._next_step)

    def _scale_of(self, observed: Observation) -> float:
        if self._scaler is not None or not self._has_optimizer or self._when != "backward":
            return float(observed.scale)
        if observed.smallest is None or not self._unscaled.is_looked_at:
            return 1.0
        name, gradient = observed.smallest
        if (0, name) not in self._tensors.keys:
            return 1.0
        record = self._records()[self._tensors.keys.index((0, name))]
        factor = self._unscaled.factor(norm_of(record) * self._clip_scale, gradient)
        if factor != 1.0:
            self._say(
                "scaler",
                f"gradients were divided by {factor:g} between backward and the optimizer's step, "
                "as a GradScaler does, and are judged so: give watch(..., scaler=scaler)",
            )
        return factor

    def _rate(self) -> float | None:
        optimizer = None if self._optimizer is None else self._optimizer()
        if self._learning_rate is not None or optimizer is None:
            return self._learning_rate
        highest = None
        for group in optimizer.param_groups:
            rate = group.get("lr")
            if isinstance(rate, _NUMBERS):
                number = float(rate)
                highest = number if highest is None else max(highest, number)
        return highest

    def _find_tensors(self) -> None:
        if self._tensors.find() and self._when == "backward":
            self._hooks.install([each.parameter for each in self._tensors.watched])

    def _note_entries(self, keys: list[tuple[int, str]]) -> None:
        self._names = [name for _, name in keys]
        self._roles = [role for role, _ in keys]

    # Its end.

    def close(self) -> None:
        """Ends the watch and the history, and leaves no hook behind; what was found can still be
        asked for."""
        super().close()
        self._release()  # What a close within a step's hook had to leave.

    def _abandon(self) -> None:
        self._release()
        super()._abandon()

    def _release(self) -> None:
        """No hook is left, and nothing that was observed is held."""
        self._hooks.remove()
        self._layers.close()
        if not self._in_step_hook:  # Torch, which goes through them, would raise.
            for handle in self._optimizer_handles:
                handle.remove()
            self._optimizer_handles = []
        for model in (self._tensors.models() or {}).values():
            anchor.let_go(model, self)
        self._observed = None
        if self._is_registered:
            self._is_registered = False
            Registrations.end()

    def __del__(self) -> None:
        if getattr(self, "_is_registered", False):
            self._abandon()
