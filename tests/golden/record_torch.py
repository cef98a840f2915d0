#!/usr/bin/env python3
"""Dumps gradients of real PyTorch models, and the statistics PyTorch itself gives for them in float64.

    python3 -m venv torch && torch/bin/pip install torch safetensors numpy
    torch/bin/python tests/golden/record_torch.py tests/data/golden/gradients

Three models (a transformer block, a convolutional net, an LSTM), each stored as float32, bfloat16 and
float16: NAME.safetensors as `safetensors.torch` writes it, NAME.expected.json with the answers. Gradients
are computed in float32 and rounded to the stored type, so that float16 holds subnormals and zeros.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
SAFETENSORS_NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}


class LastStep(nn.Module):
    """An LSTM read at its last step."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=12, hidden_size=24, num_layers=2, batch_first=True)
        self.head = nn.Linear(24, 1)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


def models():
    """Name, model and a batch of inputs."""
    yield "torch_transformer", nn.TransformerEncoderLayer(
        d_model=32, nhead=4, dim_feedforward=64, dropout=0.0, batch_first=True
    ), torch.randn(8, 16, 32)
    yield "torch_convnet", nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4),
        nn.Flatten(), nn.Linear(256, 10),
    ), torch.randn(4, 3, 16, 16)
    yield "torch_lstm", LastStep(), torch.randn(16, 20, 12)


def statistics(name, gradient):
    values = gradient.double().flatten()
    magnitude = values.abs()
    nonzero = magnitude[magnitude > 0]
    smallest_normal = torch.finfo(gradient.dtype).tiny
    return {
        "name": name,
        "dtype": SAFETENSORS_NAMES[gradient.dtype],
        "count": values.numel(),
        "l2_norm": values.norm().item(),
        "rms": values.square().mean().sqrt().item(),
        "max_abs": magnitude.max().item(),
        "min_abs_nonzero": nonzero.min().item() if nonzero.numel() else None,
        "zero_count": values.numel() - nonzero.numel(),
        "subnormal_count": int((nonzero < smallest_normal).sum()),
        "nan_count": 0,
        "inf_count": 0,
        "first_nonfinite_index": None,
    }


def order_in_file(path):
    """Names in the order of their bytes, which is the order a reader sees."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    header.pop("__metadata__", None)
    return sorted(header, key=lambda name: header[name]["data_offsets"])


def record(folder, name, gradients):
    assert all(gradient.isfinite().all() for gradient in gradients.values()), name
    path = folder / f"{name}.safetensors"
    save_file(gradients, str(path))
    expected = {
        "verdict": "healthy",  # PyTorch's default weights, before the first step
        "torch": torch.__version__,
        "tensors": [statistics(key, gradients[key]) for key in order_in_file(path)],
    }
    (folder / f"{name}.expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    torch.manual_seed(0)
    for name, model, x in models():
        output = model(x)
        nn.functional.mse_loss(output, torch.randn_like(output)).backward()
        for suffix, dtype in DTYPES.items():
            gradients = {key: p.grad.to(dtype).contiguous() for key, p in model.named_parameters()}
            record(folder, f"{name}_{suffix}", gradients)


if __name__ == "__main__":
    main()
