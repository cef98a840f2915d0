"""The teaching notebook's two functions, for Keras and PyTorch models.

    metrics = gradvitals.monitor_gradient_health(model, X, y)
    gradvitals.interpret_gradient_health(metrics)

Keys, values and text are the notebook's, byte for byte, quirks included: what it calls a layer is a
tensor with a gradient, and its limits call a vanishing network EXCELLENT. `gradvitals.watch` judges
by more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from .errors import warn

__all__ = ["interpret_gradient_health", "monitor_gradient_health"]

VANISHED_NORM = 1e-6
WEAK_NORM = 1e-4

_TEXT_KEYS = (
    "min_gradient",
    "max_gradient",
    "mean_gradient",
    "std_gradient",
    "vanished_layers",
    "weak_layers",
    "total_layers",
)


def monitor_gradient_health(
    model: Any, X: Any, y: Any, *, loss: Callable[[Any, Any], Any] | None = None
) -> dict:
    """Takes one forward and one backward pass, and measures the norm of every gradient.

    model: a Keras model (TensorFlow or PyTorch backend), a tf.Module or a torch.nn.Module. It is
        called as `model(X)`, in the mode that it is in; neither its weights nor its `.grad` change.
    X, y: inputs (B,...) and targets, as arrays or tensors. y should have the shape of the
        predictions.
    loss: (predictions, y) -> scalar; without it the mean squared error, as in the notebook.

    Returns min_gradient, max_gradient, mean_gradient and std_gradient of the L2 norms, in the
    gradients' type; vanished_layers, weak_layers and total_layers, as counts of tensors;
    gradient_norms, the norms in the order of the trainable variables. Variables without gradient
    are left out.

    Raises TypeError for a model of another kind; ValueError where X and y differ in length, and
    where no trainable variable has a gradient.
    """
    import numpy as np

    gradients_of = _backend_of(model)
    check_lengths(X, y)
    grad_norms = gradients_of(model, X, y, loss)
    if not grad_norms:
        raise ValueError(
            "no gradient: the loss depends on no trainable variable of the model; are they all "
            "frozen, or is the output detached?"
        )
    return {
        "min_gradient": np.min(grad_norms),
        "max_gradient": np.max(grad_norms),
        "mean_gradient": np.mean(grad_norms),
        "std_gradient": np.std(grad_norms),
        "vanished_layers": sum(1 for g in grad_norms if g < VANISHED_NORM),
        "weak_layers": sum(1 for g in grad_norms if g < WEAK_NORM),
        "total_layers": len(grad_norms),
        "gradient_norms": grad_norms,
    }


def interpret_gradient_health(health_metrics: dict) -> None:
    """Prints what the notebook prints of what `monitor_gradient_health` returned.

    Raises ValueError where keys are missing; `gradient_norms` is not needed.
    """
    from . import _core

    if not isinstance(health_metrics, Mapping):
        raise TypeError(
            f"health_metrics is a {type(health_metrics).__name__}: give it what "
            "monitor_gradient_health() returns"
        )
    missing = [key for key in _TEXT_KEYS if key not in health_metrics]
    if missing:
        raise ValueError(
            f"health_metrics lacks {', '.join(missing)}: give it what "
            "monitor_gradient_health() returns"
        )
    norms = [float(health_metrics[key]) for key in _TEXT_KEYS[:4]]
    counts = [int(health_metrics[key]) for key in _TEXT_KEYS[4:]]
    print(_core.interpret_gradient_health(*norms, *counts), end="")


def _backend_of(model: Any) -> Callable:
    """A model's framework is loaded, or there would be no model: none is imported here."""
    keras, tf, torch = (sys.modules.get(name) for name in ("keras", "tensorflow", "torch"))
    if keras is not None and isinstance(model, keras.Model):
        backend = keras.backend.backend()
        if backend == "tensorflow":
            return _tensorflow_norms
        if backend == "torch":
            return _torch_norms
        raise TypeError(
            f"Keras has the backend {backend}, and monitor_gradient_health() knows tensorflow and "
            "torch: set KERAS_BACKEND, or give the gradients to gradvitals.diagnose()"
        )
    if torch is not None and isinstance(model, torch.nn.Module):
        return _torch_norms
    if tf is not None and isinstance(model, tf.Module):
        return _tensorflow_norms
    raise TypeError(
        f"{type(model).__module__}.{type(model).__qualname__} is no Keras and no PyTorch model: "
        "of another framework give the gradients to gradvitals.diagnose()"
    )


def check_lengths(X: Any, y: Any) -> None:
    for name, array in (("X", X), ("y", y)):
        if array is None:
            raise TypeError(f"{name} is None: give an array or a tensor, (B,...)")
    lengths = [array.shape[0] if len(getattr(array, "shape", ())) else None for array in (X, y)]
    if None not in lengths and lengths[0] != lengths[1]:
        raise ValueError(f"X has {lengths[0]} samples and y {lengths[1]}: they are pairs")


def check_shapes(predictions: Any, y: Any) -> None:
    """Says where the notebook would broadcast: y of shape (B) with predictions (B,1) is (B,B)."""
    if tuple(predictions.shape) != tuple(y.shape):
        warn(
            f"predictions have shape {tuple(predictions.shape)} and y {tuple(y.shape)}: their "
            "difference is broadcast, as in the notebook. Reshape y if that is not meant"
        )


def _tensorflow_norms(model: Any, X: Any, y: Any, loss: Callable | None) -> list:
    import tensorflow as tf

    X = tf.convert_to_tensor(X)
    with tf.GradientTape() as tape:
        predictions = model(X)
        y = tf.cast(tf.convert_to_tensor(y), predictions.dtype)
        if loss is None:
            check_shapes(predictions, y)
            value = tf.reduce_mean(tf.square(predictions - y))
        else:
            value = loss(predictions, y)
    gradients = tape.gradient(value, model.trainable_variables)
    return [tf.norm(g).numpy() for g in gradients if g is not None]


def _torch_norms(model: Any, X: Any, y: Any, loss: Callable | None) -> list:
    import torch

    if isinstance(model, torch.nn.Module) and not hasattr(model, "trainable_variables"):
        parameters = [p for p in model.parameters() if p.requires_grad]
    else:
        parameters = [variable.value for variable in model.trainable_variables]
    if not parameters:
        return []

    def tensor(array):
        array = torch.as_tensor(array, device=parameters[0].device)
        return array.to(parameters[0].dtype) if array.is_floating_point() else array

    with torch.enable_grad():
        predictions = model(tensor(X))
        y = tensor(y)
        if loss is None:
            check_shapes(predictions, y)
            value = torch.mean(torch.square(predictions - y))
        else:
            value = loss(predictions, y)
    if not value.requires_grad:
        return []
    # autograd.grad() leaves `.grad` as it is, and no hook of a monitor takes this for a step.
    gradients = torch.autograd.grad(value, parameters, allow_unused=True)
    return [_torch_norm(g) for g in gradients if g is not None]


def _torch_norm(gradient: Any):
    """A NumPy scalar of the gradient's type; of float16 and bfloat16 in float32."""
    import torch

    dense = gradient.to_dense() if gradient.layout != torch.strided else gradient
    dtype = torch.float32 if dense.dtype in (torch.float16, torch.bfloat16) else None
    return torch.linalg.vector_norm(dense, dtype=dtype).cpu().numpy()[()]
