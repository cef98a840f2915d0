"""What a monitor says of what it has seen."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _core
from .diagnosis import SEVERITIES, Diagnosis, Event
from .statistics import TensorStats, norm_of

if TYPE_CHECKING:
    import numpy

GRADIENT, WEIGHT = 0, 1  # gradvitals_role
# As trajectory_text() has it.
_NOTHING_JUDGED = "ℹ️ INFO: The run holds no step: nothing was judged.\n"


@dataclass(frozen=True)
class Final:
    """What is kept of a monitor that was closed after a step."""

    diagnosis: Diagnosis
    report: str
    run: dict[str, Any]
    records: numpy.ndarray


class Answers:
    """The part of a Monitor that asks `_core`, or after its end what was kept of it."""

    _watch: _core.Watch | None
    _names: list[str]  # Of all entries, weights included.
    _roles: list[int]
    _events: list[Event]
    _what_is_a_step = "a call of monitor.step()"
    _why_no_step: str | None = None  # Where that is another reason.
    _final: Final | None
    _final_steps: int
    _history: str | None
    _is_foreign: bool
    _lock: threading.RLock  # Of what `_watch` does: it serves one thread at a time.

    def diagnosis(self) -> Diagnosis:
        """How the network is now: the last step by itself, and what lasts of those before. Waits on
        a GPU."""
        with self._answering():
            if self._watch is None:
                if self._final is None:
                    raise RuntimeError(
                        "the monitor has no diagnosis: it was closed "
                        + ("in a forked process" if self._is_foreign else "before it saw a step")
                    )
                return self._final.diagnosis
            text = self._watch.diagnosis("json")
            shown = self._watch.diagnosis("text")
            return Diagnosis.from_json(text, shown=shown, curve=self._norm_curve())

    def report(self) -> str:
        """The whole run, step by step, as text; of one without a step, that nothing was judged.
        Waits on a GPU."""
        with self._lock:
            if self._watch is None:
                return _NOTHING_JUDGED if self._final is None else self._final.report
            return self._watch.run("text")

    def run_document(self) -> dict[str, Any]:
        """The same as a document, schema gradvitals.run/1."""
        with self._lock:
            if self._watch is None and self._final is not None:
                return self._final.run
            return json.loads(self._open_watch().run("json"))

    def _norm_curve(self) -> tuple[float | None, ...]:
        if self.steps == 0:
            return ()
        return tuple(point.get("global_norm") for point in self.run_document().get("curve", ()))

    @property
    def verdict(self) -> str:
        """The diagnosis in a word. Waits on a GPU."""
        with self._answering():
            if self._watch is None:
                return self.diagnosis().verdict
            return self._watch.verdict()[0]

    @property
    def severity(self) -> str:
        """ "ok", "info", "warning" or "critical". Waits on a GPU."""
        with self._answering():
            if self._watch is None:
                return self.diagnosis().severity
            return SEVERITIES[self._watch.verdict()[1]]

    @property
    def steps(self) -> int:
        """Steps that were judged."""
        with self._lock:
            return self._final_steps if self._watch is None else self._watch.steps

    @property
    def history(self) -> str | None:
        """The file that steps are appended to."""
        return self._history

    @property
    def events(self) -> list[Event]:
        """What began, grew worse or ended, the last thousand."""
        if self._watch is not None and not self._is_foreign:
            self._take_events()
        return list(self._events)

    @property
    def names(self) -> list[str]:
        """Of the gradients, in the order of `norms`."""
        return [name for name, role in zip(self._names, self._roles, strict=True) if not role]

    def stats(self) -> dict[str, TensorStats]:
        """Of each gradient, as observed last; those of a weight are at "weight:" and its name.
        Waits on a GPU. Those of a loss that was scaled are scaled."""
        records = self._records()
        keys = [
            "weight:" + name if role else name
            for name, role in zip(self._names, self._roles, strict=True)
        ]
        return {key: TensorStats.of_record(records[i]) for i, key in enumerate(keys)}

    @property
    def norms(self) -> numpy.ndarray:
        """L2 norms of the finite elements of the gradients, (len(names),) float64. Waits on a
        GPU."""
        import numpy

        records = self._records()[:-1]
        gradients = records[numpy.asarray(self._roles, dtype=numpy.int64) == GRADIENT]
        return numpy.ldexp(numpy.sqrt(gradients["sum_squares"]), gradients["scale_exponent"])

    @property
    def global_norm(self) -> float:
        """L2 norm of all gradients together, as observed last; NaN or infinite where an element is.
        Waits on a GPU."""
        everything = self._records()[-1]
        if everything["nan_count"]:
            return float("nan")
        return float("inf") if everything["inf_count"] else norm_of(everything)

    def plot(self, ax: Any = None) -> Any:
        """Draws the norm of all gradients over the steps with the events marked, and beside it that
        of each gradient. Into `ax` only the first. Needs matplotlib. Returns the figure."""
        from .plot import plot_monitor

        return plot_monitor(self, ax)

    @property
    def closed(self) -> bool:
        """Whether close() was called; what was found can still be asked for."""
        return self._watch is None

    def _records(self) -> numpy.ndarray:
        """As observed last: a structured array, all gradients together at its end."""
        with self._lock:
            if self._watch is None and self._final is not None:
                return self._final.records
            return self._open_watch().stats

    def _has_diagnosis(self) -> bool:
        return self._final is not None if self._watch is None else self.steps > 0

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except _core.GradvitalsError:
                if self._watch is None or self._watch.steps > 0:
                    raise
                why = self._why_no_step or f"one is {self._what_is_a_step}"
                raise RuntimeError(f"the monitor has seen no step yet: {why}") from None

    def _open_watch(self) -> _core.Watch:
        if self._watch is None:
            raise RuntimeError(
                "the monitor is closed: its diagnosis(), report() and events can be asked for; to "
                "watch on, make another one"
            )
        return self._watch

    def _take_events(self) -> None:
        raise NotImplementedError
