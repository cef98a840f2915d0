"""What gradvitals raises and warns with."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from ._core import GradvitalsError

if TYPE_CHECKING:
    from types import FrameType

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


# Whose frames lie between a user's line and what is said of it.
_FRAMEWORKS = frozenset(
    {
        __name__.partition(".")[0],
        "accelerate",
        "jax",
        "keras",
        "lightning",
        "optax",
        "pytorch_lightning",
        "tensorflow",
        "torch",
        "transformers",
    }
)


def warn(text: str) -> None:
    """A HealthWarning about the line of the user's that led here: the innermost of no framework,
    or in a thread that has none, as autograd's, the one that calls this."""
    frame = user = sys._getframe(1)
    while user is not None and _package_of(user) in _FRAMEWORKS:
        user = user.f_back
    shown = user or frame
    warnings.warn_explicit(
        text,
        HealthWarning,
        shown.f_code.co_filename,
        shown.f_lineno,
        module=shown.f_globals.get("__name__"),
        registry=shown.f_globals.setdefault("__warningregistry__", {}),
    )


def _package_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]
