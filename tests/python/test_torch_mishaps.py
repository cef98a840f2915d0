"""What goes wrong inside a watched PyTorch training, and must not end it."""

import gc
import math
import threading
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import gradvitals  # noqa: E402
from gradvitals.pytorch import layers as layers_module  # noqa: E402
from torch.nn.modules import module as module_hooks  # noqa: E402
from torch_models import mlp  # noqa: E402


def sgd(model, rate=0.0):
    return torch.optim.SGD(model.parameters(), rate)


def step(model, optimizer, value=1.0):
    optimizer.zero_grad()
    model(torch.full((4, 10), value)).mean().backward()
    optimizer.step()


def layer_hooks():
    gc.collect()  # Monitors of other tests.
    return len(module_hooks._global_forward_hooks)


def break_it(monitor):
    def fail(*_):
        raise OSError("broken")

    monitor._commit = fail


@pytest.mark.parametrize("when", ["backward", "optimizer"])
def test_an_error_inside_ends_the_watch_beside_other_hooks_of_the_optimizer(when):
    model = mlp()
    optimizer = sgd(model)
    broken = gradvitals.watch(model, optimizer, when=when)
    calls = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("pre"))
    optimizer.register_step_post_hook(lambda *_: calls.append("post"))
    other = gradvitals.watch(model, optimizer, when=when)
    break_it(broken)
    with pytest.warns(gradvitals.HealthWarning, match="stops watching: OSError: broken"):
        step(model, optimizer)
    step(model, optimizer)
    assert (broken.steps, other.steps) == (0, 2)
    assert calls == ["pre", "post"] * 2
    broken.close()
    other.close()
    assert len(optimizer._optimizer_step_pre_hooks) == 1
    assert len(optimizer._optimizer_step_post_hooks) == 1


def line_of(warning):
    return Path(warning.filename).read_text().splitlines()[warning.lineno - 1].strip()


@pytest.mark.filterwarnings("always")
def test_warnings_point_at_the_users_line_and_not_into_the_package():
    model = torch.nn.Embedding(5, 2, sparse=True)
    optimizer = sgd(model)
    with pytest.warns(gradvitals.HealthWarning) as caught:
        monitor = gradvitals.watch(model, optimizer, on_alert=lambda _: 1 / 0)
        for _ in range(3):
            model(torch.arange(5)).sum().backward()  # Left out, as it is sparse.
            optimizer.step()  # An alert that raises.
        break_it(monitor)
        model(torch.arange(5)).sum().backward()
        optimizer.step()  # Stops watching.
    assert [each.filename for each in caught] == [__file__] * 3
    assert [line_of(each).partition("# ")[2] for each in caught] == [
        "Left out, as it is sparse.",
        "An alert that raises.",
        "Stops watching.",
    ]


def test_a_broken_monitor_still_tells_nan_and_clips():
    model = mlp()
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer)
    break_it(monitor)
    with pytest.warns(gradvitals.HealthWarning, match="stops watching"):
        step(model, optimizer)
    optimizer.zero_grad()
    (1e3 * model(torch.ones(4, 10)).mean()).backward()
    gradients = [each.grad.double() for each in model.parameters()]
    norm = math.sqrt(sum(float((each**2).sum()) for each in gradients))
    assert not monitor.should_skip()
    assert monitor.clip_(1e-2) == pytest.approx(norm, rel=1e-5)
    assert monitor.clip_(1.0) == pytest.approx(1e-2, rel=1e-5)
    model[0].bias.grad[0] = math.nan
    assert monitor.should_skip()


def test_a_closed_monitor_answers_no_question_about_gradients_at_hand():
    model = mlp()
    monitor = gradvitals.watch(model, sgd(model))
    monitor.close()
    for ask in (monitor.should_skip, lambda: monitor.clip_(1.0)):
        with pytest.raises(RuntimeError, match="is closed"):
            ask()


@pytest.mark.parametrize("has_optimizer", [True, False])
def test_a_callback_that_closes_the_monitor_leaves_no_hook(has_optimizer):
    before = layer_hooks()
    model = mlp()
    optimizer = sgd(model)
    monitor = gradvitals.watch(
        model,
        optimizer if has_optimizer else None,
        layers_every=1,
        on_alert=lambda _: monitor.close(),
    )
    for _ in range(4):
        step(model, optimizer, math.nan)
    monitor.close()
    assert monitor.verdict == "non_finite"
    assert layer_hooks() == before
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks


