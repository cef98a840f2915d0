"""Gradient health in JAX.

    optimizer = gradvitals.optax.watched(optax.adam(1e-3))      # gradients stay in its state
    monitor = gradvitals.optax.HealthMonitor(history="run.jsonl")
    for batch in batches:
        params, state, loss = train_step(params, state, batch)  # jitted, as it was
        monitor.step(state, params, loss=loss)                  # outside jit

A callback from inside jit costs some 20 ms a call; the state costs the gradients' memory and no
call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

try:
    import jax
    import optax
except ImportError as error:
    raise ImportError("gradvitals.optax needs JAX and optax: pip install jax optax") from error

from . import Monitor

__all__ = ["HealthMonitor", "WatchedState", "gradients_of", "named", "watched"]


class WatchedState(NamedTuple):
    """gradients: as the last update was given them; inner: the state of the optimizer inside."""

    gradients: Any
    inner: Any


def watched(optimizer: optax.GradientTransformation) -> optax.GradientTransformationExtraArgs:
    """The same optimizer, whose state also holds the gradients that it was given.

    Wrap the outermost one, and gradients are seen before clipping. Inside optax.MultiSteps those of
    accumulated steps are seen.
    """
    inner = optax.with_extra_args_support(optimizer)

    def init(params: Any) -> WatchedState:
        return WatchedState(jax.tree.map(jax.numpy.zeros_like, params), inner.init(params))

    def update(
        updates: Any, state: WatchedState, params: Any = None, **extra: Any
    ) -> tuple[Any, WatchedState]:
        new_updates, new_inner = inner.update(updates, state.inner, params, **extra)
        return new_updates, WatchedState(updates, new_inner)

    return optax.GradientTransformationExtraArgs(init, update)


def named(tree: Any) -> dict[str, Any]:
    """The leaves of a tree of arrays under their paths, "layer/kernel"."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def gradients_of(state: Any) -> Mapping[str, Any]:
    """Gradients in a watched optimizer's state, by name. Raises ValueError where it has none."""
    parts = jax.tree.leaves(state, is_leaf=lambda part: isinstance(part, WatchedState))
    found = [part for part in parts if isinstance(part, WatchedState)]
    if len(found) != 1:
        raise ValueError(
            f"the state holds {len(found)} watched optimizers, not one: wrap the optimizer by "
            "gradvitals.optax.watched() before init()"
        )
    return named(found[0].gradients)


class HealthMonitor(Monitor):
    """A `gradvitals.Monitor` that takes a watched optimizer's state; kernels are (in,out), as in
    Flax.

    options: those of `gradvitals.Monitor`: history, on_alert, fail_on, thresholds, ...
    """

    def step(self, state: Any, params: Any = None, loss: Any = None, **known: Any) -> Any:
        """Judges the last update. Call it outside jit, where values are known.

        state: the optimizer's, after update(); params: the weights, which make findings surer;
        loss: a scalar.
        """
        weights = None if params is None else named(params)
        return super().step(
            gradients_of(state),
            weights=weights,
            loss=loss,
            **known,
        )
