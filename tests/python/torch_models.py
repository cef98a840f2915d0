"""Small models of real kinds, and a step of training each."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def mlp(widths=(10, 32, 32, 1), activation=nn.ReLU):
    layers = []
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:], strict=False)):
        layers.append(nn.Linear(inputs, outputs))
        if i < len(widths) - 2:
            layers.append(activation())
    return nn.Sequential(*layers)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x):
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    """With a tied head."""

    def __init__(self, words=50, width=16, blocks=2):
        super().__init__()
        self.tok = nn.Embedding(words, width)
        self.blocks = nn.ModuleList([Attention(width) for _ in range(blocks)])
        self.head = nn.Linear(width, words, bias=False)
        self.head.weight = self.tok.weight

    def forward(self, words):
        x = self.tok(words)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class MixtureOfExperts(nn.Module):
    def __init__(self, width=8, experts=3):
        super().__init__()
        self.router = nn.Linear(width, experts)
        self.experts = nn.ModuleList([nn.Linear(width, width) for _ in range(experts)])

    def forward(self, x):
        shares = torch.softmax(self.router(x), -1)
        return sum(shares[:, i : i + 1] * each(x) for i, each in enumerate(self.experts))


class Lora(nn.Module):
    def __init__(self, base: nn.Linear, rank=2):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + functional.linear(functional.linear(x, self.lora_A), self.lora_B)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(6, 12, num_layers=2, batch_first=True)
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class UnetPart(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(2, 8, 3, padding=1)
        self.inner = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.norm = nn.GroupNorm(2, 16)
        self.out = nn.Conv2d(16, 1, 1)

    def forward(self, x):
        skip = torch.relu(self.down(x))
        y = self.up(torch.relu(self.inner(skip)))
        return self.out(self.norm(torch.cat([skip, y], 1)))


def cnn():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 4),
    )


def lora():
    return nn.Sequential(Lora(nn.Linear(6, 8)), nn.ReLU(), Lora(nn.Linear(8, 2)))


# Name: model, and the shape of an input or words.
ARCHITECTURES = {
    "mlp": (mlp, (16, 10)),
    "cnn_with_batch_norm": (cnn, (4, 3, 8, 8)),
    "resnet_block": (lambda: ResidualBlock(3, 6), (2, 3, 6, 6)),
    "lstm": (Recurrent, (4, 5, 6)),
    "gpt_with_tied_head": (Gpt, None),
    "mixture_of_experts": (MixtureOfExperts, (12, 8)),
    "lora": (lora, (8, 6)),
    "unet_part": (UnetPart, (2, 2, 8, 8)),
}


def batch_of(name, dtype=torch.float32):
    shape = ARCHITECTURES[name][1]
    return torch.randint(0, 50, (3, 7)) if shape is None else torch.randn(shape).to(dtype)


def train(model, optimizer, steps, *, inputs=None, targets=None, before_step=None, loss_of=None):
    """Mean squared error, or loss_of(model)."""
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model) if loss_of else functional.mse_loss(model(inputs), targets)
        loss.backward()
        if before_step:
            before_step(loss)
        optimizer.step()
