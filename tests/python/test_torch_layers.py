"""What layers put out, and the gradients there, in sampled steps."""

import pytest

torch = pytest.importorskip("torch")

import gradvitals  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.nn.modules import module as module_hooks  # noqa: E402
from torch_models import Gpt, ResidualBlock, cnn, mlp, train  # noqa: E402


def sgd(model, lr=0.01):
    return torch.optim.SGD(model.parameters(), lr=lr)


def observed(model, inputs, *, steps=1, loss_of=None, **options):
    """The tensors of the diagnosis by name, after `steps` steps."""
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=1, on_alert=lambda _: None, **options)
    loss_of = loss_of or (lambda m: m(inputs).square().mean())
    train(model, optimizer, steps, loss_of=loss_of)
    document = monitor.diagnosis().document
    monitor.close()
    return {t["name"]: t for t in document["tensors"] if t["role"] not in ("gradient", "weight")}


def references(model, inputs, weights_of=torch.ones_like):
    """Norms of z and of dL/dz of each Linear of a Sequential, by autograd on its own."""
    x, zs = inputs, []
    for layer in model:
        x = layer(x)
        if isinstance(layer, nn.Linear):
            x.retain_grad()
            zs.append(x)
            x = x.clone()  # An activation in place must not overwrite it.
    x.square().mean().backward()
    return [(float(z.detach().double().norm()), float(z.grad.double().norm())) for z in zs]


@pytest.mark.parametrize(
    "activation",
    [
        nn.ReLU,
        lambda: nn.ReLU(inplace=True),
        nn.Tanh,
        nn.Sigmoid,
        nn.GELU,
        nn.LeakyReLU,
        nn.Softplus,
        nn.SiLU,
    ],
    ids=["relu", "relu in place", "tanh", "sigmoid", "gelu", "leaky_relu", "softplus", "silu"],
)
def test_pre_activations_and_deltas_are_those_of_autograd(activation):
    torch.manual_seed(0)
    model = mlp((10, 16, 16, 4), activation)
    inputs = torch.randn(64, 10)
    expected = references(model, inputs)
    tensors = observed(model, inputs)
    for name, (z, delta) in zip(("0", "2", "4"), expected, strict=True):
        assert tensors[f"{name}.pre_activation"]["l2_norm"] == pytest.approx(z, rel=1e-6)
        assert tensors[f"{name}.delta"]["l2_norm"] == pytest.approx(delta, rel=1e-5)
    assert [tensors[f"{n}.delta"]["layer"] for n in ("0", "2", "4")] == [0, 1, 2]


class Functional(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function
        self.a, self.b, self.c = nn.Linear(10, 32), nn.Linear(32, 32), nn.Linear(32, 1)

    def forward(self, x):
        return self.c(self.function(self.b(self.function(self.a(x)))))


@pytest.mark.parametrize(
    "function", [torch.relu, functional.relu, torch.relu_, torch.Tensor.relu_, lambda z: z.relu()]
)
def test_relu_that_is_no_module_is_found_in_the_graph(function):
    tensors = observed(Functional(function), torch.randn(64, 10))
    assert tensors["a.output"]["zero_count"] > 100
    assert tensors["b.output"]["zero_count"] > 100
    assert "c.output" not in tensors


@pytest.mark.parametrize("inplace", [False, True])
def test_dead_units_are_judged(inplace):
    torch.manual_seed(0)
    model = mlp((10, 64, 64, 1), lambda: nn.ReLU(inplace=inplace))
    with torch.no_grad():
        model[2].bias.fill_(-100)
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=4, on_alert=lambda _: None)
    train(model, optimizer, 6, loss_of=lambda m: m(torch.randn(64, 10)).square().mean())
    assert monitor.diagnosis().verdict == "dead"
    assert "R10" in [finding.rule for finding in monitor.diagnosis().findings]


def test_saturated_units_are_judged():
    torch.manual_seed(0)
    model = mlp((10, 64, 64, 64, 1), nn.Tanh)
    with torch.no_grad():
        for layer in model[::2]:
            layer.weight.mul_(40)
    optimizer = sgd(model, 1e-6)
    monitor = gradvitals.watch(model, optimizer, layers_every=4, on_alert=lambda _: None)
    train(model, optimizer, 3, loss_of=lambda m: m(torch.randn(64, 10)).square().mean())
    assert monitor.diagnosis().verdict == "saturated"


def test_the_backward_factor_of_a_sigmoid_network_is_judged():
    torch.manual_seed(0)
    model = mlp((10, 64, 64, 64, 64, 64, 64, 1), nn.Sigmoid)
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=10, on_alert=lambda _: None)
    train(model, optimizer, 3, inputs=torch.randn(100, 10), targets=torch.randn(100, 1))
    diagnosis = monitor.diagnosis()
    assert diagnosis.verdict == "vanishing" and diagnosis.findings[0].rule == "R2"


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (lambda: cnn(), lambda: torch.randn(8, 3, 8, 8)),
        (lambda: ResidualBlock(3, 6), lambda: torch.randn(4, 3, 6, 6)),
        (lambda: Gpt(), lambda: torch.randint(0, 50, (4, 7))),
    ],
    ids=["cnn", "resnet", "gpt"],
)
def test_real_kinds_of_models_are_healthy_with_their_layers(model, inputs):
    torch.manual_seed(0)
    model = model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    monitor = gradvitals.watch(model, optimizer, layers_every=3, on_alert=lambda _: None)
    x = inputs()
    target = torch.randn_like(model(x).detach())
    train(model, optimizer, 8, loss_of=lambda m: (m(x) - target).square().mean())
    assert monitor.diagnosis().healthy, str(monitor.diagnosis())


