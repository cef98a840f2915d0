"""What happens to monitors as the process ends or forks."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .monitor import Monitor

# Of this process: a forked child, as a worker of a DataLoader, must not write to its parent's
# history.
_monitors: weakref.WeakSet[Monitor] = weakref.WeakSet()


def remember(monitor: Monitor) -> None:
    _monitors.add(monitor)


def is_written(history: str) -> bool:
    """Whether a monitor that is open writes that file."""
    path = os.path.realpath(history)
    open_ones = [each.history for each in list(_monitors) if not each.closed]
    return any(each is not None and os.path.realpath(each) == path for each in open_ones)


@atexit.register
def _close_all() -> None:
    # Before the interpreter takes modules apart: what a monitor watches may then be half gone.
    for monitor in list(_monitors):
        monitor._abandon()


def _leave_to_parent() -> None:
    for monitor in list(_monitors):
        monitor._is_foreign = True
        monitor._lock = threading.RLock()  # A thread that is not here may have held it.


os.register_at_fork(after_in_child=_leave_to_parent)
