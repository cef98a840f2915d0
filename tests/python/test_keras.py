"""Contract: gradvitals.keras.HealthMonitor judges what fit() trains, on the backends
TensorFlow and PyTorch.
"""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

gradvitals = pytest.importorskip("gradvitals")
HAS = {
    name: importlib.util.find_spec(name) is not None for name in ("tensorflow", "torch", "keras")
}
if not HAS["keras"]:
    pytest.skip("needs keras", allow_module_level=True)
os.environ.setdefault("KERAS_BACKEND", "tensorflow" if HAS["tensorflow"] else "torch")

import keras  # noqa: E402

BACKEND = keras.backend.backend()
if BACKEND not in ("tensorflow", "torch"):
    pytest.skip(f"Keras has the backend {BACKEND}", allow_module_level=True)

from gradvitals.keras import HealthMonitor  # noqa: E402


def data(count=320):
    x = np.random.default_rng(0).normal(size=(count, 10)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def model_of(*layers, optimizer="adam", **options):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((10,)), *layers])
    model.compile(optimizer, "mse", jit_compile=False, **options)
    return model


def dense(units, activation=None, **options):
    return keras.layers.Dense(units, activation, **options)


def fit(model, health, **options):
    x, y = data()
    return model.fit(
        x, y, **{"batch_size": 32, "epochs": 2, "verbose": 0, "callbacks": [health], **options}
    )


class Norms(keras.callbacks.Callback):
    """Those of each step; a monitor that is closed has no statistics."""

    def __init__(self, health):
        super().__init__()
        self.health, self.seen = health, []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(
            dict(zip(self.health.monitor.names, self.health.monitor.norms, strict=True))
        )


def test_a_healthy_network_is_healthy():
    health = HealthMonitor()
    fit(model_of(dense(64, "relu"), dense(1)), health)
    assert health.monitor.steps == 20
    assert health.monitor.diagnosis().verdict == "healthy"


def test_a_deep_sigmoid_network_vanishes():
    health = HealthMonitor()
    fit(model_of(*(dense(64, "sigmoid") for _ in range(6)), dense(1), optimizer="sgd"), health)
    assert health.monitor.diagnosis().verdict == "vanishing"


def test_a_nan_in_the_data_is_told_by_its_tensors():
    health = HealthMonitor()
    x, y = data()
    x[:, 3] = np.nan
    model_of(dense(64, "tanh"), dense(1)).fit(x, y, verbose=0, callbacks=[health])
    assert health.monitor.diagnosis().verdict == "non_finite"


def test_norms_are_those_of_the_step_before_it_is_clipped():
    health = HealthMonitor()
    model = model_of(
        dense(16, "tanh"), dense(1), optimizer=keras.optimizers.SGD(0.01, clipnorm=1e-3)
    )
    x, y = data(32)
    weights = model.get_weights()
    norms = Norms(health)
    model.fit(x, y, batch_size=32, epochs=1, verbose=0, callbacks=[health, norms])
    hidden = np.tanh(x.astype("f8") @ weights[0] + weights[1])
    delta = 2 * (hidden @ weights[2] + weights[3] - y) / 32
    back = delta @ weights[2].astype("f8").T * (1 - hidden**2)
    expected = [x.T @ back, back.sum(0), hidden.T @ delta, delta.sum(0)]
    for variable, gradient in zip(model.trainable_variables, expected, strict=True):
        assert norms.seen[0][variable.path] == pytest.approx(np.linalg.norm(gradient), rel=1e-4)


def test_the_optimizer_is_itself_again_and_trains_on_without_the_monitor():
    health = HealthMonitor()
    model = model_of(dense(16, "relu"), dense(1))
    fit(model, health)
    assert not {"apply", "scale_loss"} & set(vars(model.optimizer))
    fit(model, keras.callbacks.Callback())
    assert health.monitor.steps == 20


def test_a_second_fit_is_a_second_run():
    health = HealthMonitor()
    model = model_of(dense(16, "relu"), dense(1))
    fit(model, health)
    fit(model, health, epochs=1)
    assert health.monitor.steps == 10


class Interrupt(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            raise KeyboardInterrupt


def test_behind_an_interrupted_fit_the_next_one_is_not_watched():
    health = HealthMonitor()
    model = model_of(dense(16, "relu"), dense(1))
    with pytest.raises(KeyboardInterrupt):
        fit(model, health, callbacks=[health, Interrupt()])
    assert health.monitor.steps == 3
    fit(model, keras.callbacks.Callback())
    assert health.monitor.closed and health.monitor.steps == 3
    assert not {"apply", "scale_loss"} & set(vars(model.optimizer))
    assert "make_train_function" not in vars(model)
    fit(model, health, epochs=1)
    assert health.monitor.steps == 10


def test_a_monitor_that_is_closed_within_a_fit_lets_it_train_on():
    health = HealthMonitor()
    model = model_of(dense(16, "relu"), dense(1))
    close = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: health.monitor.close()
    )
    fit(model, health, callbacks=[health, close])
    assert health.monitor.steps == 1
    assert int(model.optimizer.iterations) == 20


