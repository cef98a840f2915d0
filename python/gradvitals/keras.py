"""Gradient health in Keras 3, on the TensorFlow and PyTorch backends.

    model.fit(x, y, callbacks=[gradvitals.keras.HealthMonitor(history="run.jsonl")])

A step is judged where the optimizer is given its gradients, before it clips them.
"""

from __future__ import annotations

from typing import Any

try:
    import keras
except ImportError as error:
    raise ImportError("gradvitals.keras needs Keras 3: pip install keras tensorflow") from error

from . import Monitor

__all__ = ["HealthMonitor"]


class HealthMonitor(keras.callbacks.Callback):
    """Watches the model that `fit` trains; `monitor` is that of the current or last training.

    weights: also reads the weights, by which findings are surer.
    options: of `gradvitals.Monitor`; fail_on="critical" ends fit() with UnhealthyGradients.
    """

    def __init__(self, *, weights: bool = True, **options: Any) -> None:
        super().__init__()
        self.weights, self.options, self.monitor, self._loss = weights, options, None, None

    def on_train_begin(self, logs: Any = None) -> None:
        self._detach()
        self._error = None
        if keras.backend.backend() not in ("tensorflow", "torch"):
            raise ValueError("the backend is not tensorflow or torch: see gradvitals.optax for JAX")
        if keras.backend.backend() == "tensorflow" and self.model.jit_compile:
            raise ValueError("XLA calls no Python in a step: compile() with jit_compile=False")
        strategy = getattr(self.model, "distribute_strategy", None)
        if getattr(strategy, "num_replicas_in_sync", 1) > 1:
            raise ValueError("gradvitals.keras watches a model on one device, not its replicas")
        self.monitor = Monitor(**self.options)
        self._optimizer = optimizer = self.model.optimizer
        apply, scale_loss = optimizer.apply, optimizer.scale_loss

        def watched_apply(grads: Any, trainable_variables: Any = None) -> Any:
            self._observe(grads, list(trainable_variables or optimizer._trainable_variables))
            return apply(grads, trainable_variables)

        def watched_scale_loss(loss: Any) -> Any:
            self._loss = loss
            return scale_loss(loss)

        # Of this optimizer alone, and before its training function is traced.
        optimizer.apply, optimizer.scale_loss = watched_apply, watched_scale_loss
        self.model.make_train_function(force=True)
        self._watched_model = model = self.model

        def make_train_function(force: bool = False) -> Any:
            self._detach()
            return model.make_train_function(force)

        # Keras ends no callback of a fit() that is interrupted: the next one begins by this call.
        vars(model)["make_train_function"] = make_train_function

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        # TensorFlow would turn what is raised inside its function into an error of its own.
        if self._error is not None:
            self._detach()
            raise self._error

    def on_train_end(self, logs: Any = None) -> None:
        self._detach()

    def _observe(self, grads: list, variables: list) -> None:
        """Judges a step: at once in PyTorch, by a node of the graph in TensorFlow."""
        loss, self._loss = self._loss, None
        dynamic = getattr(self._optimizer, "dynamic_scale", None)
        scale = self._optimizer.loss_scale_factor if dynamic is None else dynamic.value
        there = {v.path: g is not None for v, g in zip(variables, grads, strict=True)}

        def judge(loss_now: Any, scale_now: Any, *values: Any) -> None:
            if self.monitor.closed:
                return
            rest = iter(values)
            gradients = {name: next(rest) if there[name] else None for name in there}
            known = {"weights": dict(zip(there, rest, strict=True))} if self.weights else {}
            known |= {} if loss is None else {"loss": float(loss_now)}
            known |= {"loss_scale": float(scale_now), "skips_nonfinite": dynamic is not None}
            try:
                self.monitor.step(gradients, **known)
            except Exception as error:  # Raised again as the batch ends.
                self._error = self._error or error

        inputs = [0.0 if loss is None else loss, 1.0 if scale is None else scale]
        inputs += [g for g in grads if g is not None] + [v.value for v in variables] * self.weights
        if keras.backend.backend() == "torch":
            return judge(*(x.detach() if hasattr(x, "detach") else x for x in inputs))
        import tensorflow as tf

        # An embedding's gradient is slices of the table: converted, it is that of the whole.
        tf.numpy_function(judge, [tf.convert_to_tensor(x) for x in inputs], [])

    def _detach(self) -> None:
        if self.monitor is not None:
            for name in ("apply", "scale_loss"):
                vars(self._optimizer).pop(name, None)
            vars(self._watched_model).pop("make_train_function", None)
            self._watched_model.train_function = None
            self.monitor.close()
