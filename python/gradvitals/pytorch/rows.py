"""What layers put out as (B,O): a row for each sample, position or pixel."""

from __future__ import annotations

import torch
from torch import nn

from .flow import RELU, SIGMOID, TANH, UNKNOWN, Layer

_PRE_ACTIVATION, _OUTPUT, _DELTA = 2, 3, 4  # gradvitals_role
_FUNCTIONS = {RELU: torch.relu, SIGMOID: torch.sigmoid, TANH: torch.tanh}
_DIMENSIONS = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}


def layer_arrays(layers: list[Layer]) -> tuple[list, list, list, list, list]:
    """Names, arrays, roles, layers and activations, as Watch.observe_layers() takes them."""
    names: list[str] = []
    arrays: list[torch.Tensor] = []
    roles: list[int] = []
    numbers: list[int] = []
    activations: list[int] = []
    with torch.no_grad():
        for layer in sorted(layers, key=lambda each: each.number):
            for word, role, tensor in _tensors_of(layer):
                names.append(f"{layer.name}.{word}" if layer.name else word)
                arrays.append(tensor)
                roles.append(role)
                numbers.append(layer.number)
                activations.append(layer.activation)
    return names, arrays, roles, numbers, activations


def _tensors_of(layer: Layer) -> list[tuple[str, int, torch.Tensor]]:
    before, after = _before_and_after(layer)
    found = [
        ("pre_activation", _PRE_ACTIVATION, before),
        ("output", _OUTPUT, after),
        ("delta", _DELTA, layer.delta[0] if layer.delta else None),
    ]
    return [(word, role, _rows(layer, t)) for word, role, t in found if t is not None]


def _before_and_after(layer: Layer) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """The pre-activation, None where it was overwritten, and what the activation made of it, where
    it is one whose units die or saturate."""
    tail = layer.tail.detach()
    before = layer.pre_activation
    after = layer.output
    if before is None:
        is_overwritten = layer.tail._version != layer.version
        if is_overwritten:
            # By the activation in place where its kind is known; by something else it tells
            # nothing.
            return None, tail if layer.activation != UNKNOWN and after is None else after
        before = tail
    function = _FUNCTIONS.get(layer.activation)
    if function is None:
        return before, None
    return before, function(before) if after is None else after


def _rows(layer: Layer, tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.detach()
    if tensor.dtype in (torch.float16, torch.bfloat16):
        tensor = tensor.float()  # Units are counted in float32 and float64.
    module = layer.module()
    spatial = next((n for kind, n in _DIMENSIONS.items() if isinstance(module, kind)), 0)
    if spatial:
        tensor = tensor.movedim(tensor.dim() - 1 - spatial, -1)
    columns = tensor.shape[-1] if tensor.dim() > 0 else 1
    return tensor.reshape(-1, columns).contiguous()
