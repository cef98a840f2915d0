"""What the tests of gradvitals._core have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

GRADIENT, WEIGHT = 0, 1
UNKNOWN, ROWS, COLS = 0, 1, 2


class Parameter:
    """An object with a gradient, as PyTorch's parameters are."""

    def __init__(self, grad: Any = None) -> None:
        self.grad = grad


def declare(watch: Any, holders: list, *, attribute: str | None = "grad", axis: int = ROWS) -> None:
    count = len(holders)
    watch.set_entries(
        [f"layer{i}.weight" for i in range(count)],
        holders,
        [attribute] * count,
        [GRADIENT] * count,
        [axis] * count,
    )


def reference(array: np.ndarray) -> dict[str, float]:
    """Statistics in float64, by NumPy; squares in long double, which has room for all of them."""
    x = np.asarray(array, dtype=np.float64).ravel()
    finite = x[np.isfinite(x)]
    sizes = np.abs(finite)
    bad = np.flatnonzero(~np.isfinite(x))
    smallest = np.finfo(array.dtype).smallest_normal if array.dtype.kind == "f" else 2.0**-126
    return {
        "count": x.size,
        "norm": float(np.sqrt(np.sum(finite.astype(np.longdouble) ** 2))),
        "sum": float(finite.sum()),
        "max_abs": float(sizes.max(initial=0.0)),
        "min_abs_nonzero": float(sizes[sizes > 0].min(initial=np.inf)),
        "zero_count": int((x == 0).sum()),
        "subnormal_count": int(((sizes > 0) & (sizes < float(smallest))).sum()),
        "nan_count": int(np.isnan(x).sum()),
        "inf_count": int(np.isinf(x).sum()),
        "first_nonfinite_index": int(bad[0]) if bad.size else -1,
    }


def require_equal(record: Any, expected: dict[str, float]) -> None:
    """Counts and extremes to the bit, sums to 1e-12 of the sum of sizes."""
    norm = np.ldexp(np.sqrt(record["sum_squares"]), record["scale_exponent"])
    assert abs(norm - expected["norm"]) <= 1e-12 * expected["norm"]
    assert abs(record["sum"] - expected["sum"]) <= 1e-12 * max(expected["norm"], 1.0) * max(
        expected["count"], 1
    )
    for field in expected.keys() - {"norm", "sum"}:
        assert record[field] == expected[field], field
