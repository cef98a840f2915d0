"""One forward and one backward pass of a Keras model, with all that its layers show.

    gradvitals.checkup(model, X, y)

Gradients alone do not say how a signal grows or shrinks on its way: what layers pass on does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .diagnosis import Diagnosis
from .monitor import diagnose
from .notebook import check_lengths, check_shapes

__all__ = ["checkup"]


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
    variables, inputs = model.trainable_variables, [z for _, z, _ in recorded.values()]
    found = tape.gradient(value, variables + inputs)
    gradients = {v.path: g for v, g in zip(variables, found)}
    layers = [
        part
        for i, ((layer, z, output), delta) in enumerate(
            zip(recorded.values(), found[len(variables) :]), 1
        )
        for part in _parts(layer, i, z, output, delta)
    ]
    return diagnose(
        {
            name: None if g is None else tf.convert_to_tensor(g).numpy()
            for name, g in gradients.items()
        },
        weights={v.path: v.numpy() for v in variables},
        loss=float(value),
        unit_axis="cols",
        layers=layers,
    )


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


def _parts(layer: Any, number: int, z: Any, output: Any, delta: Any) -> Iterator[tuple]:
    """(name, role, (B,O) array, layer number, activation) of what there is."""
    activation = getattr(layer.activation, "__name__", "")
    for role, tensor in (("pre_activation", z), ("output", output), ("delta", delta)):
        if tensor is not None:
            array = tensor.numpy()
            yield f"{layer.path}/{role}", role, array.reshape(-1, array.shape[-1]), number, activation
