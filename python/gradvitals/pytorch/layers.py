"""What layers put out and the gradients there, in some steps.
 Hooks for all modules of the process, which leave nothing in the model, are installed for those
steps alone. They keep, until backward ends, what each Linear, Conv1d to 3d, Embedding and
MultiheadAttention puts out (its pre-activation, behind a normalisation where one follows) and the
gradient there. Of a module that is called several times the last call counts. A layer's number is
the depth in autograd's graph: layers side by side have one number. Where part of the graph is not
to be seen, as with re-entrant checkpoints, it is the place in the order of execution.
"""

from __future__ import annotations

import sys
import warnings
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as module_hooks

from .flow import Layer, activation_of, number_layers
from .rows import layer_arrays

_KERNELS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.Embedding,
    nn.MultiheadAttention,
)
_NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
_is_transformed = torch._C._functorch.is_functorch_wrapped_tensor
_is_traced = torch.jit.is_tracing
_current_task = torch._C._current_graph_task_id


@dataclass
class LayerTensors:
    """What Watch.observe_layers() takes, and the number of each parameter's layer, by its names."""

    arguments: tuple[list, list, list, list, list]
    of_parameters: dict[str, int] = field(default_factory=dict)


class LayerWatch:
    """Every `every` steps (0: never), from step 0 on."""

    def __init__(
        self,
        models: Mapping[str, nn.Module],
        *,
        every: int,
        on_problem: Callable[[str, str], None],
    ) -> None:
        self._on_problem = on_problem
        self._models = [(name, weakref.ref(model)) for name, model in models.items()]
        self._every = every
        self._has_seen = False
        self._handles: list[Any] = []
        self._stance: Any = None
        self._names: dict[int, str] = {}
        self._roots: set[int] = set()
        self._inside_attention: set[int] = set()
        self._reset()

    def _reset(self) -> None:
        self._layers: dict[int, Layer] = {}
        self._order: dict[int, int] = {}
        self._by_output: dict[int, Layer] = {}
        self._has_graph = False

    def prepare(self, step: int) -> None:
        """Installs hooks where the step is one of those whose layers are seen."""
        if self._every == 0:
            return
        if not self._has_seen or step % self._every == 0:
            self._install()
        else:
            self.close()

    def _install(self) -> None:
        self._reset()
        if self._handles:
            return
        self._names, self._roots, self._inside_attention = {}, set(), set()
        for prefix, reference in self._models:
            model = reference()
            if model is None:
                return
            self._roots.add(id(model))
            for name, each in model.named_modules(prefix=prefix):
                self._names[id(each)] = name
                if isinstance(each, nn.MultiheadAttention):
                    self._inside_attention |= {id(inner) for inner in each.children()}
        if _has_compiled():
            # Code that was compiled without these hooks would not call them.
            _silence_compiler()
            self._stance = torch.compiler.set_stance("force_eager")
        self._handles = [
            module_hooks.register_module_forward_pre_hook(self._before_forward),
            module_hooks.register_module_forward_hook(self._after_forward),
        ]

    def close(self) -> None:
        """No hook is left, and no tensor is held."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        if self._stance is not None:
            self._stance.__exit__(None, None, None)
            self._stance = None
        self._reset()

    # Hooks: they must never end a forward, and return nothing.

    def _before_forward(self, module: nn.Module, args: tuple) -> None:
        if id(module) in self._names and getattr(module, "inplace", False) and not _is_traced():
            try:
                self._see_input(args)
            except Exception as error:
                self._give_up(error)

    def _after_forward(self, module: nn.Module, args: tuple, output: Any) -> None:
        if id(module) in self._names and not _is_traced():
            try:
                self._see_output(module, args, output)
            except Exception as error:
                self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._every = 0
        self.close()
        self._on_problem("what layers put out", f"{type(error).__name__}: {error}")

    def _see_input(self, args: tuple) -> None:
        layer = self._by_output.get(id(args[0])) if args else None
        if layer is not None and layer.tail is args[0]:
            with torch.no_grad():
                layer.pre_activation = args[0].detach().clone()

    def _see_output(self, module: nn.Module, args: tuple, output: Any) -> None:
        key = id(module)
        if isinstance(module, _KERNELS):
            if key not in self._inside_attention:
                self._keep(module, output[0] if isinstance(output, tuple) else output)
        elif args and isinstance(output, torch.Tensor):
            layer = self._by_output.get(id(args[0]))
            if layer is not None:
                self._follow(module, layer, output)
        if key in self._roots and self._layers:
            self._has_graph = number_layers(self._layers.values(), output)

    def _follow(self, module: nn.Module, layer: Layer, output: torch.Tensor) -> None:
        """A module that takes what the layer put out."""
        if isinstance(module, _NORMS):
            self._by_output.pop(id(layer.tail), None)
            layer.tail, layer.version = output, output._version
            self._by_output[id(output)] = layer
            return
        activation = activation_of(module)
        if activation is not None:
            layer.activation, layer.output = activation, output.detach()

    def _keep(self, module: nn.Module, output: Any) -> None:
        if not isinstance(output, torch.Tensor) or not output.is_floating_point():
            return
        if _is_transformed(output):
            return  # By torch.func: a value that is gone as its transform ends.
        key = id(module)
        self._order.setdefault(key, len(self._order) + 1)
        if not output.requires_grad:
            return
        before = self._layers.get(key)
        if before is not None and not before.delta and _current_task() >= 0:
            return  # A checkpoint runs it again, beside the graph that gradients go through.
        if before is not None:
            self._by_output.pop(id(before.tail), None)
        layer = Layer(
            self._names[key],
            weakref.ref(module),
            tail=output,
            version=output._version,
            node=output.grad_fn,
        )
        self._layers[key] = layer
        self._by_output[id(output)] = layer

        # Not the layer itself: it holds the output, which holds its hooks, where no collector
        # looks.
        delta = layer.delta

        def keep_delta(gradient: torch.Tensor) -> None:
            delta[:] = [gradient.detach()]

        output.register_hook(keep_delta)

    @property
    def is_ready(self) -> bool:
        return bool(self._layers)

    def take(self, *, is_whole: bool) -> LayerTensors | None:
        """Of the step that goes on; None where its layers are not seen. They are forgotten here,
        unless more of the step is to come."""
        if not self._handles or not self._layers:
            return None
        layers = list(self._layers.values())
        if not self._has_graph or any(layer.number == 0 for layer in layers):
            for key, layer in self._layers.items():
                layer.number = self._order[key]
        if is_whole:
            self._reset()
        self._has_seen = True
        arrays = layer_arrays(layers)
        return LayerTensors(arrays, _numbers_of_parameters(layers))


def _numbers_of_parameters(layers: list[Layer]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    seen: dict[
        int, int
    ] = {}  # Of a tied weight that of its last layer: a head's is none of a hidden layer.
    for layer in layers:
        module = layer.module()
        if module is None:
            continue
        for parameter in module.parameters():
            number = max(layer.number, seen.get(id(parameter), 0))
            seen[id(parameter)] = number
    for layer in layers:
        module = layer.module()
        if module is None:
            continue
        for name, parameter in module.named_parameters():
            numbers[f"{layer.name}.{name}" if layer.name else name] = seen[id(parameter)]
    return numbers


def _has_compiled() -> bool:
    return "torch._dynamo.eval_frame" in sys.modules and hasattr(torch.compiler, "set_stance")


def _silence_compiler() -> None:
    """A compiled module's warning that hooks fire for it as well: these know their modules."""
    message = r"Using `torch\.compile\(module\)` when there are global hooks on modules"
    if not any(each[1] is not None and each[1].pattern == message for each in warnings.filters):
        warnings.filterwarnings("ignore", message=message)
