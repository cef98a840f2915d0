"""gradvitals: the health of a network's gradients, while it trains.

    import gradvitals

    monitor = gradvitals.watch(model, optimizer)     # PyTorch; the training loop stays as it is
    ...
    monitor.diagnosis()                              # verdict, findings, what to do about them

    gradvitals.diagnose({"w": grad_w, "b": grad_b})  # any mapping of arrays: NumPy, JAX, TensorFlow

Names are imported when they are first used: `import gradvitals` loads no framework, and not NumPy
either.
"""

from __future__ import annotations

TYPE_CHECKING = False  # As typing has it, which takes longer to import than all of this.

_HOMES = {
    "Diagnosis": "diagnosis",
    "Event": "diagnosis",
    "Finding": "diagnosis",
    "GradvitalsError": "errors",
    "HealthWarning": "errors",
    "Monitor": "monitor",
    "TensorStats": "statistics",
    "UnhealthyGradients": "errors",
    "checkup": "checkup",
    "diagnose": "monitor",
    "interpret_gradient_health": "notebook",
    "monitor_gradient_health": "notebook",
    "watch": "pytorch",
}

__all__ = [
    "__version__",
    "Diagnosis",
    "Event",
    "Finding",
    "GradvitalsError",
    "HealthWarning",
    "Monitor",
    "TensorStats",
    "UnhealthyGradients",
    "checkup",
    "diagnose",
    "interpret_gradient_health",
    "monitor_gradient_health",
    "watch",
]

if TYPE_CHECKING:
    from .checkup import checkup
    from .diagnosis import Diagnosis, Event, Finding
    from .errors import GradvitalsError, HealthWarning, UnhealthyGradients
    from .monitor import Monitor, diagnose
    from .notebook import interpret_gradient_health, monitor_gradient_health
    from .pytorch import watch
    from .statistics import TensorStats

    __version__: str


def __getattr__(name: str) -> object:
    import importlib

    if name == "__version__":
        value = importlib.import_module("._core", __name__).__version__
    elif name in _HOMES:
        value = getattr(importlib.import_module("." + _HOMES[name], __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
