#!/usr/bin/env python3
"""Records what TensorFlow and Keras compute for the seed notebook's three networks.

    python3 -m venv tf && tf/bin/pip install tensorflow-cpu safetensors
    tf/bin/python tests/golden/record_keras.py tests/data/golden/keras

For each seed and network it writes three files: NAME.model.safetensors and NAME.data.safetensors, as
`gradvitals checkup` reads them, and NAME.expected.json with the loss, the gradients' norms as the notebook
computes them, and the statistics of every gradient, pre-activation, output and delta. All arrays are
float32 as TensorFlow computed them; statistics are accumulated in float64.

The third network is recorded with a linear head too, which lets its explosion reach the gradients.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file
from tensorflow.keras.initializers import RandomNormal
from tensorflow.keras.layers import Dense

SEEDS = (0, 1, 42)
BATCH, FEATURES, UNITS = 100, 10, 64
# What each network was built to show.
VERDICTS = {"sigmoid": "vanishing", "relu": "healthy", "exploding": "exploding", "exploding_linear_head": "exploding"}


def network(hidden_layers, activation, head="sigmoid", stddev=None):
    """A Sequential of Dense layers, as the notebook builds them; `stddev` replaces Glorot's weights."""

    def hidden():
        options = {"kernel_initializer": RandomNormal(stddev=stddev)} if stddev else {}
        return Dense(UNITS, activation=activation, **options)

    hidden_stack = [hidden() for _ in range(hidden_layers)]
    return tf.keras.Sequential([tf.keras.Input((FEATURES,)), *hidden_stack, Dense(1, activation=head)])


def networks():
    """In the notebook's order; each call draws new weights."""
    yield "sigmoid", network(4, "sigmoid")
    yield "relu", network(4, "relu")
    yield "exploding", network(3, "linear", stddev=2.0)
    yield "exploding_linear_head", network(3, "linear", "linear", stddev=2.0)


def forward(model, x):
    """The model's output, and each layer's pre-activation and output, all on the tape."""
    pre_activations, outputs = [], []
    for layer in model.layers:
        x = tf.matmul(x, layer.kernel) + layer.bias
        pre_activations.append(x)
        x = layer.activation(x)
        outputs.append(x)
    return x, pre_activations, outputs


def statistics(role, layer, name, values):
    magnitude = np.abs(values.astype(np.float64))
    nonzero = magnitude[magnitude > 0]
    return {
        "name": name,
        "role": role,
        "layer": layer,
        "count": values.size,
        "l2_norm": float(np.sqrt(np.sum(magnitude**2))),
        "max_abs": float(magnitude.max()),
        "min_abs_nonzero": float(nonzero.min()) if nonzero.size else None,
        "zero_count": int(magnitude.size - nonzero.size),
    }


def record(folder, name, model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)

    with tf.GradientTape() as tape:
        output, pre_activations, outputs = forward(model, x)
        same_loss = tf.reduce_mean(tf.square(output - y))
    deltas = tape.gradient(same_loss, pre_activations)
    assert np.allclose(loss, same_loss, rtol=1e-5), name

    weights = {}
    tensors = []
    for i, layer in enumerate(model.layers):
        for kind in ("kernel", "bias"):
            weights[f"layers.{i}.{kind}"] = getattr(layer, kind).numpy()
            tensors.append(statistics("gradient", i, f"layers.{i}.{kind}",
                                      gradients[2 * i + (kind == "bias")].numpy()))
    for role, arrays in (("pre_activation", pre_activations), ("output", outputs), ("delta", deltas)):
        tensors += [statistics(role, i, f"layers.{i}", array.numpy()) for i, array in enumerate(arrays)]

    activations = ",".join(layer.activation.__name__ for layer in model.layers)
    save_file(weights, folder / f"{name}.model.safetensors", {"activations": activations, "loss": "mse"})
    save_file({"x": x.numpy(), "y": y.numpy()}, folder / f"{name}.data.safetensors")
    expected = {
        "verdict": VERDICTS[name.rsplit("_", 1)[0]],
        "tensorflow": tf.__version__,
        "loss": float(loss),
        "gradient_norms": [float(tf.norm(gradient)) for gradient in gradients],
        "tensors": tensors,
    }
    (folder / f"{name}.expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS:
        tf.keras.utils.set_random_seed(seed)
        x = tf.random.normal((BATCH, FEATURES))
        y = tf.random.uniform((BATCH, 1))
        for name, model in networks():
            record(folder, f"{name}_{seed}", model, x, y)


if __name__ == "__main__":
    main()
