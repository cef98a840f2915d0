"""Which parameters of a model are watched, under which names."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.modules import module as module_hooks
from torch.nn.parameter import UninitializedParameter

from ..arrays import ROWS, UNKNOWN_AXIS, unit_axis_of_name

# Kernels (out,in,...) by their modules; those of a transposed convolution and of an embedding are
# not.
_ROWS_ARE_UNITS = (
    nn.Linear,
    nn.Bilinear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.RNNBase,
    nn.RNNCellBase,
    nn.MultiheadAttention,
)
_ROWS_ARE_NO_UNITS = (
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
    nn.Embedding,
    nn.EmbeddingBag,
)


@dataclass
class Watched:
    """A trainable parameter of `count` elements. Tied weights are one, with all but the first name
    in `aliases`."""

    name: str
    parameter: weakref.ref[torch.Tensor]
    unit_axis: int
    count: int
    aliases: list[str] = field(default_factory=list)


def unwrapped(model: nn.Module) -> nn.Module:
    """The user's own module, whose names have no "module." or "_orig_mod." in front."""
    while True:
        if isinstance(model, nn.parallel.DistributedDataParallel | nn.DataParallel):
            model = model.module
        elif isinstance(getattr(model, "_orig_mod", None), nn.Module):
            model = model._orig_mod
        else:
            return model


def named_tensors(models: Mapping[str, nn.Module]) -> Iterator[tuple[str, nn.Module, nn.Parameter]]:
    """Every parameter under every name that it has, with the module that holds it."""
    for prefix, model in models.items():
        for path, owner in model.named_modules(prefix=prefix, remove_duplicate=False):
            for name, parameter in owner._parameters.items():
                if parameter is not None:
                    yield (f"{path}.{name}" if path else name), owner, parameter


def find_parameters(
    models: Mapping[str, nn.Module],
) -> tuple[list[Watched], list[weakref.ref[torch.Tensor]]]:
    """The trainable parameters in the order of registration, and the frozen ones."""
    found: dict[int, Watched] = {}
    frozen: dict[int, weakref.ref[torch.Tensor]] = {}
    for name, owner, parameter in named_tensors(models):
        known = found.get(id(parameter))
        if known is not None:
            known.aliases.append(name)
        elif isinstance(parameter, UninitializedParameter) or not parameter.requires_grad:
            frozen[id(parameter)] = weakref.ref(parameter)
        elif parameter.numel() > 0:
            axis = _unit_axis(name, owner, parameter)
            reference = weakref.ref(parameter)
            found[id(parameter)] = Watched(name, reference, axis, parameter.numel())
    return list(found.values()), list(frozen.values())


def _unit_axis(name: str, owner: nn.Module, parameter: torch.Tensor) -> int:
    if parameter.dim() < 2 or isinstance(owner, _ROWS_ARE_NO_UNITS):
        return UNKNOWN_AXIS
    return ROWS if isinstance(owner, _ROWS_ARE_UNITS) else unit_axis_of_name(name)


class Registrations:
    """Counts registrations of parameters and modules anywhere, while anyone watches: what a model
    has is looked up again only where something may have been added or replaced."""

    count = 0
    _watchers = 0
    _handles: list = []

    @classmethod
    def _note(cls, *_: object) -> None:
        cls.count += 1

    @classmethod
    def begin(cls) -> None:
        if cls._watchers == 0:
            cls._handles = [
                module_hooks.register_module_parameter_registration_hook(cls._note),
                module_hooks.register_module_module_registration_hook(cls._note),
            ]
        cls._watchers += 1

    @classmethod
    def end(cls) -> None:
        cls._watchers -= 1
        if cls._watchers == 0:
            for handle in cls._handles:
                handle.remove()
            cls._handles = []
