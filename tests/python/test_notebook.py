"""Contract: the notebook's two functions are the notebook's, for Keras and PyTorch.

Oracles: texts that the notebook's own code printed under CPython (tests/data/golden/interpret), and
norms in float64.
"""

import json
import os
import pathlib

import numpy as np
import pytest

gradvitals = pytest.importorskip("gradvitals")

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "golden" / "interpret"
KEYS = [
    "min_gradient",
    "max_gradient",
    "mean_gradient",
    "std_gradient",
    "vanished_layers",
    "weak_layers",
    "total_layers",
    "gradient_norms",
]


def torch_model():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layers = torch.nn.Linear(10, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)
    return torch.nn.Sequential(*layers)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.metrics.json")), ids=lambda path: path.name)
def test_the_text_is_the_notebooks_to_the_byte(path, capsys):
    expected = path.with_name(path.name.replace(".metrics.json", ".txt")).read_text(
        encoding="utf-8"
    )
    assert gradvitals.interpret_gradient_health(json.loads(path.read_text())) is None
    assert capsys.readouterr().out.strip("\n") == expected.strip("\n")


def test_the_text_begins_with_the_blank_line_that_the_notebook_prints(capsys):
    metrics = json.loads((DATA / "healthy.metrics.json").read_text())
    gradvitals.interpret_gradient_health(metrics)
    said = capsys.readouterr().out
    assert said.startswith("\n🏥 GRADIENT HEALTH DIAGNOSIS:\n") and said.endswith("/8\n")


def test_missing_keys_are_named():
    with pytest.raises(ValueError, match="lacks mean_gradient, weak_layers: give it what"):
        gradvitals.interpret_gradient_health(
            {key: 1 for key in KEYS if key not in ("mean_gradient", "weak_layers")}
        )


def check_metrics(metrics, norms):
    assert list(metrics) == KEYS
    assert metrics["gradient_norms"] == pytest.approx(norms, rel=1e-5)
    single = np.array(metrics["gradient_norms"])
    assert single.dtype == np.float32
    for key, value in (
        ("min_gradient", single.min()),
        ("max_gradient", single.max()),
        ("mean_gradient", single.mean()),
        ("std_gradient", single.std()),
    ):
        assert metrics[key] == value and metrics[key].dtype == np.float32
    assert metrics["total_layers"] == len(norms)


def test_a_torch_model_has_the_norms_of_its_gradients_and_keeps_its_own():
    model = torch_model()
    import torch

    x, y = torch.randn(32, 10), torch.rand(32, 1)
    metrics = gradvitals.monitor_gradient_health(model, x.numpy(), y.numpy())
    assert all(p.grad is None for p in model.parameters())
    double = torch_model().double()
    ((double(x.double()) - y.double()) ** 2).mean().backward()
    check_metrics(metrics, [p.grad.norm().item() for p in double.parameters()])


@pytest.mark.parametrize(("factor", "vanished", "weak"), [(1.0, 0, 0), (1e-4, 0, 2), (1e-7, 2, 2)])
def test_vanished_and_weak_tensors_are_counted_as_the_notebook_counts(factor, vanished, weak):
    """The gradients of the first layer are as small as the weights behind it."""
    model = torch_model()
    import torch

    with torch.no_grad():
        model[2].weight.mul_(factor)
    metrics = gradvitals.monitor_gradient_health(model, torch.randn(32, 10), torch.rand(32, 1))
    assert (metrics["vanished_layers"], metrics["weak_layers"]) == (vanished, weak)


def test_frozen_parameters_and_those_without_gradient_are_left_out():
    model = torch_model()
    import torch

    model[0].weight.requires_grad_(False)
    model.register_parameter("unused", torch.nn.Parameter(torch.zeros(3)))
    metrics = gradvitals.monitor_gradient_health(model, torch.randn(8, 10), torch.rand(8, 1))
    assert metrics["total_layers"] == 3


def test_another_loss_may_be_given():
    model = torch_model()
    import torch

    x, y = torch.randn(8, 10), torch.rand(8, 1)
    metrics = gradvitals.monitor_gradient_health(model, x, y, loss=torch.nn.functional.l1_loss)
    torch.nn.functional.l1_loss(model(x), y).backward()
    assert metrics["gradient_norms"] == pytest.approx(
        [p.grad.norm().item() for p in model.parameters()], rel=1e-5
    )


def test_a_bfloat16_model_is_measured():
    model = torch_model()
    import torch

    metrics = gradvitals.monitor_gradient_health(
        model.bfloat16(), torch.randn(8, 10), torch.rand(8, 1)
    )
    assert metrics["total_layers"] == 4 and metrics["min_gradient"] > 0


def test_a_model_without_gradient_says_so():
    model = torch_model().requires_grad_(False)
    with pytest.raises(ValueError, match="no gradient: the loss depends on no trainable variable"):
        gradvitals.monitor_gradient_health(model, np.zeros((4, 10), "f"), np.zeros((4, 1), "f"))


def test_x_and_y_of_differing_length_are_refused():
    with pytest.raises(ValueError, match="X has 8 samples and y 4: they are pairs"):
        gradvitals.monitor_gradient_health(
            torch_model(), np.zeros((8, 10), "f"), np.zeros((4, 1), "f")
        )


