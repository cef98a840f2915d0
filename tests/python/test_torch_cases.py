"""What people reported in public, run live: the broken and the mended variant of each."""

import math

import pytest

torch = pytest.importorskip("torch")

import gradvitals  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402
from torch_models import Lora, lora, mlp, train  # noqa: E402


def run(model, loss_of, *, steps, lr=0.05, optimizer_of=None, **options):
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = optimizer_of(parameters) if optimizer_of else torch.optim.SGD(parameters, lr=lr)
    monitor = gradvitals.watch(model, optimizer, on_alert=lambda _: None, **options)
    train(model, optimizer, steps, loss_of=loss_of)
    return monitor.diagnosis()


def rules(diagnosis):
    return [finding.rule for finding in diagnosis.findings]


def lora_loss():
    x, y = torch.randn(64, 6), torch.randn(64, 2)
    return lambda m: (m(x) - y).square().mean()


def test_lora_whose_b_begins_at_zero_is_healthy_after_five_steps():
    torch.manual_seed(0)
    assert run(lora(), lora_loss(), steps=5).healthy


def test_lora_with_both_matrices_at_zero_never_moves():
    torch.manual_seed(0)
    model = lora()
    for each in model.modules():
        if isinstance(each, Lora):
            nn.init.zeros_(each.lora_A)
    diagnosis = run(model, lora_loss(), steps=5)
    assert diagnosis.severity == "critical" and diagnosis.findings[0].rule == "R13"


class Deep(nn.Module):
    """Blocks, one of which may take the square root of a variance of 0."""

    def __init__(self, bad=None, epsilon=0.0):
        super().__init__()
        self.inp = nn.Linear(8, 16)
        self.blocks = nn.ModuleList([nn.Linear(16, 16) for _ in range(12)])
        self.head = nn.Linear(16, 1)
        self.bad, self.epsilon = bad, epsilon

    def forward(self, x):
        x = self.inp(x)
        for i, block in enumerate(self.blocks):
            x = x + 0.1 * torch.tanh(block(x))
            if i == self.bad:
                x = x + torch.sqrt((x * 0).var(-1, keepdim=True) + self.epsilon)
        return self.head(x)


def test_nan_in_the_middle_of_the_network_is_placed_between_its_blocks():
    torch.manual_seed(0)
    x = torch.randn(32, 8)
    diagnosis = run(Deep(bad=6), lambda m: m(x).square().mean(), steps=1)
    assert diagnosis.verdict == "non_finite"
    assert "between blocks.6 and blocks.7" in diagnosis.findings[0].text


def test_the_same_network_with_an_epsilon_is_healthy():
    torch.manual_seed(0)
    x = torch.randn(32, 8)
    assert run(Deep(bad=6, epsilon=1e-5), lambda m: m(x).square().mean(), steps=6).healthy


