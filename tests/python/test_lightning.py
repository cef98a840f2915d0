"""Contract: gradvitals.lightning.HealthMonitor judges each step of a Trainer once, before it
is applied.
"""

import pytest

gradvitals = pytest.importorskip("gradvitals")
torch = pytest.importorskip("torch")
try:
    import lightning.pytorch as pl
except ImportError:
    pl = pytest.importorskip("pytorch_lightning")

from gradvitals.lightning import HealthMonitor  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


class Net(pl.LightningModule):
    def __init__(self, *layers, rate=1e-2):
        super().__init__()
        torch.manual_seed(0)
        self.layers, self.rate = torch.nn.Sequential(*(make() for make in layers)), rate

    def training_step(self, batch, index):
        x, y = batch
        return ((self.layers(x) - y) ** 2).mean()

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), self.rate)


def linear(inputs, outputs):
    return lambda: torch.nn.Linear(inputs, outputs)


def healthy():
    return Net(linear(10, 64), torch.nn.ReLU, linear(64, 1))


def loader(spoiled=()):
    torch.manual_seed(1)
    x = torch.randn(320, 10)
    y = x.sum(1, keepdim=True)
    x[list(spoiled)] = torch.nan
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=32)


def fit(net, health, data=None, **options):
    trainer = pl.Trainer(
        **{
            "max_epochs": 2,
            "callbacks": [health],
            "logger": False,
            "accelerator": "cpu",
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            **options,
        }
    )
    trainer.fit(net, data or loader())
    return trainer


def test_a_healthy_network_is_healthy():
    health = HealthMonitor()
    fit(healthy(), health)
    assert health.monitor.steps == 20
    assert health.monitor.diagnosis().verdict == "healthy"


def test_a_deep_sigmoid_network_vanishes():
    layers = [layer for _ in range(6) for layer in (linear(64, 64), torch.nn.Sigmoid)]
    health = HealthMonitor()
    fit(Net(linear(10, 64), torch.nn.Sigmoid, *layers, linear(64, 1), rate=1e-4), health)
    assert health.monitor.diagnosis().verdict == "vanishing"


def test_accumulated_batches_are_one_step_with_the_mean_of_their_losses():
    losses, told = [], []
    net = healthy()
    plain_step = net.training_step

    def training_step(batch, batch_idx):
        losses.append(plain_step(batch, batch_idx))
        return losses[-1]

    class Told(HealthMonitor):
        def on_train_end(self, *arguments):
            told.extend(point["loss"] for point in self.monitor.run_document()["curve"])
            super().on_train_end(*arguments)

    net.training_step = training_step
    fit(net, Told(), accumulate_grad_batches=5)
    values = [loss.item() for loss in losses]
    assert told == pytest.approx([sum(values[i : i + 5]) / 5 for i in range(0, 20, 5)], rel=1e-5)


def test_gradients_are_seen_before_they_are_clipped():
    norms = []

    class Norms(HealthMonitor):
        def on_train_batch_end(self, *_):
            norms.append(self.monitor.global_norm)

    fit(healthy(), Norms(), gradient_clip_val=1e-6, max_steps=1)
    assert norms[0] > 1e-2


def test_a_scaler_that_looks_for_its_scale_is_no_fault():
    """The first steps overflow in float16, and are left out by the scaler."""
    from lightning.pytorch.plugins.precision import MixedPrecision

    norms = []

    class Norms(HealthMonitor):
        def on_train_batch_end(self, trainer, *_):
            norms.append(trainer.callback_metrics["gradvitals/gradient_norm"].item())

    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**24)
    health = Norms(log=True)
    fit(healthy(), health, plugins=[MixedPrecision("16-mixed", "cpu", scaler)])
    assert scaler.get_scale() < 2.0**24
    assert health.monitor.diagnosis().verdict == "healthy"
    assert 1e-2 < norms[-1] < 1e2  # Of the gradients, not of what they were multiplied by.


def test_fail_on_ends_the_training_and_leaves_no_hook():
    health = HealthMonitor(fail_on="critical")
    net = healthy()
    with pytest.raises(gradvitals.UnhealthyGradients) as caught:
        fit(net, health, loader(spoiled=[100]))
    assert caught.value.diagnosis.verdict == "non_finite"
    assert health.monitor.steps == 4
    assert not any(p._post_accumulate_grad_hooks for p in net.parameters())


def test_nothing_is_logged_unless_asked():
    trainer = fit(healthy(), HealthMonitor())
    assert not [key for key in trainer.callback_metrics if key.startswith("gradvitals")]


def test_manual_optimization_is_judged_from_the_first_step_on():
    class Manual(Net):
        automatic_optimization = False

        def training_step(self, batch, index):
            self.optimizers().zero_grad()
            self.manual_backward(super().training_step(batch, index))
            self.optimizers().step()

    health = HealthMonitor(log=True)
    fit(Manual(linear(10, 1)), health)
    assert health.monitor.steps == 20


def test_norm_and_severity_are_logged_where_asked():
    trainer = fit(healthy(), HealthMonitor(log=True))
    assert trainer.callback_metrics["gradvitals/gradient_norm"] > 0
    assert trainer.callback_metrics["gradvitals/severity"] == 0


def test_history_has_a_line_for_each_step(tmp_path):
    path = tmp_path / "run.jsonl"
    fit(healthy(), HealthMonitor(history=str(path)))
    assert len(path.read_text().splitlines()) >= 1 + 20  # And what the columns are.


def test_options_that_are_lightnings_are_refused():
    with pytest.raises(ValueError, match="takes no scaler: Lightning's own"):
        HealthMonitor(scaler=None)
