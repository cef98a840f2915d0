"""watch(): the health of a PyTorch model's gradients, in one line."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from ..diagnosis import Event
from ..options import checked_count
from .monitor import TorchMonitor
from .parameters import find_parameters, unwrapped


def watch(
    model: nn.Module | Mapping[str, nn.Module],
    optimizer: torch.optim.Optimizer | None = None,
    *,
    when: str = "backward",
    every: int = 1,
    weights: bool = True,
    history: str | os.PathLike[str] | None = None,
    resume_step: int | None = None,
    on_alert: Callable[[Event], object] | None = None,
    scaler: Any = None,
    layers_every: int = 0,
    fail_on: str | None = None,
    densify: bool = False,
    threads: int | None = None,
    thresholds: Mapping[str, Any] | str | None = None,
    run: str | None = None,
    strict: bool = False,
) -> TorchMonitor:
    """Watches every gradient and weight of a model; the training loop stays as it is:

        monitor = gradvitals.watch(model, optimizer)
        ...                                          # train
        print(monitor.diagnosis())

    `model`: a module, or several by name that are trained as one. `optimizer`: what it makes of
    several backwards before its step is one step; without it each backward is a step.

    `when`: "backward": statistics are taken as backward ends, before anything is clipped, and
    judged when the optimizer steps. "optimizer": both when the optimizer steps, as it finds the
    gradients. "manual": in monitor.step(). `every`: of so many steps one is observed. `scaler`: the
    torch.amp.GradScaler, whose scale gradients are divided by. `layers_every`: of so many steps
    one, the first among them, is observed with what its layers put out and the gradients there, so
    that dead and saturated units and the backward factor are judged (0: never). `densify`: sparse,
    complex and 8-bit gradients are read from a dense float copy instead of being left out.

    The other arguments are those of gradvitals.Monitor. The monitor never keeps the model alive,
    and lives as long as the model or the caller holds it. Raises TypeError or ValueError naming the
    argument and the way out, and OSError where `history` cannot be written.
    """
    models = _checked_models(model)
    _check_optimizer(optimizer, models)
    if when not in ("backward", "optimizer", "manual"):
        raise ValueError(f'when is {when!r}: give "backward", "optimizer" or "manual"')
    if when == "optimizer" and optimizer is None:
        raise ValueError(
            'when="optimizer" needs the optimizer: watch(model, optimizer, when="optimizer")'
        )
    every = checked_count(every, "every", 1)
    layers_every = checked_count(layers_every, "layers_every", 0)
    if layers_every % every:
        raise ValueError(
            f"layers_every is {layers_every} and every {every}: layers are seen in observed steps, "
            f"so give a multiple of {every}"
        )
    if scaler is not None and not callable(getattr(scaler, "get_scale", None)):
        raise TypeError(
            f"scaler is a {type(scaler).__name__} without get_scale(): give a torch.amp.GradScaler"
        )
    return TorchMonitor(
        models,
        optimizer,
        when=when,
        every=every,
        weights=weights,
        scaler=scaler,
        layers_every=layers_every,
        densify=densify,
        history=history,
        resume_step=resume_step,
        on_alert=on_alert,
        fail_on=fail_on,
        threads=threads,
        thresholds=thresholds,
        run=run,
        strict=strict,
    )


def _checked_models(model: Any) -> dict[str, nn.Module]:
    if isinstance(model, nn.Module):
        models = {"": unwrapped(model)}
    elif isinstance(model, Mapping):
        models = {}
        for name, each in model.items():
            if not isinstance(name, str) or not isinstance(each, nn.Module):
                raise TypeError(
                    f"model has {name!r}: {type(each).__name__}: give names and torch.nn.Modules"
                )
            models[name] = unwrapped(each)
    else:
        raise TypeError(
            f"model is a {type(model).__name__}: give a torch.nn.Module, or several as "
            "{'name': module}; gradvitals.Monitor().step() takes gradients of anything else"
        )
    watched, frozen = find_parameters(models)
    if not watched:
        raise ValueError(_nothing_to_watch(models, len(frozen)))
    return models


def _nothing_to_watch(models: Mapping[str, nn.Module], frozen: int) -> str:
    kinds = ", ".join(type(each).__name__ for each in models.values())
    if frozen == 0:
        return f"model ({kinds}) has no parameters: give the module that is trained"
    if any(
        isinstance(p, nn.parameter.UninitializedParameter)
        for each in models.values()
        for p in each.parameters()
    ):
        return f"model ({kinds}) has lazy parameters only: call it once on a batch, then watch it"
    return (
        f"all {frozen} parameters of model ({kinds}) are frozen: set requires_grad of those that "
        "are trained, then watch it"
    )


def _check_optimizer(optimizer: Any, models: Mapping[str, nn.Module]) -> None:
    if optimizer is None:
        return
    if not isinstance(optimizer, torch.optim.Optimizer):
        inner = getattr(optimizer, "optimizer", None)
        hint = "its .optimizer" if isinstance(inner, torch.optim.Optimizer) else "one, or none"
        raise TypeError(
            f"optimizer is a {type(optimizer).__name__}, no torch.optim.Optimizer: give {hint}"
        )
    own = {id(p) for each in models.values() for p in each.parameters()}
    held = [p for group in optimizer.param_groups for p in group["params"]]
    if any(id(p) in own for p in held):
        return
    kinds = ", ".join(type(each).__name__ for each in models.values())
    shapes = ", ".join(str(tuple(p.shape)) for p in held[:3])
    raise ValueError(
        f"optimizer ({type(optimizer).__name__}) updates none of the parameters of model "
        f"({kinds}); its first have shapes {shapes}: give the optimizer of this model, made after "
        "the model was moved or copied"
    )
