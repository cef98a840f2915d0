"""Contract: gradvitals.transformers.HealthCallback judges each step of Hugging Face's
Trainer, before it clips.
"""

import pytest

gradvitals = pytest.importorskip("gradvitals")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from gradvitals.transformers import HealthCallback  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


class Net(torch.nn.Module):
    def __init__(self, *layers):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(*(make() for make in layers))

    def forward(self, x, labels):
        predictions = self.layers(x)
        return {"loss": ((predictions - labels) ** 2).mean(), "logits": predictions}


def linear(inputs, outputs):
    return lambda: torch.nn.Linear(inputs, outputs)


def healthy():
    return Net(linear(10, 64), torch.nn.ReLU, linear(64, 1))


def samples(spoiled=()):
    torch.manual_seed(1)
    x = torch.randn(320, 10)
    labels = x.sum(1, keepdim=True)
    x[list(spoiled)] = torch.nan
    return [{"x": a, "labels": b} for a, b in zip(x, labels, strict=True)]


def train(net, health, folder, data=None, **options):
    arguments = transformers.TrainingArguments(
        str(folder),
        **{
            "per_device_train_batch_size": 32,
            "num_train_epochs": 2,
            "learning_rate": 1e-2,
            "logging_steps": 1,
            "report_to": [],
            "save_strategy": "no",
            "use_cpu": True,
            "disable_tqdm": True,
            **options,
        },
    )
    transformers.Trainer(
        net, arguments, train_dataset=data or samples(), callbacks=[health]
    ).train()


def test_a_healthy_network_is_healthy(tmp_path):
    health = HealthCallback()
    train(healthy(), health, tmp_path)
    assert health.monitor.steps == 20
    assert health.monitor.diagnosis().verdict == "healthy"


def test_a_deep_sigmoid_network_vanishes(tmp_path):
    layers = [layer for _ in range(6) for layer in (linear(64, 64), torch.nn.Sigmoid)]
    health = HealthCallback()
    train(
        Net(linear(10, 64), torch.nn.Sigmoid, *layers, linear(64, 1)),
        health,
        tmp_path,
        learning_rate=1e-4,
    )
    assert health.monitor.diagnosis().verdict == "vanishing"


def test_accumulated_batches_are_one_step(tmp_path):
    health = HealthCallback()
    train(healthy(), health, tmp_path, gradient_accumulation_steps=5)
    assert health.monitor.steps == 4


def test_gradients_are_seen_before_they_are_clipped(tmp_path):
    norms = []

    class Norms(HealthCallback):
        def on_step_end(self, *_, **__):
            norms.append(self.monitor.global_norm)

    train(healthy(), Norms(), tmp_path, max_grad_norm=1e-6, max_steps=1)
    assert norms[0] > 1e-2


def test_fail_on_ends_the_training(tmp_path):
    with pytest.raises(gradvitals.UnhealthyGradients) as caught:
        train(healthy(), HealthCallback(fail_on="critical"), tmp_path, samples(spoiled=[100]))
    assert caught.value.diagnosis.verdict == "non_finite"


def test_no_hook_is_left_behind(tmp_path):
    net = healthy()
    train(net, HealthCallback(), tmp_path)
    assert not any(p._post_accumulate_grad_hooks for p in net.parameters())


def test_options_that_are_the_trainers_are_refused():
    with pytest.raises(ValueError, match="takes no when: the Trainer's own"):
        HealthCallback(when="manual")