def test_a_callback_may_train_on():
    model = mlp()
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer, on_alert=lambda _: step(model, optimizer))
    for _ in range(4):
        step(model, optimizer, math.nan)
    assert monitor.steps == 5
    monitor.close()


def test_all_parameters_may_be_frozen_for_a_while():
    model = mlp()
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer, strict=True)
    step(model, optimizer)
    model.requires_grad_(False)
    optimizer.step()
    model.requires_grad_(True)
    step(model, optimizer)
    assert monitor.steps == 2
    assert len(monitor.names) == 6
    monitor.close()


def test_an_optimizer_without_a_learning_rate_is_watched():
    class Fixed(torch.optim.Optimizer):
        def __init__(self, parameters):
            super().__init__(parameters, {})

        def step(self, closure=None):
            pass

    model = mlp()
    optimizer = Fixed(model.parameters())
    with gradvitals.watch(model, optimizer, strict=True) as monitor:
        step(model, optimizer)
        assert monitor.steps == 1


def test_layers_that_run_inside_a_transform_are_not_seen():
    model = mlp()
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=1, strict=True)
    parameters = {name: each.detach() for name, each in model.named_parameters()}

    def loss(values, x):
        return torch.func.functional_call(model, values, (x,)).pow(2).mean()

    found = torch.func.grad(loss)(parameters, torch.randn(4, 10))
    torch.func.vmap(torch.func.grad(loss), (None, 0))(parameters, torch.randn(4, 1, 10))
    for name, each in model.named_parameters():
        each.grad = found[name]
    optimizer.step()
    step(model, optimizer)
    assert monitor.steps == 2
    monitor.close()


def test_a_traced_model_has_nothing_of_the_layer_hooks():
    model = mlp()
    with gradvitals.watch(model, sgd(model), layers_every=1):
        traced = torch.jit.trace(model, torch.ones(2, 10))
    assert "detach" not in str(traced.inlined_graph)


def test_an_error_at_a_layer_ends_no_forward(monkeypatch):
    before = layer_hooks()

    def fail(*_):
        raise ZeroDivisionError("broken")

    monkeypatch.setattr(layers_module, "number_layers", fail)
    model = mlp()
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=1)
    with pytest.warns(gradvitals.HealthWarning, match="layers put out is left out: ZeroDivision"):
        step(model, optimizer)
    step(model, optimizer)
    assert monitor.steps == 2
    assert layer_hooks() == before
    monitor.close()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m: m.log(loss=10**400), TypeError, "loss is a int"),
        (lambda m: m.log(loss=torch.ones(2)), TypeError, "loss is a Tensor"),
        (lambda m: m.log(learning_rate="x"), TypeError, "learning_rate is a str"),
        (lambda m: m.clip_("x"), TypeError, "max_norm is a str"),
        (lambda m: m.clip_(None), ValueError, "max_norm is None"),
        (lambda m: m.clip_(math.nan), ValueError, "max_norm is nan"),
    ],
)
def test_a_wrong_number_is_refused_by_name(call, error, words):
    model = mlp()
    with gradvitals.watch(model, sgd(model)) as monitor, pytest.raises(error, match=words):
        call(monitor)


def test_numbers_of_other_libraries_are_taken():
    numpy = pytest.importorskip("numpy")
    model = mlp()
    optimizer = sgd(model)
    every = numpy.int64(1)
    with gradvitals.watch(model, optimizer, every=every, strict=True) as monitor:
        monitor.log(loss=numpy.ones(1), learning_rate=torch.tensor([0.1]))
        model(torch.ones(4, 10)).mean().backward()
        assert isinstance(monitor.clip_(torch.tensor(1e-3)), float)
        optimizer.step()
        assert monitor.steps == 1


def test_another_thread_may_ask_while_the_model_trains():
    model = mlp((10, 1024, 1024, 1))
    optimizer = sgd(model)
    monitor, failures = gradvitals.watch(model, optimizer, strict=True), []
    step(model, optimizer)

    def ask():
        try:
            for _ in range(100):
                monitor.diagnosis()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for _ in range(30):
        step(model, optimizer)
    thread.join()
    assert failures == []
    assert monitor.steps == 31
    monitor.close()
