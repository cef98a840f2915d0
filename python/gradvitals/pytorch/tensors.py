"""The tensors of a model that are read: declared to `_core`, and again where they change."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from .. import _core
from .parameters import Registrations, Watched, find_parameters
from .stand_ins import Reader, reader_of, reason_of

GRADIENT, WEIGHT = 0, 1  # gradvitals_role


class WatchedTensors:
    """Gradients, then weights where they are asked for. Holds no parameter and no model."""

    def __init__(
        self,
        watch: _core.Watch,
        models: Mapping[str, nn.Module],
        *,
        weights: bool,
        densify: bool,
        on_problem: Callable[[str, str], None],
        on_declared: Callable[[list[tuple[int, str]]], None],
    ) -> None:
        self._watch = watch
        self._on_declared = on_declared
        self._models = {name: weakref.ref(model) for name, model in models.items()}
        self._weights = weights
        self._densify = densify
        self._on_problem = on_problem
        self._left_out: dict[tuple[int, str], str] = {}  # And why.
        self._stand_ins: dict[int, Reader] = {}
        self.watched: list[Watched] = []
        self.keys: list[tuple[int, str]] = []  # Role and name of each entry.
        self._by_name: dict[str, Watched] = {}
        self._smallest_first: list[Watched] = []
        self._references: list[weakref.ref[torch.Tensor]] = []
        self._trainable = _core.TrainableSet([], [])
        self._registrations = -1
        self.layers: dict[str, int] = {}  # Of a parameter's name, counted from 1, where known.

    def models(self) -> dict[str, nn.Module] | None:
        """None where one of them is gone."""
        models = {name: reference() for name, reference in self._models.items()}
        return None if None in models.values() else models  # type: ignore[return-value]

    def have_changed(self) -> bool:
        """Whether what is trainable may be another set than what was declared. Of many parameters
        that were not frozen it looks at a part in each step."""
        return self._registrations != Registrations.count or self._trainable.have_changed()

    def find(self) -> bool:
        """Looks up what is trainable now, and declares it; whether it is another set than
        before."""
        self._registrations = Registrations.count
        models = self.models()
        if models is None:
            return False
        watched, frozen = find_parameters(models)
        self._trainable = _core.TrainableSet([each.parameter for each in watched], frozen)
        is_same = [(w.name, id(w.parameter())) for w in watched] == [
            (w.name, id(w.parameter())) for w in self.watched
        ]
        if is_same:
            return False
        self.watched = watched
        self._by_name = {each.name: each for each in watched}
        self._references = [each.parameter for each in watched]
        self._smallest_first = sorted(watched, key=lambda each: each.count)
        self.declare()
        return True

    def declare(self) -> None:
        roles = (GRADIENT, WEIGHT) if self._weights else (GRADIENT,)
        self.keys = [
            (role, each.name)
            for role in roles
            for each in self.watched
            if (role, each.name) not in self._left_out
        ]
        self._stand_ins.clear()
        entries = [self._by_name[name] for _, name in self.keys]
        self._watch.set_entries(
            [each.name for each in entries],
            [each.parameter() for each in entries],
            ["grad" if role == GRADIENT else None for role, _ in self.keys],
            [role for role, _ in self.keys],
            [each.unit_axis for each in entries],
            layers=[self.layers.get(each.name, 0) for each in entries],
        )
        self._on_declared(self.keys)

    def observe(self, pass_over: Callable[[], int]) -> int:
        """One pass, by `pass_over()`; what it gives: elements that are not finite, or -1 on a
        GPU."""
        if self._stand_ins:
            self._set_stand_ins()
        try:
            count = pass_over()
        except RuntimeError:
            if not self._watch.problems:
                raise
            count = 0  # Nothing at all could be read as it lies.
        if self._watch.problems and self._mend():
            if not self.keys:
                reasons = [f"{name}: {reason}" for (_, name), reason in self._left_out.items()]
                raise RuntimeError(f"no gradient can be read: {', '.join(reasons[:3])}")
            self._set_stand_ins()
            count = pass_over()
        return count

    def _tensor(self, index: int) -> torch.Tensor | None:
        role, name = self.keys[index]
        parameter = self._by_name[name].parameter()
        if parameter is None:
            return None
        return parameter.grad if role == GRADIENT else parameter

    def _set_stand_ins(self) -> None:
        for index, read in self._stand_ins.items():
            tensor = self._tensor(index)
            self._watch.set_arrays(index, None if tensor is None else read(tensor))

    def _mend(self) -> bool:
        """Finds stand-ins for what could not be read, and leaves out what has none. Whether a
        second pass would read more than the first."""
        must_declare = False
        found: dict[tuple[int, str], Reader] = {}
        for index, reason in list(self._watch.problems):
            tensor = self._tensor(index)
            key = self.keys[index]
            if tensor is None:
                continue
            reader = None if index in self._stand_ins else reader_of(tensor, densify=self._densify)
            if reader is not None:
                found[key] = reader
                continue
            self._left_out[key] = reason_of(tensor, reason)
            must_declare = True
            what = "gradient" if key[0] == GRADIENT else "weight"
            self._on_problem(f"the {what} of {key[1]}", self._left_out[key])
        kept = {self.keys[index]: reader for index, reader in self._stand_ins.items()}
        if must_declare:
            self.declare()
        places = {key: index for index, key in enumerate(self.keys)}
        self._stand_ins = {
            places[key]: reader for key, reader in (kept | found).items() if key in places
        }
        return must_declare or bool(found)

    def gradient_of(self, name: str) -> torch.Tensor | None:
        watched = self._by_name.get(name)
        parameter = None if watched is None else watched.parameter()
        return None if parameter is None else parameter.grad

    def are_on_cpu(self) -> bool:
        parameters = (reference() for reference in self._references)
        return all(p is None or p.device.type == "cpu" for p in parameters)

    def gradients(self) -> list[torch.Tensor]:
        """Those that exist now, of all trainable parameters."""
        parameters = [reference() for reference in self._references]
        return [p.grad for p in parameters if p is not None and p.grad is not None]

    def smallest_gradient(self) -> tuple[str, torch.Tensor] | None:
        """Name and gradient of the parameter with the fewest elements of those that have one."""
        for each in self._smallest_first:
            parameter = each.parameter()
            gradient = None if parameter is None else parameter.grad
            if gradient is not None:
                return each.name, gradient
        return None


def norm_together(gradients: Sequence[torch.Tensor]) -> float:
    """L2 norm of all of them, by a pass over each."""
    norms = []
    for gradient in gradients:
        values = gradient.detach()
        if values.layout is torch.sparse_coo:
            values = values.coalesce()
        if values.layout is not torch.strided:
            values = values.values()
        norms.append(float(torch.linalg.vector_norm(values)))
    return math.hypot(*norms)


def multiply_(gradients: Sequence[torch.Tensor], factor: float) -> None:
    """In place, those of one device and dtype together."""
    alike: dict[tuple[torch.device, torch.dtype], list[torch.Tensor]] = {}
    for gradient in gradients:
        if gradient.layout is torch.strided:
            alike.setdefault((gradient.device, gradient.dtype), []).append(gradient)
        else:
            gradient.mul_(factor)
    with torch.no_grad():
        for group in alike.values():
            torch._foreach_mul_(group, factor)
