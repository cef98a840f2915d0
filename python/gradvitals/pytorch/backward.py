"""The end of backward: where gradients are complete, and nothing has clipped them yet.
 A hook behind each parameter's gradient queues a callback of autograd's engine, which runs as
backward ends; that one queues another, which runs behind those of DistributedDataParallel and FSDP.
A hook costs some 0.9 us a parameter and backward. So where an optimizer's step tells whether one
was missed, only those parameters keep theirs that were the first of a backward to get a gradient,
once a few backwards have shown which.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from threading import get_ident

import torch
from torch.autograd.function import BackwardCFunction

_current_task = torch._C._current_graph_task_id
_engine = torch.autograd.Variable._execution_engine
_queue = _engine.queue_callback

_BACKWARDS_TO_LEARN = 4
_BACKWARDS_UNTIL_LEARNT_AGAIN = 256
_MOST_UNFINISHED = 64


class BackwardHooks:
    """Calls `on_end(is_inner)` as a backward that reached a parameter ends; `is_inner` where it is
    a function's own, as of a re-entrant checkpoint, and the one around it goes on. That one may
    reach no further parameter: then `on_overdue()` is called as the next one begins. `on_error`
    gets what these raise, and says whether it is to be raised."""

    def __init__(
        self,
        on_end: Callable[[bool], None],
        on_overdue: Callable[[], None],
        on_error: Callable[[Exception], bool],
        *,
        may_thin: bool,
    ) -> None:
        self._on_end = on_end
        self._on_overdue = on_overdue
        self._on_error = on_error
        self._may_thin = may_thin
        self._parameters: list[weakref.ref[torch.Tensor]] = []
        self._handles: dict[int, torch.utils.hooks.RemovableHandle] = {}
        self._unfinished: set[int] = set()  # Graph tasks; one that raised never ends.
        self._inner_task = -1  # The last one that ended inside another, which has not ended since.
        self._inner_firsts: set[int] = set()
        self._firsts: set[int] = set()
        self._backwards = 0
        self._is_thin = False
        self._hook = self._make_hook()

    def install(self, parameters: Sequence[weakref.ref[torch.Tensor]]) -> None:
        """In place of those that were there."""
        self.remove()
        self._parameters = list(parameters)
        self.learn_again()

    def learn_again(self) -> None:
        """A hook on every parameter, those that another has removed included."""
        self._remove_handles()
        self._backwards = 0
        self._is_thin = False
        for reference in self._parameters:
            parameter = reference()
            if parameter is not None and parameter.requires_grad:
                self._handles[id(parameter)] = parameter.register_post_accumulate_grad_hook(
                    self._hook
                )

    def remove(self) -> None:
        self._remove_handles()
        self._firsts.clear()

    def _remove_handles(self) -> None:
        for handle in self._handles.values():
            handle.remove()
        self._handles.clear()

    def _make_hook(self) -> Callable[[torch.Tensor], None]:
        unfinished = self._unfinished
        weak_self = weakref.ref(self)  # The collector does not see what such a hook holds.

        def hook(parameter: torch.Tensor) -> None:
            task = _current_task()
            if task not in unfinished:
                hooks = weak_self()
                if hooks is not None:
                    hooks._arm(task, parameter)

        return hook

    def _arm(self, task: int, parameter: torch.Tensor) -> None:
        if len(self._unfinished) >= _MOST_UNFINISHED:
            self._unfinished.clear()
        self._unfinished.add(task)
        self._firsts.add(id(parameter))
        is_inside = _is_inside_backward()
        if self._inner_task >= 0:
            # Tasks are numbered as they begin: one that began later is not the one around it. And a
            # backward adds to a parameter once.
            is_next = id(parameter) in self._inner_firsts if is_inside else task > self._inner_task
            if is_next:
                self._say_overdue()
            if is_next or not is_inside:
                self._inner_task = -1
                self._inner_firsts.clear()
        if is_inside:
            self._inner_firsts.add(id(parameter))
        thread = None if is_inside else get_ident()
        _queue(partial(_queue, partial(self._end, task, thread)))

    def _say_overdue(self) -> None:
        try:
            self._on_overdue()
        except Exception as error:
            if self._on_error(error):
                raise

    def _end(self, task: int, outer_thread: int | None) -> None:
        """`outer_thread`: the one whose frames have shown that the backward is no function's own;
        another thread's are walked."""
        self._unfinished.discard(task)
        if not self._handles:
            return
        is_inner = outer_thread != get_ident() and _is_inside_backward()
        self._inner_task = task if is_inner else -1
        try:
            if self._may_thin and not is_inner:
                self._count()
            self._on_end(is_inner)
        except Exception as error:
            if self._on_error(error):
                raise

    def _count(self) -> None:
        self._backwards += 1
        if self._is_thin:
            if self._backwards >= _BACKWARDS_UNTIL_LEARNT_AGAIN:
                self.learn_again()
        elif self._backwards >= _BACKWARDS_TO_LEARN:
            for key in [key for key in self._handles if key not in self._firsts]:
                self._handles.pop(key).remove()
            self._is_thin = True


def _is_inside_backward() -> bool:
    """Whether the backward at work was begun by a function's own backward."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code is BackwardCFunction.apply.__code__:
            return True
        frame = frame.f_back
    return False