def amp_run(steps, spoilt, *, init_scale, give_scaler=True, clip_before_unscale=False):
    torch.manual_seed(0)
    model = mlp((10, 64, 64, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    scaler = torch.amp.GradScaler("cpu", init_scale=init_scale)
    monitor = gradvitals.watch(
        model, optimizer, scaler=scaler if give_scaler else None, on_alert=lambda _: None
    )
    x, y = torch.randn(64, 10), torch.randn(64, 1)
    for i in range(steps):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = (model(x) - y).float().square().mean() * spoilt.get(i, 1.0)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    return monitor


def test_a_scaler_that_searches_for_its_scale_is_healthy():
    monitor = amp_run(8, {0: math.inf, 1: math.inf}, init_scale=2.0**14)
    assert monitor.diagnosis().healthy and monitor.steps == 8


def test_nan_in_every_step_is_no_search_for_a_scale():
    monitor = amp_run(12, dict.fromkeys(range(4, 12), math.nan), init_scale=2.0**10)
    first = next(e for e in monitor.events if e.severity == "critical")
    assert first.rule == "R1" and first.step == 4


def test_scaled_gradients_are_healthy_where_the_scaler_is_known():
    assert amp_run(6, {}, init_scale=2.0**16).diagnosis().healthy


@pytest.mark.parametrize("layers_every", [0, 1])
def test_dead_relu_units_are_found_with_and_without_layers(layers_every):
    torch.manual_seed(0)
    x, y = torch.randn(256, 10), torch.randn(256, 1)

    def verdict(bias):
        torch.manual_seed(1)
        model = mlp((10, 64, 64, 64, 1))
        with torch.no_grad():
            for layer in (model[0], model[2], model[4]):
                layer.bias.fill_(bias)
                layer.bias[:3] = 0.1
        return run(
            model, lambda m: (m(x) - y).square().mean(), steps=3, lr=1e-3, layers_every=layers_every
        )

    broken = verdict(-30.0)
    assert broken.verdict == "dead"
    assert ("R10" if layers_every else "R24") in rules(broken)
    assert verdict(0.0).healthy


class Frozen(nn.Module):
    def __init__(self, reentrant):
        super().__init__()
        self.enc = nn.ModuleList([nn.Linear(16, 16) for _ in range(3)])
        self.head = nn.Linear(16, 1)
        self.reentrant = reentrant

    def forward(self, x):
        for layer in self.enc:
            x = checkpoint(lambda y, f=layer: torch.relu(f(y)), x, use_reentrant=self.reentrant)
        return self.head(x)


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
def test_a_reentrant_checkpoint_without_an_input_that_needs_a_gradient_loses_the_layers_behind_it():
    torch.manual_seed(0)
    x, y = torch.randn(64, 16), torch.randn(64, 1)
    broken = run(Frozen(True), lambda m: (m(x) - y).square().mean(), steps=4)
    assert broken.verdict == "no_gradient" and broken.severity == "critical"
    assert "enc.0" in broken.findings[0].text
    fixed = run(Frozen(False), lambda m: (m(x) - y).square().mean(), steps=4)
    assert fixed.healthy


def test_a_loss_that_is_clamped_moves_nothing():
    torch.manual_seed(0)
    x = torch.randn(64, 10)
    broken = run(mlp(), lambda m: (10 + m(x).square().mean()).clamp(-1, 1), steps=3)
    assert broken.severity == "critical" and broken.findings[0].rule == "R13"
    fixed = run(mlp(), lambda m: 10 + m(x).square().mean(), steps=3)
    assert fixed.healthy


def test_a_softmax_over_one_element_cuts_its_gate():
    class Gate(nn.Module):
        def __init__(self, gates):
            super().__init__()
            self.w_gate, self.body = nn.Linear(8, gates), mlp((8, 16, 1))

        def forward(self, x):
            return (torch.softmax(self.w_gate(x), -1)[:, :1] * 2 - 1) * self.body(x)

    torch.manual_seed(0)
    x, y = torch.randn(64, 8), torch.randn(64, 1)
    broken = run(Gate(1), lambda m: (m(x) - y).square().mean(), steps=12)
    assert not broken.healthy and "w_gate" in str(broken) and broken.findings[0].rule == "R13"
    assert run(Gate(4), lambda m: (m(x) - y).square().mean(), steps=12).healthy


def test_half_precision_that_underflows_asks_for_a_loss_scale():
    torch.manual_seed(0)
    x, y = torch.randn(64, 10), torch.randn(64, 1)

    def diagnosis(scale):
        torch.manual_seed(1)
        model = mlp((10, 32, 32, 1)).half()
        monitor = gradvitals.watch(model, when="manual", on_alert=lambda _: None)
        ((model(x.half()).float() - y).square().mean() * scale).backward()
        monitor.step()
        return monitor.diagnosis()

    broken = diagnosis(2.0**-15)
    assert "R21" in rules(broken) and not broken.healthy
    assert diagnosis(1.0).healthy
