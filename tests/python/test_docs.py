"""Contract: every Python block of docs/python.md runs, in order, a section at a time."""

import importlib.util
import pathlib
import re

import pytest

pytest.importorskip("gradvitals")

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "python.md"
FRAMEWORKS = ("torch", "lightning", "transformers", "keras", "jax", "optax", "numpy")

# What sections on parts of a PyTorch loop take as given.
PRELUDE = """
import torch
import gradvitals

model = torch.nn.Sequential(torch.nn.Linear(10, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
inputs = torch.randn(100, 10)

def loss_function(model):
    return ((model(inputs) - inputs.sum(1, keepdim=True)) ** 2).mean()
"""


def sections():
    """Title and Python blocks of each section that has any."""
    parts = re.split(r"^## (.*)$", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
        if blocks:
            yield title, blocks


def is_installed(name):
    return importlib.util.find_spec(name) is not None


def frameworks_of(blocks):
    """Those that a section imports; torch where it imports none, and takes the prelude."""
    code = "\n".join(blocks)
    found = [
        name for name in FRAMEWORKS if re.search(rf"^(import|from) {name}\b", code, re.MULTILINE)
    ]
    return found or ["torch"]


@pytest.mark.parametrize(("title", "blocks"), [pytest.param(*one, id=one[0]) for one in sections()])
def test_every_block_of_the_page_runs(title, blocks, tmp_path, monkeypatch):
    needed = frameworks_of(blocks)
    missing = [name for name in needed if not is_installed(name)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    if "keras" in needed and not is_installed("tensorflow"):
        monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "docs"}
    if needed == ["torch"]:
        exec(PRELUDE, names)
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"{DOCUMENT.name}, {title}, block {number}", "exec"), names)


def test_the_page_has_sections_for_every_framework():
    found = {name for _, blocks in sections() for name in frameworks_of(blocks)}
    assert found == set(FRAMEWORKS)
