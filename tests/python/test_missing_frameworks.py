"""Contract: a callback whose framework is missing says what to install."""

import importlib
import sys

import pytest

pytest.importorskip("gradvitals")


@pytest.mark.parametrize(
    ("module", "packages", "command"),
    [
        (
            "lightning",
            ["lightning", "lightning.pytorch", "pytorch_lightning"],
            "pip install lightning",
        ),
        ("transformers", ["transformers"], "pip install transformers"),
        ("keras", ["keras"], "pip install keras tensorflow"),
        ("optax", ["optax"], "pip install jax optax"),
    ],
)
def test_a_callback_without_its_framework_says_what_to_install(
    module, packages, command, monkeypatch
):
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)  # As if it were not installed.
    monkeypatch.delitem(sys.modules, f"gradvitals.{module}", raising=False)
    with pytest.raises(ImportError, match=f"gradvitals.{module} needs .*: {command}"):
        importlib.import_module(f"gradvitals.{module}")


def test_watch_without_pytorch_says_what_to_install(monkeypatch):
    import gradvitals

    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("gradvitals.pytorch")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(vars(gradvitals), "watch", raising=False)
    with pytest.raises(ImportError, match="gradvitals.watch needs PyTorch: pip install torch"):
        _ = gradvitals.watch
