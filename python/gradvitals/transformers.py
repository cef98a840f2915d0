"""Gradient health in Hugging Face's Trainer.

    health = gradvitals.transformers.HealthCallback(history="run.jsonl")
    trainer = Trainer(model, args, ..., callbacks=[health])

Gradients are judged as backward ends, before the Trainer clips them. Of accumulated batches the
last one's backward is judged, which holds the sum of all.
"""

from __future__ import annotations

from typing import Any

try:
    from transformers import TrainerCallback
except ImportError as error:
    raise ImportError(
        "gradvitals.transformers needs transformers: pip install transformers[torch]"
    ) from error

from . import watch

__all__ = ["HealthCallback"]


class HealthCallback(TrainerCallback):
    """Watches the model that a Trainer trains.

    options: those of `gradvitals.watch`: history, on_alert, fail_on, layers_every, weights,
        thresholds, ... `fail_on="critical"` ends the training with UnhealthyGradients.

    Losses are those that the Trainer logs, a mean over `logging_steps`. They are known as the step
    has been judged, and count for the next one. `monitor` is that of the current or last training.
    """

    def __init__(self, **options: Any) -> None:
        for name in ("when", "scaler"):
            if name in options:
                raise ValueError(
                    f"HealthCallback takes no {name}: the Trainer's own step and scaler are used"
                )
        self.options, self.monitor = options, None

    def on_train_begin(
        self,
        args: Any,
        state: Any,
        control: Any,
        model: Any = None,
        optimizer: Any = None,
        **_: Any,
    ) -> None:
        self._close()
        # Accelerate wraps the optimizer; its hooks fire on the one inside, and it holds the scaler.
        self.monitor = watch(
            model,
            getattr(optimizer, "optimizer", optimizer),
            when="backward",
            scaler=getattr(optimizer, "scaler", None),
            **self.options,
        )

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        known = {name: (logs or {}).get(name) for name in ("loss", "learning_rate")}
        if self.monitor is not None and known["loss"] is not None:
            self.monitor.log(
                **{name: float(value) for name, value in known.items() if value is not None}
            )

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._close()

    def _close(self) -> None:
        if self.monitor is not None:
            self.monitor.close()
