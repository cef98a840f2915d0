"""gradvitals.watch() for PyTorch."""

from .monitor import TorchMonitor
from .watch import watch

__all__ = ["TorchMonitor", "watch"]
