"""TensorStats: what one pass over a tensor tells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TensorStats:
    """Statistics of one tensor. Sums and extremes are of its finite elements.

    `l2_norm`, `mean` and `rms` hold to 1e-12, all else is exact. `max_abs` is 0 where no element is
    finite, `min_abs_nonzero` infinite where none differs from 0, and `first_nonfinite_index` -1
    where all are finite. `subnormal_count` is of the dtype that the tensor is stored in. Those of a
    loss that was scaled are scaled.
    """

    count: int
    l2_norm: float
    sum: float
    max_abs: float
    min_abs_nonzero: float
    zero_count: int
    subnormal_count: int
    nan_count: int
    inf_count: int
    first_nonfinite_index: int

    @property
    def nonfinite_count(self) -> int:
        """NaN and Inf together."""
        return self.nan_count + self.inf_count

    @property
    def finite_count(self) -> int:
        """Elements that sums and extremes are of."""
        return self.count - self.nonfinite_count

    @property
    def mean(self) -> float:
        """Of the finite elements; NaN without any."""
        return self.sum / self.finite_count if self.finite_count else math.nan

    @property
    def rms(self) -> float:
        """Root of the mean of squares of the finite elements; NaN without any."""
        return self.l2_norm / math.sqrt(self.finite_count) if self.finite_count else math.nan

    @classmethod
    def of_record(cls, record: Any) -> TensorStats:
        """From one record of the structured array that `_core` gives."""
        return cls(
            count=int(record["count"]),
            l2_norm=norm_of(record),
            sum=float(record["sum"]),
            max_abs=float(record["max_abs"]),
            min_abs_nonzero=float(record["min_abs_nonzero"]),
            zero_count=int(record["zero_count"]),
            subnormal_count=int(record["subnormal_count"]),
            nan_count=int(record["nan_count"]),
            inf_count=int(record["inf_count"]),
            first_nonfinite_index=int(record["first_nonfinite_index"]),
        )


def norm_of(record: Any) -> float:
    """L2 norm of the finite elements: squares are scaled where they would leave float64."""
    root = math.sqrt(float(record["sum_squares"]))
    exponent = int(record["scale_exponent"])
    return math.ldexp(root, exponent) if exponent else root
