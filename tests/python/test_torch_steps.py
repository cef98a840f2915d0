"""When a step is judged, and what is taken for one."""

import json
import math

import pytest

torch = pytest.importorskip("torch")

import gradvitals  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch_models import mlp, train  # noqa: E402


class Training:
    def __init__(self, optimizer_of=None, **options):
        torch.manual_seed(0)
        self.model = mlp()
        optimizer_of = optimizer_of or (lambda p: torch.optim.SGD(p, lr=0.01))
        self.optimizer = optimizer_of(self.model.parameters())
        options.setdefault("on_alert", lambda _: None)
        self.monitor = gradvitals.watch(self.model, self.optimizer, **options)

    def loss(self, scale=1.0):
        return scale * functional.mse_loss(self.model(torch.randn(16, 10)), torch.randn(16, 1))

    def norm(self):
        return math.sqrt(
            sum(float(p.grad.double().square().sum()) for p in self.model.parameters())
        )


def last_norm(monitor):
    return monitor.run_document()["curve"][-1]["global_norm"]


def recorded(monitor):
    """The rows of the history."""
    with open(monitor.history) as file:
        lines = [json.loads(line) for line in file]
    return [
        dict(zip(lines[0]["columns"], line, strict=True)) for line in lines if type(line) is list
    ]


def test_micro_batches_are_one_step():
    t = Training()
    for _ in range(3):
        t.optimizer.zero_grad()
        for _ in range(4):
            t.loss().backward()
        norm = t.norm()
        t.optimizer.step()
        assert last_norm(t.monitor) == pytest.approx(norm, rel=1e-6)
    assert t.monitor.steps == 3


def test_micro_batches_with_a_nan_are_one_step():
    t = Training()
    for _ in range(3):
        t.optimizer.zero_grad()
        t.loss().backward()
        t.loss(float("nan")).backward()
        t.loss().backward()
        t.optimizer.step()
    assert t.monitor.steps == 3


def test_gradients_are_judged_as_they_were_before_clipping():
    t = Training()
    t.optimizer.zero_grad()
    t.loss(1000).backward()
    norm = t.norm()
    torch.nn.utils.clip_grad_norm_(t.model.parameters(), 1e-3)
    t.optimizer.step()
    assert last_norm(t.monitor) == pytest.approx(norm, rel=1e-6)


def test_at_the_optimizer_they_are_judged_as_it_finds_them():
    t = Training(when="optimizer")
    t.loss(1000).backward()
    torch.nn.utils.clip_grad_norm_(t.model.parameters(), 1e-3)
    t.optimizer.step()
    assert last_norm(t.monitor) == pytest.approx(1e-3, rel=1e-4)


def test_by_hand_they_are_judged_where_step_is_called():
    t = Training(when="manual")
    t.loss().backward()
    t.optimizer.step()
    assert t.monitor.steps == 0
    t.monitor.step(loss=0.5)
    assert t.monitor.steps == 1
    with pytest.raises(RuntimeError, match="manual"):
        Training().monitor.step()


def test_without_an_optimizer_each_backward_is_a_step():
    model = mlp()
    monitor = gradvitals.watch(model)
    for _ in range(3):
        model(torch.randn(4, 10)).sum().backward()
    assert monitor.steps == 3


def test_a_backward_that_raises_does_not_end_the_watch():
    t = Training()

    def fail(gradient):
        raise KeyError("of the user")

    handle = t.model[0].weight.register_hook(fail)
    with pytest.raises(KeyError):
        t.loss().backward()
    handle.remove()
    for _ in range(2):
        t.optimizer.zero_grad()
        t.loss(1000).backward()
        norm = t.norm()
        torch.nn.utils.clip_grad_norm_(t.model.parameters(), 1e-3)
        t.optimizer.step()
        assert last_norm(t.monitor) == pytest.approx(norm, rel=1e-6)
    assert t.monitor.steps == 2


def test_every_observes_one_of_so_many_steps():
    t = Training(every=3)
    train(t.model, t.optimizer, 7, loss_of=lambda _: t.loss())
    assert t.monitor.steps == 3
    assert [point["step"] for point in t.monitor.run_document()["curve"]] == [0, 3, 6]


