"""One forward and one backward pass of a Keras model, with all that its layers show.

    gradvitals.checkup(model, X, y)

Gradients alone do not say how a signal grows or shrinks on its way: what layers pass on does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .diagnosis import Diagnosis
from .monitor import Monitor
from .notebook import check_lengths, check_shapes
from .options import as_float

__all__ = ["checkup"]

# gradvitals_role and gradvitals_activation.
ROLES = {"pre_activation": 2, "output": 3, "delta": 4}
ACTIVATIONS = {
    "linear": 1,
    "sigmoid": 2,
    "relu": 3,
    "tanh": 4,
    "leaky_relu": 5,
    "gelu": 6,
    "softplus": 7,
}


def checkup(
    model: Any, X: Any, y: Any, *, loss: Callable[[Any, Any], Any] | None = None
) -> Diagnosis:
    """Judges a Keras model (TensorFlow backend) by gradients, weights, pre-activations and deltas.

    X, y: inputs (B,...) and targets. loss: (predictions, y) -> scalar; without it the mean squared
    error, as in `monitor_gradient_health`. The model is called as `model(X)` and does not change.

    Layers that have a kernel and an activation (Dense, convolutions) show their pre-activations;
    of a layer that is called more than once, those of the last call.

    Raises TypeError for a model of another kind; ValueError where X and y differ in length.
    """
    keras = sys.modules.get("keras")
    if (
        keras is None
        or not isinstance(model, keras.Model)
        or keras.backend.backend() != "tensorflow"
    ):
        raise TypeError(
            "checkup() takes Keras models on the TensorFlow backend; of a PyTorch model call "
            "gradvitals.watch(model, layers_every=1), then forward and backward"
        )
    import tensorflow as tf

    check_lengths(X, y)
    X = tf.convert_to_tensor(X)
    with tf.GradientTape() as tape, _recorded(model) as recorded:
        predictions = model(X)
        y = tf.cast(tf.convert_to_tensor(y), predictions.dtype)
        if loss is None:
            check_shapes(predictions, y)
            value = tf.reduce_mean(tf.square(predictions - y))
        else:
            value = loss(predictions, y)
    known_loss = as_float(getattr(value, "numpy", lambda: value)(), "what loss() returned")
    variables, inputs = model.trainable_variables, [z for _, z, _ in recorded.values()]
    found = tape.gradient(value, variables + inputs)
    gradients, deltas = found[: len(variables)], found[len(variables) :]
    with Monitor(on_alert=lambda _: None) as monitor:
        monitor._observe_arrays(
            {
                v.path: None if g is None else _array(g)
                for v, g in zip(variables, gradients, strict=True)
            },
            {v.path: v.numpy() for v in variables},
            is_checkup=True,
            layers=_parts(recorded.values(), deltas),
        )
        monitor._commit(loss=known_loss)
        return monitor.diagnosis()


@contextmanager
def _recorded(model: Any) -> Iterator[dict]:
    """What activations are given and give inside, by layer: (layer, input, output)."""
    recorded, changed = {}, []

    def record(layer: Any, activation: Callable) -> Callable:
        def call(z: Any, *args: Any, **options: Any) -> Any:
            output = activation(z, *args, **options)
            recorded[id(layer)] = (layer, z, output)
            return output

        return call

    try:
        for layer in model._flatten_layers(include_self=False):
            if hasattr(layer, "kernel") and callable(getattr(layer, "activation", None)):
                changed.append((layer, layer.activation))
                layer.activation = record(layer, layer.activation)
        yield recorded
    finally:
        for layer, activation in changed:
            layer.activation = activation


def _parts(recorded: Iterable[tuple], deltas: Iterable) -> list[tuple]:
    """What there is of each layer, as `Monitor` takes it."""
    found = []
    for number, ((layer, z, output), delta) in enumerate(zip(recorded, deltas, strict=True), 1):
        activation = ACTIVATIONS.get(getattr(layer.activation, "__name__", ""), 0)
        for role, tensor in (("pre_activation", z), ("output", output), ("delta", delta)):
            if tensor is not None:
                array = _array(tensor)
                array = array.reshape(-1, array.shape[-1])
                found.append((f"{layer.path}/{role}", array, ROLES[role], number, activation))
    return found


def _array(tensor: Any) -> Any:
    """Dense: an embedding's gradient is slices of the table."""
    import tensorflow as tf

    return tf.convert_to_tensor(tensor).numpy()