def test_fail_on_ends_the_training_with_its_diagnosis():
    model = model_of(dense(16, "relu"), dense(1))
    x, y = data()
    y[5] = np.nan
    with pytest.raises(gradvitals.UnhealthyGradients) as caught:
        model.fit(
            x, y, batch_size=320, epochs=5, verbose=0, callbacks=[HealthMonitor(fail_on="critical")]
        )
    assert caught.value.diagnosis.verdict == "non_finite"
    assert "apply" not in vars(model.optimizer)


def test_scaled_losses_are_undone():
    plain, scaled = HealthMonitor(), HealthMonitor()
    sgd = keras.optimizers.SGD(0.0)
    fit(model_of(dense(16, "relu"), dense(1), optimizer=sgd), plain, shuffle=False)
    wrapped = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.0), initial_scale=1024.0)
    fit(model_of(dense(16, "relu"), dense(1), optimizer=wrapped), scaled, shuffle=False)
    assert scaled.monitor.diagnosis().verdict == plain.monitor.diagnosis().verdict == "healthy"


def test_a_scaler_that_looks_for_its_scale_is_no_fault():
    """The first steps overflow, and the optimizer leaves them out."""
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(), initial_scale=1e38)
    health = HealthMonitor()
    fit(model_of(dense(16, "relu"), dense(1), optimizer=scaled), health)
    assert health.monitor.steps == 20
    assert health.monitor.diagnosis().verdict == "healthy"


def test_embeddings_have_the_gradient_of_the_whole_table():
    keras.utils.set_random_seed(0)
    health = HealthMonitor()
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Embedding(50, 8), keras.layers.Flatten(), dense(1)]
    )
    model.compile("sgd", "mse", jit_compile=False)
    x = np.random.default_rng(0).integers(0, 50, (64, 4))
    norms = Norms(health)
    y = x.mean(axis=1, keepdims=True) / 25
    table = model.layers[0].get_weights()[0]
    kernel, bias = model.layers[2].get_weights()
    model.fit(x, y, batch_size=64, verbose=0, callbacks=[health, norms])
    delta = 2 * (table[x].reshape(64, 32) @ kernel + bias - y) / 64
    expected = np.zeros_like(table)
    np.add.at(expected, x, (delta @ kernel.T).reshape(64, 4, 8))
    assert norms.seen[0][model.trainable_variables[0].path] == pytest.approx(
        np.linalg.norm(expected), rel=1e-4
    )


@pytest.mark.skipif(BACKEND != "tensorflow", reason="of the TensorFlow backend")
def test_several_steps_of_one_call_are_each_judged():
    health = HealthMonitor()
    fit(model_of(dense(16, "relu"), dense(1), steps_per_execution=5), health)
    assert health.monitor.steps == 20


@pytest.mark.skipif(BACKEND != "tensorflow", reason="of the TensorFlow backend")
def test_xla_is_refused_with_the_way_out():
    model = model_of(dense(16, "relu"), dense(1))
    model.compile("adam", "mse", jit_compile=True)
    with pytest.raises(ValueError, match="compile.. with jit_compile=False"):
        fit(model, HealthMonitor())


@pytest.mark.skipif(
    not (HAS["tensorflow"] and HAS["torch"]) or BACKEND == "torch",
    reason="needs tensorflow and torch: the other backend is tested where it is the only one",
)
def test_the_torch_backend_passes_the_same_tests():
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    command = [sys.executable, "-m", "pytest", "-q", __file__]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_slices_of_a_table_are_read_as_the_whole():
    tf = pytest.importorskip("tensorflow")
    slices = tf.IndexedSlices(tf.ones((2, 3)), tf.constant([1, 3]), tf.constant([5, 3]))
    with gradvitals.Monitor() as monitor:
        monitor.step({"embedding/kernel": slices})
        assert monitor.stats()["embedding/kernel"].count == 15
        assert monitor.stats()["embedding/kernel"].zero_count == 9


@pytest.mark.skipif(BACKEND != "tensorflow", reason="of the TensorFlow backend")
@pytest.mark.parametrize(("given", "word"), [((None, 1), "X is None"), ((1, None), "y is None")])
def test_a_checkup_without_data_is_refused_by_name(given, word):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    x, y = (None if each is None else np.ones((4, 3), "f4") for each in given)
    with pytest.raises(TypeError, match=word):
        gradvitals.checkup(model, x, y)
