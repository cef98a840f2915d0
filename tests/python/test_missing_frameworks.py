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
