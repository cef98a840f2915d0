"""What watch() takes, and what it says to what it does not take."""

import warnings

import pytest

torch = pytest.importorskip("torch")

import gradvitals  # noqa: E402
from torch_models import mlp, train  # noqa: E402


def adam(model):
    return torch.optim.Adam(model.parameters())


def train_a_little(model, optimizer, steps=4, **more):
    train(model, optimizer, steps, inputs=torch.randn(64, 10), targets=torch.randn(64, 1), **more)


def test_the_readme_lines_print_a_verdict():
    torch.manual_seed(0)
    model = mlp()
    optimizer = adam(model)
    monitor = gradvitals.watch(model, optimizer)
    train_a_little(model, optimizer)
    diagnosis = monitor.diagnosis()
    assert diagnosis.verdict == "healthy" and diagnosis.healthy
    assert "verdict healthy" in str(diagnosis)
    assert monitor.steps == 4
    assert "healthy" in repr(monitor) and "6 gradients" in repr(monitor)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (lambda m: (m.state_dict(),), TypeError, "model has '0.weight'"),
        (lambda m: (list(m.parameters()),), TypeError, "model is a list"),
        (lambda m: (torch.nn.ReLU(),), ValueError, "no parameters"),
        (lambda m: (m.requires_grad_(False),), ValueError, "frozen"),
        (lambda m: (torch.nn.LazyLinear(3),), ValueError, "lazy"),
        (lambda m: (m, m.parameters()), TypeError, "no torch.optim.Optimizer"),
        (lambda m: (m, adam(mlp())), ValueError, "updates none of the parameters"),
    ],
)
def test_a_wrong_model_or_optimizer_is_refused_by_name(arguments, error, words):
    with pytest.raises(error, match=words):
        gradvitals.watch(*arguments(mlp()))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"when": "always"}, ValueError, "when is 'always'"),
        ({"when": "optimizer"}, ValueError, "needs the optimizer"),
        ({"every": 0}, ValueError, "every is 0"),
        ({"every": 2.0}, TypeError, "every is a float"),
        ({"every": 2, "layers_every": 3}, ValueError, "multiple of 2"),
        ({"layers_every": -1}, ValueError, "layers_every is -1"),
        ({"fail_on": "never"}, ValueError, "fail_on is 'never'"),
        ({"scaler": 65536.0}, TypeError, "get_scale"),
        ({"on_alert": "print"}, TypeError, "on_alert is a str"),
        ({"thresholds": 3}, TypeError, "thresholds is a int"),
        ({"thresholds": {"no_such_limit": 3}}, ValueError, "no_such_limit"),
        ({"history": "/nowhere/at/all.jsonl"}, OSError, "/nowhere/at/all.jsonl"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options, error, words):
    with pytest.raises(error, match=words):
        gradvitals.watch(mlp(), **options)


def test_a_refused_watch_leaves_no_hook():
    model = mlp()
    optimizer = adam(model)
    with pytest.raises(OSError):
        gradvitals.watch(model, optimizer, history="/nowhere/at/all.jsonl")
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())
    assert not optimizer._optimizer_step_pre_hooks


def test_a_history_of_another_run_is_not_overwritten(tmp_path):
    path = tmp_path / "run.jsonl"
    model = mlp()
    optimizer = adam(model)
    with gradvitals.watch(model, optimizer, history=path):
        train_a_little(model, optimizer)
    written = path.read_bytes()
    with pytest.raises((ValueError, OSError), match="run.jsonl"):
        gradvitals.watch(model, optimizer, history=path)
    assert path.read_bytes() == written


def test_a_history_goes_on_where_resume_step_says(tmp_path):
    path = tmp_path / "run.jsonl"
    model = mlp()
    optimizer = adam(model)
    with gradvitals.watch(model, optimizer, history=path):
        train_a_little(model, optimizer)
    with gradvitals.watch(model, optimizer, history=path, resume_step=4):
        train_a_little(model, optimizer, 2)
    text = path.read_text()
    assert '"resumed","step":4' in text
    assert len([line for line in text.splitlines() if line.startswith("[")]) == 6


def test_several_models_are_one_training_under_their_names():
    models = {"encoder": mlp((10, 8, 4)), "decoder": mlp((4, 8, 10))}
    optimizer = torch.optim.SGD([p for m in models.values() for p in m.parameters()], lr=0.01)
    monitor = gradvitals.watch(models, optimizer)
    x = torch.randn(64, 10)
    train(
        models, optimizer, 3, loss_of=lambda m: (m["decoder"](m["encoder"](x)) - x).square().mean()
    )
    assert monitor.names[0] == "encoder.0.weight"
    assert "decoder.2.bias" in monitor.names
    assert monitor.steps == 3 and monitor.diagnosis().healthy


def test_a_model_can_be_watched_twice():
    model = mlp()
    optimizer = adam(model)
    first, second = gradvitals.watch(model, optimizer), gradvitals.watch(model, optimizer)
    train_a_little(model, optimizer)
    assert list(first.norms) == list(second.norms)
    first.close()
    train_a_little(model, optimizer)
    assert (first.steps, second.steps) == (4, 8)


