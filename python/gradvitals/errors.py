"""What gradvitals raises and warns with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._core import GradvitalsError

if TYPE_CHECKING:
    from .diagnosis import Diagnosis

__all__ = ["GradvitalsError", "HealthWarning", "UnhealthyGradients"]


class HealthWarning(UserWarning):
    """Something that cannot be watched, or no longer; said once for each subject."""


class UnhealthyGradients(RuntimeError):
    """Gradients are as bad as `fail_on` says; `diagnosis` tells what is wrong."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(f"{diagnosis.summary}\n{diagnosis}")
        self.diagnosis = diagnosis

    def __reduce__(self):
        return type(self), (self.diagnosis,)
