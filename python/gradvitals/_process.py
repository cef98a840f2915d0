"""What happens to monitors as the process ends or forks."""

from __future__ import annotations

import atexit
import os
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .monitor import Monitor

# Of this process: a forked child, as a worker of a DataLoader, must not write to its parent's
# history.
_monitors: weakref.WeakSet[Monitor] = weakref.WeakSet()


def remember(monitor: Monitor) -> None:
    _monitors.add(monitor)


@atexit.register
def _close_all() -> None:
    # Before the interpreter takes modules apart: what a monitor watches may then be half gone.
    for monitor in list(_monitors):
        monitor._abandon()


def _leave_to_parent() -> None:
    for monitor in list(_monitors):
        monitor._is_foreign = True


os.register_at_fork(after_in_child=_leave_to_parent)