def test_two_networks_with_optimizers_of_their_own_have_a_monitor_each():
    torch.manual_seed(0)
    generator, judge = mlp((4, 32, 10)), mlp((10, 32, 1))
    optimizers = [adam(generator), adam(judge)]
    monitors = [gradvitals.watch(m, o) for m, o in zip((generator, judge), optimizers, strict=True)]
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    for _ in range(12):
        real, noise = torch.randn(64, 10), torch.randn(64, 4)
        optimizers[1].zero_grad()
        loss = bce(judge(real), torch.ones(64, 1))
        (loss + bce(judge(generator(noise).detach()), torch.zeros(64, 1))).backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        bce(judge(generator(noise)), torch.ones(64, 1)).backward()
        optimizers[0].step()
    assert [m.steps for m in monitors] == [12, 12]
    assert all(m.diagnosis().healthy for m in monitors)


def test_wrapped_models_have_the_names_of_the_users_own():
    model = torch.nn.DataParallel(mlp())
    assert gradvitals.watch(model).names[0] == "0.weight"


def test_alerts_reach_the_callback_and_what_it_raises_is_said_once():
    model = mlp()
    optimizer = adam(model)
    seen = []

    def on_alert(event):
        seen.append(event)
        raise KeyError("of the user")

    monitor = gradvitals.watch(model, optimizer, on_alert=on_alert)

    def spoil(loss):
        model[0].weight.grad[0, 0] = float("nan")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            train_a_little(model, optimizer, 1)
            train(model, optimizer, 1, loss_of=lambda m: m(torch.full((4, 10), float("nan"))).sum())
    assert [e.rule for e in seen][:1] == ["R1"] and seen[0].severity == "critical"
    said = [w for w in caught if issubclass(w.category, gradvitals.HealthWarning)]
    assert len(said) == 1 and "KeyError" in str(said[0].message)
    assert monitor.steps == 6


def test_without_a_callback_alerts_go_to_the_logger(caplog):
    model = mlp()
    gradvitals.watch(model)
    with caplog.at_level("WARNING", logger="gradvitals"):
        model(torch.full((4, 10), float("nan"))).sum().backward()
    assert "R1" in caplog.text and "critical" in caplog.text


@pytest.mark.parametrize("has_optimizer", [True, False])
def test_fail_on_raises_the_diagnosis(has_optimizer):
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    monitor = gradvitals.watch(model, optimizer if has_optimizer else None, fail_on="critical")
    before = model[0].weight.detach().clone()
    with pytest.raises(gradvitals.UnhealthyGradients) as caught:
        train(model, optimizer, 1, loss_of=lambda m: m(torch.full((4, 10), float("nan"))).sum())
    assert caught.value.diagnosis.verdict == "non_finite"
    assert torch.equal(model[0].weight, before)  # The step was not applied.
    train_a_little(model, optimizer, 3)
    assert monitor.steps == 4


def test_what_is_logged_is_judged_with_the_step():
    model = mlp()
    optimizer = adam(model)
    monitor = gradvitals.watch(model, optimizer)
    train_a_little(model, optimizer, 2, before_step=lambda loss: monitor.log(loss=loss))
    assert monitor.run_document()["run"]["last_loss"] is not None
    with pytest.raises(TypeError, match="loss"):
        monitor.log(loss=torch.randn(3))


@pytest.mark.parametrize(
    ("when", "words"),
    [("manual", r"monitor\.step\(\)"), ("backward", r"backward .*optimizer\.step\(\)")],
)
def test_a_monitor_without_a_step_says_what_one_is(when, words):
    model = mlp()
    monitor = gradvitals.watch(model, adam(model), when=when)
    with pytest.raises(RuntimeError, match=f"no step yet: .*{words}"):
        monitor.diagnosis()


def test_plot_draws_the_run():
    pytest.importorskip("matplotlib")
    model = mlp()
    optimizer = adam(model)
    monitor = gradvitals.watch(model, optimizer, on_alert=lambda _: None)
    train_a_little(model, optimizer)
    train(model, optimizer, 1, loss_of=lambda m: m(torch.full((4, 10), float("nan"))).sum())
    left, right = monitor.plot().axes
    assert (
        left.get_yscale() == "log" and "non_finite" in left.get_legend().get_texts()[0].get_text()
    )
    assert len(right.patches) == len(monitor.names)


def test_plot_of_many_gradients_grows_so_that_names_can_be_read():
    pytest.importorskip("matplotlib")
    model = torch.nn.Sequential(*(torch.nn.Linear(4, 4) for _ in range(40)))
    monitor = gradvitals.watch(model, on_alert=lambda _: None)
    model(torch.randn(8, 4)).square().mean().backward()
    figure = monitor.plot()
    labels = figure.axes[1].get_yticklabels()
    assert 30 < len(labels) <= 60 and labels[0].get_text() == "0.weight"
    assert figure.get_figheight() / len(labels) > 7 / 72


def test_plot_gives_every_bar_a_length_and_steps_whole_numbers():
    pytest.importorskip("matplotlib")
    model = mlp()
    optimizer = adam(model)
    monitor = gradvitals.watch(model, optimizer, on_alert=lambda _: None)
    train_a_little(model, optimizer, 6)
    left, right = monitor.plot().axes
    least, most = right.get_xlim()
    norms = monitor.norms
    assert 0 < least <= norms.min() / 1.0001 and norms.max() <= most
    assert all(tick == int(tick) for tick in left.get_xticks())
