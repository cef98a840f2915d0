"""Gradient health in Lightning.

    trainer = lightning.Trainer(callbacks=[gradvitals.lightning.HealthMonitor(history="run.jsonl")])

A step is judged as the last of its accumulated batches' backward ends, unscaled, before clipping.
"""

from __future__ import annotations

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
        self.options, self.monitor = options, None
        self._logs = log  # Lightning makes `log` a function of every callback.
        self._scaler = self._loss = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._close()
        # Of several, as a generator's and a discriminator's, each backward is a step.
        optimizer = trainer.optimizers[0] if len(trainer.optimizers) == 1 else None
        self._scaler = getattr(trainer.precision_plugin, "scaler", None)
        self._loss = None
        self.monitor = watch(pl_module, optimizer, scaler=self._scaler, **self.options)

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        """Of accumulated batches, losses come divided by how many there are."""
        if self.monitor is not None:
            part = loss.detach() / self._scale()
            self._loss = part if self._loss is None else self._loss + part
            self.monitor.log(loss=self._loss)

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        self._loss = None
        if self._logs and self.monitor is not None:
            norm = self.monitor.global_norm / self._scale()
            pl_module.log("gradvitals/gradient_norm", norm)
            pl_module.log("gradvitals/severity", float(SEVERITIES.index(self.monitor.severity)))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._close()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._close()

    def _scale(self) -> float:
        return 1.0 if self._scaler is None else self._scaler.get_scale()

    def _close(self) -> None:
        if self.monitor is not None:
            self.monitor.close()
