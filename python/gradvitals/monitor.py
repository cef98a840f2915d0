"""Monitor: the health of gradients of any framework, step by step."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import _core, _process
from .answers import GRADIENT, WEIGHT, Answers, Final
from .arrays import flatten, require_same_names, unit_axis_of_name
from .diagnosis import Diagnosis, Event, is_at_least
from .errors import UnhealthyGradients, warn
from .options import (
    as_float,
    as_scale,
    checked_count,
    checked_path,
    checked_text,
    thresholds_json,
)

_MOST_EVENTS = 1000
logger = logging.getLogger("gradvitals")


class _Slot:
    """Where an array of a mapping lies while it is read."""

    __slots__ = ("grad", "__weakref__")

    def __init__(self) -> None:
        self.grad: Any = None


class Monitor(Answers):
    """Watches gradients that the caller has as arrays, of NumPy, JAX or anything that speaks
    DLPack:

        monitor = gradvitals.Monitor(history="run.jsonl")
        for ...:
            monitor.step({"w": grad_w, "b": grad_b}, weights={"w": w, "b": b}, loss=loss)
        print(monitor.diagnosis())

    `history`: a file that steps are appended to, which `gradvitals diagnose` reads; one that holds
    a run already is refused unless `resume_step` says at which step that run goes on.
    `on_alert(event)` is called with each Event of severity warning or worse that is no consequence
    of another; without it they go to the logger "gradvitals". `fail_on` ("warning" or "critical")
    raises UnhealthyGradients instead of training on. `thresholds`: limits other than the default,
    by name, as {"large_norm": {"warning": 100}}; a wrong name is answered with all of them.
    `threads`: of the pass on the CPU. `run`: what reports call the network. `strict`: what cannot
    be watched raises, instead of being said once as a HealthWarning.
    """

    def __init__(
        self,
        *,
        history: str | os.PathLike[str] | None = None,
        resume_step: int | None = None,
        on_alert: Callable[[Event], object] | None = None,
        fail_on: str | None = None,
        thresholds: Mapping[str, Any] | str | None = None,
        threads: int | None = None,
        run: str | None = None,
        strict: bool = False,
    ) -> None:
        self._watch: _core.Watch | None = None
        self._names: list[str] = []
        self._roles: list[int] = []
        self._slots: dict[tuple[int, str], _Slot] = {}
        self._events: list[Event] = []
        self._said: set[str] = set()
        self._final: Final | None = None
        self._final_steps = 0
        self._is_foreign = False
        self._lock = threading.RLock()
        if on_alert is not None and not callable(on_alert):
            raise TypeError(
                f"on_alert is a {type(on_alert).__name__}: give a function that takes an Event"
            )
        if fail_on not in (None, "warning", "critical"):
            raise ValueError(f'fail_on is {fail_on!r}: give "warning", "critical" or None')
        self._on_alert = on_alert
        self._fail_on = fail_on
        self._strict = strict
        self._history = None if history is None else checked_path(history, "history")
        options = {
            "run": "network" if run is None else checked_text(run, "run"),
            "thresholds": thresholds_json(thresholds),
            "threads": 1 if threads is None else checked_count(threads, "threads", 1, "threads"),
            "resume_step": None
            if resume_step is None
            else checked_count(resume_step, "resume_step", 0),
        }
        try:
            self._watch = _core.Watch(history=self._history, **options)
        except OSError as error:
            if self._history is not None and _process.is_written(self._history):
                raise OSError(
                    f"{self._history}: another monitor of this process writes it: close() that one "
                    "first, or name another file"
                ) from None
            if "is there already" in str(error):
                raise FileExistsError(
                    f"{self._history}: is there already: remove it, name another file, or give "
                    "resume_step, the step at which its run goes on"
                ) from None
            raise
        _process.remember(self)

    # What is watched.

    def step(
        self,
        gradients: Mapping[str, Any],
        weights: Mapping[str, Any] | None = None,
        loss: Any = None,
        learning_rate: float | None = None,
        loss_scale: float = 1.0,
        skips_nonfinite: bool = False,
    ) -> None:
        """A training step: arrays by name (None: a parameter that got no gradient), as they are
        before the update. Weights have the names and shapes of their gradients. Nested mappings are
        flattened, with "/" between names. Gradients of a loss that was scaled are divided by
        `loss_scale`; with `skips_nonfinite` the update is left out where one is not finite, as loss
        scalers do. Raises TypeError or ValueError naming the argument and the way out.
        """
        loss, learning_rate = as_float(loss, "loss"), as_float(learning_rate, "learning_rate")
        loss_scale = as_scale(loss_scale, "loss_scale")
        nonfinite = self._observe_arrays(gradients, weights, is_checkup=False)
        if nonfinite < 0 and skips_nonfinite:  # On a GPU.
            everything = self._records()[-1]
            nonfinite = int(everything["nan_count"] + everything["inf_count"])
        self._commit(
            loss=loss,
            learning_rate=learning_rate,
            loss_scale=loss_scale,
            is_skipped=skips_nonfinite and nonfinite > 0,
        )

    def _observe_arrays(
        self,
        gradients: Mapping[str, Any],
        weights: Mapping[str, Any] | None,
        *,
        is_checkup: bool,
        layers: Sequence[tuple[str, Any, int, int, int]] = (),
    ) -> int:
        """`layers` of a check-up: (name, (B,O) array, gradvitals_role, number,
        gradvitals_activation). Gives how many elements of all gradients are not finite; -1 on a
        GPU.
        """
        gradients = flatten(gradients, "gradients", may_be_missing=True)
        known = {} if weights is None else flatten(weights, "weights", may_be_missing=False)
        require_same_names(gradients, known)
        tensors = {(GRADIENT, name): array for name, array in gradients.items()}
        tensors |= {(WEIGHT, name): array for name, array in known.items()}
        watch = self._open_watch()
        if list(tensors) != list(self._slots):
            self._declare(watch, list(tensors))
        for key, array in tensors.items():
            self._slots[key].grad = array
        columns = [list(column) for column in zip(*layers, strict=True)] or [[]] * 5
        with self._lock:
            nonfinite = watch.observe_layers(*columns) if is_checkup else watch.observe()
            found = [(self._roles[i], self._names[i], reason) for i, reason in watch.problems]
        unread = [f"{name}: {reason}" for role, name, reason in found if role == GRADIENT]
        if unread and len(unread) == sum(array is not None for array in gradients.values()):
            raise TypeError(f"no gradient can be read: {', '.join(unread[:3])}")
        for _, name, reason in found:
            self._say_problem(name, reason)
        if nonfinite >= 0:  # On a GPU they are still being read.
            for slot in self._slots.values():
                slot.grad = None
        return nonfinite

    def _declare(self, watch: _core.Watch, keys: list[tuple[int, str]]) -> None:
        for _, name in keys:
            checked_text(name, "a name")
        self._slots = {key: _Slot() for key in keys}
        self._names = [name for _, name in keys]
        self._roles = [role for role, _ in keys]
        watch.set_entries(
            self._names,
            list(self._slots.values()),
            ["grad"] * len(keys),
            self._roles,
            [unit_axis_of_name(name) for name in self._names],
        )

    # How a step is judged.

    def _commit(
        self,
        step: int | None = None,
        loss: float | None = None,
        learning_rate: float | None = None,
        loss_scale: float = 1.0,
        clip_scale: float = 1.0,
        is_skipped: bool = False,
    ) -> None:
        watch = self._open_watch()
        with self._lock:
            if not watch.commit(step, loss, learning_rate, loss_scale, clip_scale, is_skipped):
                return
            complaint = watch.complaint()
        if complaint is not None:
            warn(complaint)
        self._take_events()

    def _take_events(self) -> None:
        with self._lock:  # Not longer: callbacks may wait for whom they like.
            texts = [] if self._watch is None else self._watch.events()
        if not texts:
            return
        events = [Event.from_json(text) for text in texts]
        self._events = (self._events + events)[-_MOST_EVENTS:]
        alerts = [e for e in events if is_at_least(e.severity, "warning") and not e.consequence_of]
        for event in alerts:
            self._alert(event)
        if self._fail_on and any(
            e.kind != "ended" and is_at_least(e.severity, self._fail_on) for e in alerts
        ):
            raise UnhealthyGradients(self.diagnosis())

    def _alert(self, event: Event) -> None:
        if self._on_alert is None:
            logger.warning("%s", event)
            return
        try:
            self._on_alert(event)
        except Exception as error:
            self._say("on_alert", f"on_alert raised {type(error).__name__}: {error}", error)

    def _say_problem(self, name: str, reason: str) -> None:
        self._say(name, f"{name} is left out: {reason}")

    def _say(self, subject: str, text: str, cause: BaseException | None = None) -> None:
        """Once for each subject; where the monitor is strict it raises."""
        if self._strict:
            raise RuntimeError(text) from cause
        if subject in self._said:
            return
        self._said.add(subject)
        warn(f"gradvitals: {text}")

    # Its end.

    def close(self) -> None:
        """Ends the watch and the history; what was found can still be asked for."""
        if self._watch is None:
            return
        try:
            if not self._is_foreign:
                with self._lock:
                    self._watch.poll(True)
                self._take_events()
                if self._watch is not None and self.steps > 0:
                    self._final = Final(
                        self.diagnosis(), self.report(), self.run_document(), self._records()
                    )
        finally:
            self._abandon()

    def _abandon(self) -> None:
        with self._lock:
            watch, self._watch = self._watch, None
            if watch is not None:
                self._final_steps = watch.steps
                if not self._is_foreign:
                    watch.close()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """None is what copies and pickles have in its place: a model that keeps its monitor can be
        copied and saved, and the copy is not watched."""
        return type(None), ()

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed, " if self.closed else ""
        verdict = self.verdict if self._has_diagnosis() else "no diagnosis"
        verdict = verdict if self.steps else "no step yet"
        return (
            f"<gradvitals.{type(self).__name__} {state}{len(self.names)} gradients, "
            f"{self.steps} steps: {verdict}>"
        )


def diagnose(
    gradients: Mapping[str, Any],
    *,
    weights: Mapping[str, Any] | None = None,
    loss: Any = None,
    thresholds: Mapping[str, Any] | str | None = None,
    run: str | None = None,
) -> Diagnosis:
    """The diagnosis of one step's gradients, arrays by name: see Monitor.step()."""
    known_loss = as_float(loss, "loss")
    with Monitor(thresholds=thresholds, run=run, on_alert=lambda _: None) as monitor:
        monitor._observe_arrays(gradients, weights, is_checkup=True)
        monitor._commit(loss=known_loss)
        return monitor.diagnosis()
