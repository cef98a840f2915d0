"""Contract: a watched optax optimizer keeps its gradients in its state, judged outside jit."""

import numpy as np
import pytest

gradvitals = pytest.importorskip("gradvitals")
jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

import jax.numpy as jnp  # noqa: E402
from gradvitals.optax import HealthMonitor, gradients_of, watched  # noqa: E402


def layers(key, *widths, scale=None):
    """Dense layers as trees have them, (in,out); Glorot's size where no scale is given."""
    keys = jax.random.split(key, len(widths))
    return {
        f"layers_{i}": {
            "kernel": jax.random.normal(keys[i], (a, b)) * (scale or (2 / (a + b)) ** 0.5),
            "bias": jnp.zeros(b),
        }
        for i, (a, b) in enumerate(zip(widths, widths[1:], strict=False))
    }


def predict(params, x, activation):
    last = len(params) - 1
    for i in range(last + 1):
        x = x @ params[f"layers_{i}"]["kernel"] + params[f"layers_{i}"]["bias"]
        x = x if i == last else activation(x)
    return x


def train(params, activation, steps=20, optimizer=None, spoil=lambda x, step: x, **options):
    optimizer = watched(optimizer or optax.adam(1e-3))
    monitor = HealthMonitor(**options)
    state = optimizer.init(params)
    x = jax.random.normal(jax.random.key(1), (100, 10))
    y = x.sum(axis=1, keepdims=True)

    @jax.jit
    def train_step(params, state, x):
        def loss_of(params):
            return jnp.mean((predict(params, x, activation) - y) ** 2)

        loss, gradients = jax.value_and_grad(loss_of)(params)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, loss

    for step in range(steps):
        before = params
        params, state, loss = train_step(params, state, spoil(x, step))
        monitor.step(state, before, loss=loss)
    assert train_step._cache_size() == 1
    return monitor


def test_a_healthy_network_is_healthy():
    monitor = train(layers(jax.random.key(0), 10, 64, 64, 1), jax.nn.relu)
    assert monitor.steps == 20
    assert monitor.diagnosis().verdict == "healthy"


def test_a_deep_sigmoid_network_vanishes():
    assert (
        train(layers(jax.random.key(0), 10, *[64] * 10, 1), jax.nn.sigmoid).diagnosis().verdict
        == "vanishing"
    )


def test_a_nan_in_the_data_is_told():
    monitor = train(
        layers(jax.random.key(0), 10, 64, 1),
        jax.nn.relu,
        spoil=lambda x, step: x.at[3, 3].set(jnp.nan) if step == 5 else x,
    )
    assert any(event.severity == "critical" and event.step == 5 for event in monitor.events)


def test_fail_on_raises_with_the_diagnosis():
    with pytest.raises(gradvitals.UnhealthyGradients) as caught:
        train(
            layers(jax.random.key(0), 10, 64, 1),
            jax.nn.relu,
            fail_on="critical",
            spoil=lambda x, step: x.at[3, 3].set(jnp.nan) if step == 5 else x,
        )
    assert caught.value.diagnosis.verdict == "non_finite"


def test_updates_are_those_of_the_optimizer_inside():
    params = layers(jax.random.key(0), 10, 8, 1)
    gradients = jax.tree.map(jnp.ones_like, params)
    plain = optax.chain(optax.clip_by_global_norm(0.1), optax.adam(1e-2))
    expected, _ = plain.update(gradients, plain.init(params), params)
    wrapped = watched(plain)
    updates, state = wrapped.update(gradients, wrapped.init(params), params)
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), expected, updates))
    found = gradients_of(state)
    assert sorted(found) == ["layers_0/bias", "layers_0/kernel", "layers_1/bias", "layers_1/kernel"]
    assert all(
        (np.asarray(value) == 1).all() for value in found.values()
    )  # As they were before clipping.


def test_a_watched_optimizer_is_found_inside_others():
    params = layers(jax.random.key(0), 10, 8, 1)
    optimizer = optax.MultiSteps(
        optax.chain(watched(optax.sgd(1.0)), optax.scale(0.5)), every_k_schedule=2
    )
    assert len(gradients_of(optimizer.init(params))) == 4


def test_a_state_without_a_watched_optimizer_is_refused():
    with pytest.raises(ValueError, match="holds 0 watched optimizers, not one: wrap the optimizer"):
        HealthMonitor().step(optax.adam(1e-3).init({"w": jnp.ones(3)}))


def test_a_tracer_is_refused_by_name():
    def inside(x):
        gradvitals.diagnose({"w": x})
        return x

    with pytest.raises(TypeError, match=r"gradients\['w'\] is a tracer.*outside jit"):
        jax.jit(inside)(jnp.ones(3))
