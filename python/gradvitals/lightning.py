"""Gradient health in Lightning.

    trainer = lightning.Trainer(callbacks=[gradvitals.lightning.HealthMonitor(history="run.jsonl")])

A step is judged where Lightning is about to apply it: after the last of accumulated batches, after
unscaling, before clipping.
"""

from __future__ import annotations

import math
from typing import Any

try:
    import lightning.pytorch as pl
except ImportError:
    try:
        import pytorch_lightning as pl
    except ImportError as error:
        raise ImportError("gradvitals.lightning needs Lightning: pip install lightning") from error

from . import watch
from .diagnosis import SEVERITIES

__all__ = ["HealthMonitor"]


class HealthMonitor(pl.Callback):
    """Watches the module that is trained.

    log: also logs gradvitals/gradient_norm and gradvitals/severity (0 ok ... 3 critical) at every
        step.
    options: those of `gradvitals.watch`: history, on_alert, fail_on, layers_every, weights,
        thresholds, ... `fail_on="critical"` ends the training with UnhealthyGradients.

    `monitor` is the monitor of the current or last training, None before the first.
    """

    def __init__(self, *, log: bool = False, **options: Any) -> None:
        for name in ("when", "scaler"):
            if name in options:
                raise ValueError(
                    f"HealthMonitor takes no {name}: Lightning's own step and scaler are used"
                )
        super().__init__()
        self.log, self.options, self.monitor = log, options, None
        self._loss = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._close()
        # Lightning runs backward inside optimizer.step(): hooks of the optimizer would come a step
        # late.
        self.monitor = watch(pl_module, when="manual", **self.options)
        self._loss = None

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        if self.monitor is not None:
            part = loss.detach() / self._scale(trainer)
            self._loss = part if self._loss is None else self._loss + part

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        if self.monitor is None:
            return
        loss, self._loss = self._loss, None
        rate = optimizer.param_groups[0].get("lr")
        # GradScaler does not apply what is not finite.
        scaled = getattr(trainer.precision_plugin, "scaler", None) is not None
        self.monitor.step(
            loss=None if loss is None else float(loss),
            step=trainer.global_step,
            learning_rate=None if rate is None else float(rate),
            is_skipped=None if scaled else False,
        )
        if self.log:
            norm = self.monitor.global_norm
            pl_module.log("gradvitals/gradient_norm", norm if math.isfinite(norm) else math.nan)
            pl_module.log("gradvitals/severity", float(SEVERITIES.index(self.monitor.severity)))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._close()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._close()

    def _close(self) -> None:
        if self.monitor is not None:
            self.monitor.close()

    @staticmethod
    def _scale(trainer: Any) -> float:
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        return 1.0 if scaler is None else scaler.get_scale()
