"""Arguments of a monitor, checked by name."""

from __future__ import annotations

import json
import math
import operator
import os
from collections.abc import Mapping
from typing import Any


def checked_count(value: Any, argument: str, least: int, what: str = "steps") -> int:
    """A whole number, NumPy's included."""
    try:
        if isinstance(value, bool):
            raise TypeError
        count = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{argument} is a {type(value).__name__}: give a whole number of {what}"
        ) from None
    if not least <= count < 2**31:
        bound = f"at least {least}" if count < least else f"less than {2**31}"
        raise ValueError(f"{argument} is {count}: give {bound}")
    return count


def checked_path(value: Any, argument: str) -> str:
    try:
        path = os.fsdecode(value)
    except TypeError:
        raise TypeError(
            f"{argument} is a {type(value).__name__}: give the path of a file"
        ) from None
    if not path:
        raise ValueError(f"{argument} is empty: give the path of a file, or None")
    return checked_text(path, argument)


def checked_text(value: Any, argument: str) -> str:
    """Text that has UTF-8 and no NUL, which the library needs."""
    if not isinstance(value, str):
        raise TypeError(f"{argument} is a {type(value).__name__}: give text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{argument} is {value!r}, which has no UTF-8: {error.reason}"
            ) from None
    if "\0" in value:
        raise ValueError(f"{argument} is {value!r}: leave out the character NUL")
    return value


def thresholds_json(thresholds: Mapping[str, Any] | str | None) -> str | None:
    if thresholds is None or isinstance(thresholds, str):
        return thresholds
    if not isinstance(thresholds, Mapping):
        raise TypeError(
            f"thresholds is a {type(thresholds).__name__}: give a mapping from names of limits to "
            "numbers"
        )
    try:
        return json.dumps(dict(thresholds))
    except (TypeError, ValueError) as error:
        raise TypeError(f"thresholds: {error}: give numbers by the names of limits") from None


def as_float(value: Any, argument: str) -> float | None:
    """Of a number or an array of one element."""
    if value is None:
        return None
    try:
        return float(value.item() if callable(getattr(value, "item", None)) else value)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise TypeError(
            f"{argument} is a {type(value).__name__} ({error}): give a number or an array of one "
            "element"
        ) from None


def as_scale(value: Any, argument: str) -> float:
    scale = as_float(value, argument)
    if scale is None or not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"{argument} is {scale}: give a positive, finite number")
    return scale
