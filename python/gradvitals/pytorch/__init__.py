"""gradvitals.watch() for PyTorch."""

try:
    import torch as _  # noqa: F401
except ImportError as error:
    raise ImportError(
        "gradvitals.watch needs PyTorch: pip install torch; gradvitals.keras, gradvitals.optax and "
        "gradvitals.Monitor watch other frameworks"
    ) from error

from .monitor import TorchMonitor
from .watch import watch

__all__ = ["TorchMonitor", "watch"]