@pytest.mark.parametrize("set_to_none", [True, False])
def test_a_nan_step_that_is_not_applied_is_recorded_as_skipped(tmp_path, set_to_none):
    t = Training(history=tmp_path / "run.jsonl")
    for i in range(6):
        t.optimizer.zero_grad(set_to_none=set_to_none)
        t.loss(float("nan") if i == 3 else 1).backward()
        if i != 3:
            t.optimizer.step()
    assert [row["step"] for row in recorded(t.monitor)] == list(range(6))
    assert [row["is_skipped"] for row in recorded(t.monitor)] == [0, 0, 0, 1, 0, 0]
    assert {row["learning_rate"] for row in recorded(t.monitor)} == {0.01}


def test_a_backward_whose_gradients_are_thrown_away_is_no_step():
    t = Training()
    for _ in range(3):
        t.optimizer.zero_grad()
        t.loss().backward()
        t.optimizer.zero_grad()
        t.loss().backward()
        t.optimizer.step()
    assert t.monitor.steps == 3


def test_should_skip_says_so_of_nan(tmp_path):
    t = Training(history=tmp_path / "run.jsonl")
    skipped = 0
    for i in range(5):
        t.optimizer.zero_grad()
        t.loss(float("inf") if i == 2 else 1).backward()
        if t.monitor.should_skip():
            skipped += 1
            continue
        t.optimizer.step()
    assert skipped == 1
    assert [row["is_skipped"] for row in recorded(t.monitor)] == [0, 0, 1, 0, 0]
    assert all(bool(torch.isfinite(p).all()) for p in t.model.parameters())


def test_a_loss_told_before_the_backward_behind_a_skipped_step_is_of_the_new_one(tmp_path):
    t = Training(history=tmp_path / "run.jsonl")
    for i in range(5):
        t.optimizer.zero_grad()
        loss = t.loss(float("inf") if i == 2 else 1)
        t.monitor.log(loss=float(i))
        loss.backward()
        if not t.monitor.should_skip():
            t.optimizer.step()
    t.monitor.close()
    assert [row["is_skipped"] for row in recorded(t.monitor)] == [0, 0, 1, 0, 0]
    assert [row["loss"] for row in recorded(t.monitor)] == [0, 1, 2, 3, 4]


def test_a_loss_told_behind_gradients_that_were_changed_skips_no_step(tmp_path):
    t = Training(history=tmp_path / "run.jsonl")
    for i in range(3):
        t.optimizer.zero_grad()
        t.loss(float("nan") if i == 1 else 1).backward()
        for limit in (1.0, 0.5):
            torch.nn.utils.clip_grad_norm_(t.model.parameters(), limit)
        t.monitor.log(loss=float(i))
        t.optimizer.step()
    t.monitor.close()
    assert [row["is_skipped"] for row in recorded(t.monitor)] == [0, 0, 0]
    assert [row["loss"] for row in recorded(t.monitor)] == [0, 1, 2]


def test_should_skip_needs_a_gradient_at_hand():
    with pytest.raises(RuntimeError, match="between backward and the step"):
        Training().monitor.should_skip()


def test_clip_scales_gradients_by_the_statistics_at_hand(tmp_path):
    t = Training(history=tmp_path / "run.jsonl")
    t.loss(1000).backward()
    before = t.norm()
    assert t.monitor.clip_(0.5) == pytest.approx(before, rel=1e-6)
    assert t.norm() == pytest.approx(0.5, rel=1e-5)
    assert t.monitor.clip_(10) == pytest.approx(0.5, rel=1e-5)
    t.optimizer.step()
    assert last_norm(t.monitor) == pytest.approx(before, rel=1e-6)
    assert recorded(t.monitor)[0]["clip_scale"] == pytest.approx(0.5 / before, rel=1e-6)
    with pytest.raises(ValueError, match="max_norm"):
        t.monitor.clip_(0)


def test_clip_leaves_gradients_that_are_not_finite():
    t = Training()
    t.loss(float("nan")).backward()
    assert math.isnan(t.monitor.clip_(1.0))


