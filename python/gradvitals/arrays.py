"""Mappings of arrays, of any framework, checked and flattened."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_READ_IN_PLACE = ("__dlpack__", "__array_interface__", "__buffer__", "block_until_ready")


def flatten(arrays: Any, argument: str, *, may_be_missing: bool) -> dict[str, Any]:
    """Names to arrays; those of nested mappings are joined by "/".

    Raises TypeError or ValueError naming the argument, the entry and the way out.
    """
    flat: dict[str, Any] = {}
    _add(arrays, argument, "", flat)
    if not flat:
        raise ValueError(f"{argument} is empty: give at least one array, as {{'w': grad_w}}")
    return {
        name: _checked(array, f"{argument}[{name!r}]", may_be_missing)
        for name, array in flat.items()
    }


def _add(arrays: Any, argument: str, prefix: str, flat: dict[str, Any]) -> None:
    if not isinstance(arrays, Mapping):
        raise TypeError(
            f"{argument} is a {type(arrays).__name__}: give a mapping from names to arrays, as "
            "{'layer1.weight': grad}"
        )
    for name, value in arrays.items():
        if not isinstance(name, str):
            raise TypeError(f"{argument}: the name {name!r} is no text: use str(name)")
        if isinstance(value, Mapping):
            _add(value, argument, f"{prefix}{name}/", flat)
        else:
            path = prefix + name
            if path in flat:
                raise ValueError(f"{argument} has two entries named {path!r}: rename one")
            flat[path] = value


def dtype_name(array: Any) -> str:
    """ "float32" of NumPy, torch, JAX and TensorFlow arrays."""
    dtype = array.dtype
    return str(getattr(dtype, "name", None) or dtype).rsplit(".", 1)[-1]


def _checked(array: Any, what: str, may_be_missing: bool) -> Any:
    if array is None:
        if may_be_missing:
            return None
        raise TypeError(f"{what} is None: leave out what does not exist")
    if not (hasattr(array, "shape") and hasattr(array, "dtype")):
        raise TypeError(f"{what} is a {type(array).__name__}, no array: use numpy.asarray(...)")
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(array, jax.core.Tracer):
        raise TypeError(f"{what} is a tracer, which has no values yet: call this outside jit")
    name = dtype_name(array)
    if name not in _FLOATS:
        hint = "take .real and .imag as two arrays" if name.startswith("complex") else "convert it"
        raise TypeError(f"{what} has dtype {name}: {', '.join(_FLOATS)} are read; {hint}")
    return _readable(array, what)


def _readable(array: Any, what: str) -> Any:
    """Itself, or where it cannot be read as it lies a contiguous copy in native byte order."""
    home = type(array).__module__.partition(".")[0]
    if type(array).__name__ == "IndexedSlices":  # An embedding's gradient in TensorFlow.
        return sys.modules["tensorflow"].convert_to_tensor(array)
    if home == "torch":
        is_strided = str(array.layout) == "torch.strided" and not array.is_meta
        return array.detach().contiguous() if is_strided else array
    if home != "numpy" and (
        not hasattr(array, "__array__") or any(hasattr(array, name) for name in _READ_IN_PLACE)
    ):
        return array
    import numpy

    if isinstance(array, numpy.ma.MaskedArray):
        raise TypeError(f"{what} is a masked array: take .filled(0) or .compressed()")
    array = numpy.asarray(array)
    native = array.dtype.newbyteorder("=")
    # "CA": side by side, at addresses that are multiples of an element.
    return numpy.require(array, native, ["C", "A"]).reshape(array.shape)


def require_same_names(gradients: dict[str, Any], weights: dict[str, Any]) -> None:
    unknown = [name for name in weights if name not in gradients]
    if unknown:
        raise ValueError(
            f"weights has {', '.join(map(repr, unknown[:3]))}, which gradients lacks: a weight has "
            "the name of its gradient; where a parameter got none, give None as its gradient"
        )
    for name, weight in weights.items():
        gradient = gradients[name]
        if gradient is not None and tuple(gradient.shape) != tuple(weight.shape):
            raise ValueError(
                f"{name!r}: the gradient has shape {tuple(gradient.shape)}, the weight "
                f"{tuple(weight.shape)}: a weight has the shape of its gradient"
            )


# Which dimension counts the units of a kernel (gradvitals_unit_axis).
UNKNOWN_AXIS, ROWS, COLS = 0, 1, 2


def unit_axis_of_name(name: str) -> int:
    """(out,in) of PyTorch's "weight", (in,out) of Keras' and Flax' "kernel"."""
    last = name.replace(".", "/").rsplit("/", 1)[-1]
    return {"weight": ROWS, "kernel": COLS}.get(last, UNKNOWN_AXIS)