def test_a_y_that_would_be_broadcast_is_computed_as_in_the_notebook_and_said():
    with pytest.warns(
        gradvitals.HealthWarning, match=r"\(8, 1\) and y \(8,\): their difference is broadcast"
    ):
        gradvitals.monitor_gradient_health(torch_model(), np.zeros((8, 10), "f"), np.zeros(8, "f"))


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match="builtins.list is no Keras and no PyTorch model"):
        gradvitals.monitor_gradient_health([], np.zeros((8, 10)), np.zeros((8, 1)))


def test_a_keras_model_has_the_norms_that_the_notebooks_code_has():
    tf = pytest.importorskip("tensorflow")
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        pytest.skip("Keras has another backend in this process")
    tf.keras.utils.set_random_seed(0)
    model = tf.keras.Sequential(
        [tf.keras.Input((10,)), tf.keras.layers.Dense(16, "sigmoid"), tf.keras.layers.Dense(1)]
    )
    x, y = tf.random.normal((100, 10)), tf.random.uniform((100, 1))
    metrics = gradvitals.monitor_gradient_health(model, x, y)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    norms = [tf.norm(g).numpy() for g in tape.gradient(loss, model.trainable_variables)]
    check_metrics(metrics, norms)
    assert metrics["gradient_norms"] == norms


def keras_network(*layers, stddev=None):
    """Of (units, activation); `stddev` replaces Glorot's weights."""
    tf = pytest.importorskip("tensorflow")
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        pytest.skip("Keras has another backend in this process")
    tf.keras.utils.set_random_seed(0)

    def dense(units, activation):
        initial = (
            {"kernel_initializer": tf.keras.initializers.RandomNormal(stddev=stddev)}
            if stddev
            else {}
        )
        return tf.keras.layers.Dense(units, activation, **initial)

    return tf.keras.Sequential([tf.keras.Input((10,)), *(dense(*layer) for layer in layers)])


def test_a_checkup_tells_what_gradients_alone_do_not():
    """A head that is flat hides that every layer before it amplifies."""
    tf = pytest.importorskip("tensorflow")
    model = keras_network(
        (64, "linear"), (64, "linear"), (64, "linear"), (1, "sigmoid"), stddev=2.0
    )
    x, y = tf.random.normal((100, 10)), tf.random.uniform((100, 1))
    activations = [layer.activation for layer in model.layers]
    diagnosis = gradvitals.checkup(model, x, y)
    assert diagnosis.verdict == "exploding"
    assert [layer.activation for layer in model.layers] == activations
    with tf.GradientTape() as tape:
        z = model.layers[0](x)
        hidden = [z] + [z := layer(z) for layer in model.layers[1:3]]
        loss = tf.reduce_mean(tf.square(model.layers[3](z) - y))
    deltas = tape.gradient(loss, hidden)
    first, _, last = (np.linalg.norm(delta.numpy().astype("f8")) for delta in deltas)
    found = next(finding for finding in diagnosis.findings if finding.rule == "R2")
    assert found.value == pytest.approx(first / last, rel=1e-3)


def test_a_checkup_of_a_healthy_network_is_healthy():
    model = keras_network((64, "relu"), (64, "relu"), (1, "linear"))
    x = np.random.default_rng(0).normal(size=(100, 10)).astype("f")
    assert gradvitals.checkup(model, x, x.sum(axis=1, keepdims=True)).verdict == "healthy"


def test_a_checkup_of_a_torch_model_says_what_to_do_instead():
    with pytest.raises(TypeError, match=r"gradvitals.watch\(model, layers_every=1\)"):
        gradvitals.checkup(torch_model(), np.zeros((4, 10), "f"), np.zeros((4, 1), "f"))


def test_the_lesson_runs_from_beginning_to_end(tmp_path):
    """docs/notebook.ipynb, in a kernel of this Python; it concludes what the lesson says."""
    pytest.importorskip("tensorflow")
    pytest.importorskip("matplotlib")
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    path = pathlib.Path(__file__).resolve().parents[2] / "docs" / "notebook.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    said = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    rows = {
        line.split()[0]: line.split()[3:]
        for line in said.splitlines()
        if line.startswith(("Sigmoid  ", "ReLU  ", "Exploding  ")) and "/8" in line
    }
    assert rows == {
        "Sigmoid": ["EXCELLENT", "8/8", "vanishing"],
        "ReLU": ["EXCELLENT", "8/8", "healthy"],
        "Exploding": rows["Exploding"][:2] + ["exploding"],
    }
    assert (
        len(
            [
                1
                for cell in notebook.cells
                for output in cell.get("outputs", [])
                if "image/png" in output.get("data", {})
            ]
        )
        == 2
    )


def test_the_lesson_is_kept_small_and_names_no_place_of_this_machine():
    path = pathlib.Path(__file__).resolve().parents[2] / "docs" / "notebook.ipynb"
    text = path.read_text(encoding="utf-8")
    assert len(text) < 200_000
    assert not any(place in text for place in ("/tmp", "/home", "/root", "/work", "/usr"))
