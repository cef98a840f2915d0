"""Statistics of every parameter against float64 references, on real kinds of models."""

import math

import pytest

torch = pytest.importorskip("torch")

import gradvitals  # noqa: E402
from torch_models import ARCHITECTURES, batch_of  # noqa: E402

_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def reference(tensor):
    """Of the finite elements, in float64 by NumPy's own sums: nothing is shared with the
    product."""
    values = tensor.detach().to(torch.float64).reshape(-1)
    finite = values[torch.isfinite(values)]
    magnitudes = finite.abs()
    nonzero = magnitudes[magnitudes > 0]
    tiny = torch.finfo(tensor.dtype).tiny
    bad = (~torch.isfinite(values)).nonzero()
    return {
        "count": values.numel(),
        "l2_norm": math.sqrt(math.fsum(float(v) ** 2 for v in finite)),
        "sum": math.fsum(float(v) for v in finite),
        "max_abs": float(magnitudes.max()) if len(magnitudes) else 0.0,
        "min_abs_nonzero": float(nonzero.min()) if len(nonzero) else math.inf,
        "zero_count": int((values == 0).sum()),
        "subnormal_count": int((nonzero < tiny).sum()),
        "nan_count": int(values.isnan().sum()),
        "inf_count": int(values.isinf().sum()),
        "first_nonfinite_index": int(bad[0]) if len(bad) else -1,
    }


def assert_matches(stats, tensor):
    expected = reference(tensor)
    magnitude = math.fsum(
        abs(float(v)) for v in tensor.detach().double().reshape(-1) if math.isfinite(v)
    )
    for name, value in expected.items():
        found = getattr(stats, name)
        if name == "l2_norm":
            assert abs(found - value) <= 1e-12 * value
        elif name == "sum":
            assert abs(found - value) <= 1e-12 * magnitude
        else:
            assert found == value, name


def one_backward(name, dtype):
    torch.manual_seed(3)
    model = ARCHITECTURES[name][0]().to(dtype)
    monitor = gradvitals.watch(model, on_alert=lambda _: None)
    output = model(batch_of(name, dtype))
    (output * torch.randn_like(output)).float().square().mean().backward()
    return model, monitor


@pytest.mark.parametrize("dtype", _DTYPES, ids=str)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_statistics_equal_float64_references_on_every_parameter(name, dtype):
    model, monitor = one_backward(name, dtype)
    stats = monitor.stats()
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert monitor.names == list(trainable)
    for parameter_name, parameter in trainable.items():
        assert parameter.grad is not None
        assert_matches(stats[parameter_name], parameter.grad)
        assert_matches(stats["weight:" + parameter_name], parameter)
    squares = math.fsum(stats[n].l2_norm ** 2 for n in trainable)
    assert monitor.global_norm == pytest.approx(math.sqrt(squares), rel=1e-12)
    assert list(monitor.norms) == pytest.approx([stats[n].l2_norm for n in trainable], rel=1e-15)


def test_values_that_are_not_finite_are_counted_and_placed():
    model = torch.nn.Linear(4, 3)
    monitor = gradvitals.watch(model, when="manual", on_alert=lambda _: None)
    model(torch.randn(2, 4)).sum().backward()
    model.weight.grad.view(-1)[5] = float("nan")
    model.weight.grad.view(-1)[7] = -float("inf")
    monitor.step()
    assert_matches(monitor.stats()["weight"], model.weight.grad)
    assert monitor.stats()["weight"].first_nonfinite_index == 5
    assert math.isnan(monitor.global_norm)


def test_gradients_that_lie_channels_last_are_read_as_they_lie():
    model = torch.nn.Conv2d(3, 8, 3).to(memory_format=torch.channels_last)
    monitor = gradvitals.watch(model)
    model(torch.randn(2, 3, 8, 8).to(memory_format=torch.channels_last)).square().sum().backward()
    assert_matches(monitor.stats()["weight"], model.weight.grad)


def test_a_gradient_that_is_a_view_is_read_from_a_copy():
    model = torch.nn.Linear(4, 3)
    monitor = gradvitals.watch(model, when="manual", on_alert=lambda _: None)
    model.weight.grad = torch.randn(6, 8)[::2, ::2]
    model.bias.grad = torch.randn(9)[::3]
    for _ in range(2):
        monitor.step()
        assert_matches(monitor.stats()["weight"], model.weight.grad)
        assert_matches(monitor.stats()["bias"], model.bias.grad)
        model.weight.grad = torch.randn(6, 8)[::2, ::2]