def test_layers_side_by_side_have_one_number():
    tensors = observed(ResidualBlock(3, 6), torch.randn(4, 3, 6, 6))
    assert tensors["conv1.delta"]["layer"] == tensors["shortcut.delta"]["layer"] == 0
    assert tensors["conv2.delta"]["layer"] == 1
    assert tensors["conv1.delta"]["count"] == 4 * 6 * 6 * 6


def test_attention_and_embeddings_are_layers():
    tensors = observed(Gpt(), torch.randint(0, 50, (4, 7)))
    assert tensors["tok.delta"]["layer"] == 0
    assert tensors["blocks.0.attention.delta"]["layer"] == 1
    assert "blocks.0.attention.out_proj.delta" not in tensors
    assert tensors["head.delta"]["layer"] == max(t["layer"] for t in tensors.values())


def test_of_a_module_that_is_called_often_the_last_call_counts():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.head = nn.Linear(8, 8), nn.Linear(8, 1)

        def forward(self, x):
            for _ in range(3):
                x = torch.tanh(self.cell(x))
            self.last = x
            return self.head(x)

    model = Loop()
    tensors = observed(model, torch.randn(32, 8))
    last = float(torch.atanh(model.last.double()).norm())
    assert tensors["cell.pre_activation"]["l2_norm"] == pytest.approx(last, rel=1e-4)


def test_forwards_without_gradient_are_not_seen():
    model = mlp()
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=1, on_alert=lambda _: None)
    x = torch.randn(32, 10)
    model(x).square().mean().backward()
    norm = float(model[0](x).norm())
    model.eval()
    with torch.no_grad():
        model(100 * torch.randn(8, 10))
    model.train()
    optimizer.step()
    tensors = {t["name"]: t for t in monitor.diagnosis().document["tensors"]}
    assert tensors["0.pre_activation"]["l2_norm"] == pytest.approx(norm, rel=1e-5)


def test_hooks_are_there_in_sampled_steps_alone():
    model = mlp()
    optimizer = sgd(model)
    before = len(module_hooks._global_forward_hooks)
    monitor = gradvitals.watch(model, optimizer, layers_every=3, on_alert=lambda _: None)
    installed = []
    for _ in range(7):
        installed.append(len(module_hooks._global_forward_hooks) - before)
        train(model, optimizer, 1, loss_of=lambda m: m(torch.randn(16, 10)).square().mean())
        assert not monitor._layers._layers
    assert installed == [1, 0, 0, 1, 0, 0, 1]
    monitor.close()
    assert len(module_hooks._global_forward_hooks) == before


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointed_layers_are_seen(reentrant):
    from torch.utils.checkpoint import checkpoint

    torch.manual_seed(0)
    model = mlp((10, 16, 16, 16, 1))
    inputs = torch.randn(32, 10, requires_grad=True)
    expected = references(model, inputs)

    def loss_of(m):
        y = checkpoint(m[:4], inputs, use_reentrant=reentrant)
        return m[4:](y).square().mean()

    tensors = observed(model, None, loss_of=loss_of)
    for i, (z, delta) in enumerate(expected):
        name = str(2 * i)
        assert tensors[f"{name}.pre_activation"]["l2_norm"] == pytest.approx(z, rel=1e-6)
        assert tensors[f"{name}.delta"]["l2_norm"] == pytest.approx(delta, rel=1e-5)
        assert tensors[f"{name}.delta"]["layer"] == i


@pytest.mark.parametrize("compiled_first", [True, False])
def test_layers_of_compiled_models_are_seen(compiled_first):
    torch.manual_seed(0)
    model = mlp()
    if compiled_first:
        compiled = torch.compile(model, backend="aot_eager")
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=2, on_alert=lambda _: None)
    if not compiled_first:
        compiled = torch.compile(model, backend="aot_eager")
    train(compiled, optimizer, 5, loss_of=lambda m: m(torch.randn(16, 10)).square().mean())
    assert monitor.steps == 5
    roles = {t["role"] for t in monitor.diagnosis().document["tensors"]}
    assert {"pre_activation", "delta", "output"} <= roles
    monitor.close()
    train(compiled, optimizer, 2, loss_of=lambda m: m(torch.randn(16, 10)).square().mean())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64], ids=str)
def test_layers_of_other_dtypes_are_seen(dtype):
    torch.manual_seed(0)
    model = mlp((10, 64, 64, 1)).to(dtype)
    with torch.no_grad():
        model[2].bias.fill_(-100)
    optimizer = sgd(model)
    monitor = gradvitals.watch(model, optimizer, layers_every=1, on_alert=lambda _: None)
    train(
        model,
        optimizer,
        2,
        loss_of=lambda m: m(torch.randn(64, 10, dtype=dtype)).float().square().mean(),
    )
    assert "R10" in [finding.rule for finding in monitor.diagnosis().findings]


def test_training_is_not_changed_by_a_bit():
    results = []
    for is_watched in (False, True):
        torch.manual_seed(0)
        model = cnn()
        optimizer = torch.optim.Adam(model.parameters())
        if is_watched:
            gradvitals.watch(model, optimizer, layers_every=2, on_alert=lambda _: None)
        x = torch.randn(8, 3, 8, 8)
        train(model, optimizer, 5, loss_of=lambda m, x=x: m(x).square().mean())
        results.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(*results)