@pytest.mark.parametrize(
    "optimizer_of",
    [
        lambda p: torch.optim.LBFGS(p, max_iter=4),
        lambda p: torch.optim.SGD(p, lr=0.01),
    ],
    ids=["lbfgs", "sgd"],
)
def test_a_closure_is_one_step_at_the_weights_it_starts_from(optimizer_of):
    t = Training(optimizer_of)
    x, y = torch.randn(16, 10), torch.randn(16, 1)
    for _ in range(3):
        norms = []

        def closure(norms=norms):
            t.optimizer.zero_grad()
            loss = functional.mse_loss(t.model(x), y)
            loss.backward()
            norms.append(t.norm())
            return loss

        t.optimizer.step(closure)
        assert last_norm(t.monitor) == pytest.approx(norms[0], rel=1e-6)
    assert t.monitor.steps == 3


def test_a_closure_without_a_backward_takes_what_was_there_before_it():
    t = Training()
    for _ in range(2):
        t.optimizer.zero_grad()
        loss = t.loss()
        loss.backward()
        norm = t.norm()
        t.optimizer.step(lambda loss=loss: loss)
        assert last_norm(t.monitor) == pytest.approx(norm, rel=1e-6)
    assert t.monitor.steps == 2


@pytest.mark.parametrize(
    "options", [{"foreach": True}, {"fused": True}, {"foreach": False}], ids=str
)
def test_every_kind_of_optimizer_is_seen(options):
    t = Training(lambda p: torch.optim.Adam(p, lr=1e-3, **options))
    train(t.model, t.optimizer, 8, loss_of=lambda _: t.loss())
    assert t.monitor.steps == 8 and t.monitor.diagnosis().healthy


def test_hooks_that_another_has_removed_come_back():
    t = Training()
    train(t.model, t.optimizer, 2, loss_of=lambda _: t.loss())
    for parameter in t.model.parameters():
        parameter._post_accumulate_grad_hooks.clear()
    train(t.model, t.optimizer, 3, loss_of=lambda _: t.loss())
    assert t.monitor.steps == 5


def test_a_backward_of_another_part_is_seen_when_few_hooks_are_left():
    t = Training()
    train(t.model, t.optimizer, 10, loss_of=lambda _: t.loss())
    assert sum(bool(p._post_accumulate_grad_hooks) for p in t.model.parameters()) < 6
    t.optimizer.zero_grad()
    t.model[0](torch.randn(4, 10)).sum().backward()
    norm = float(t.model[0].weight.grad.norm())
    t.optimizer.step()
    assert t.monitor.steps == 11
    assert t.monitor.stats()["0.weight"].l2_norm == pytest.approx(norm, rel=1e-6)


def test_a_scheduler_that_steps_first_makes_no_step():
    t = Training()
    t.optimizer.step()
    train(t.model, t.optimizer, 2, loss_of=lambda _: t.loss())
    assert t.monitor.steps == 2


def amp_step(t, scaler, scale=1.0):
    t.optimizer.zero_grad()
    scaler.scale(t.loss(scale)).backward()
    scaler.step(t.optimizer)
    scaler.update()


@pytest.mark.parametrize("fused", [False, True])
def test_a_scaler_is_divided_by_and_its_skipped_steps_are_recorded(fused, tmp_path):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
    path = tmp_path / "run.jsonl"
    t = Training(lambda p: torch.optim.Adam(p, fused=fused), scaler=scaler, history=path)
    for i in range(6):
        amp_step(t, scaler, float("inf") if i == 0 else 1.0)
        if i:
            assert 1e-2 < last_norm(t.monitor) < 100
    rows = recorded(t.monitor)
    assert [row["is_skipped"] for row in rows] == [1, 0, 0, 0, 0, 0]
    assert [row["loss_scale"] for row in rows] == [2.0**14] + [2.0**13] * 5
    assert t.monitor.diagnosis().healthy


@pytest.mark.filterwarnings("always")
def test_a_scaler_that_was_not_given_is_found_and_said_once():
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
    t = Training()
    with pytest.warns(gradvitals.HealthWarning, match="scaler=scaler") as caught:
        for _ in range(6):
            amp_step(t, scaler)
            assert 1e-2 < last_norm(t.monitor) < 100
    assert len(caught) == 1 and t.monitor.diagnosis().healthy


def test_clip_under_a_scaler_is_of_unscaled_norms():
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
    t = Training(scaler=scaler)
    scaler.scale(t.loss(1000)).backward()
    scaler.unscale_(t.optimizer)
    before = t.norm()
    assert t.monitor.clip_(0.5) == pytest.approx(before, rel=1e-5)
    assert t.norm() == pytest.approx(0.5, rel=1e-5)
    scaler.step(t.optimizer)
