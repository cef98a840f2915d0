"""How layers follow one another, and which activation is behind each, read from autograd's
graph."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

# gradvitals_activation
UNKNOWN, LINEAR, SIGMOID, RELU, TANH, LEAKY_RELU, GELU, SOFTPLUS = range(8)

_OF_MODULES: dict[type[nn.Module], int] = {
    nn.Sigmoid: SIGMOID,
    nn.ReLU: RELU,
    nn.Tanh: TANH,
    nn.LeakyReLU: LEAKY_RELU,
    nn.GELU: GELU,
    nn.Softplus: SOFTPLUS,
}
_OF_NODES = {
    "SigmoidBackward0": SIGMOID,
    "ReluBackward0": RELU,
    "TanhBackward0": TANH,
    "LeakyReluBackward0": LEAKY_RELU,
    "GeluBackward0": GELU,
    "SoftplusBackward0": SOFTPLUS,
}


@dataclass
class Layer:
    """`tail` is what an activation takes: the module's output, or that of a normalisation behind
    it. `node` made the module's output. `number` counts from 1; 0: not known."""

    name: str
    module: weakref.ref[nn.Module]
    tail: torch.Tensor
    version: int
    node: Any
    pre_activation: torch.Tensor | None = None
    output: torch.Tensor | None = None
    delta: list[torch.Tensor] = field(default_factory=list)  # One, once backward has come by.
    activation: int = UNKNOWN
    number: int = 0


def activation_of(module: nn.Module) -> int | None:
    """None: no activation that is known here."""
    return _OF_MODULES.get(type(module))


def number_layers(layers: Iterable[Layer], output: Any) -> bool:
    """Numbers them by the longest way from the input, and finds activations that are no modules.
    False where nothing of the model's output leads back to them."""
    layers = list(layers)
    by_node = {layer.node: layer for layer in layers}
    by_tail = {layer.tail.grad_fn: layer for layer in layers}
    depths: dict[Any, int] = {}
    starts = [t.grad_fn for t in _tensors(output) if t.grad_fn is not None]
    for start in starts + [layer.node for layer in layers]:
        _measure(start, by_node, by_tail, depths)
    for layer in layers:
        layer.number = depths[layer.node]
    return bool(starts)


def _measure(
    start: Any, by_node: dict[Any, Layer], by_tail: dict[Any, Layer], depths: dict[Any, int]
) -> None:
    """Depth-first, without recursion: graphs are deeper than Python's stack."""
    stack = [start]
    while stack:
        node = stack[-1]
        if node in depths:
            stack.pop()
            continue
        before = [edge for edge, _ in node.next_functions if edge is not None]
        missing = [edge for edge in before if edge not in depths]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        depths[node] = max((depths[edge] for edge in before), default=0) + (node in by_node)
        kind = _OF_NODES.get(node.name())
        for edge in before if kind is not None else ():
            layer = by_tail.get(edge) or by_node.get(edge)
            if layer is not None and layer.activation == UNKNOWN:
                layer.activation = kind


def _tensors(output: Any) -> list[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        return [output]
    if isinstance(output, dict):
        return [tensor for each in output.values() for tensor in _tensors(each)]
    if isinstance(output, list | tuple):
        return [tensor for each in output for tensor in _tensors(each)]
    return []
