"""Tensors that come, go, move and change between steps."""

import warnings

import pytest

torch = pytest.importorskip("torch")

import gradvitals  # noqa: E402
from torch import nn  # noqa: E402
from torch_models import Gpt, mlp, train  # noqa: E402


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.01)


def step(model, optimizer, n=1):
    train(model, optimizer, n, loss_of=lambda m: m(torch.randn(16, 10)).square().mean())


def watched(model, optimizer=None, **options):
    options.setdefault("on_alert", lambda _: None)
    return gradvitals.watch(model, optimizer, **options)


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = mlp((10, 16, 8))
        self.left, self.right = nn.Linear(8, 1), nn.Linear(8, 1)

    def forward(self, x):
        return self.left(torch.relu(self.trunk(x)))


def test_a_parameter_without_gradient_is_missing():
    model = TwoHeads()
    optimizer = sgd(model)
    monitor = watched(model, optimizer)
    step(model, optimizer, 3)
    diagnosis = monitor.diagnosis()
    assert diagnosis.verdict == "no_gradient"
    assert "right" in diagnosis.findings[0].tensor
    assert monitor.stats()["right.weight"].l2_norm == 0


def test_tied_weights_are_one_tensor_with_two_names():
    model = Gpt()
    monitor = watched(model)
    assert monitor.names.count("tok.weight") == 1 and "head.weight" not in monitor.names
    assert monitor.aliases == {"tok.weight": ["head.weight"]}


def test_frozen_parameters_are_not_watched_until_they_are_trained():
    model = mlp()
    model[0].requires_grad_(False)
    optimizer = sgd(model)
    monitor = watched(model, optimizer)
    step(model, optimizer, 8)
    assert "0.weight" not in monitor.names
    model[0].requires_grad_(True)
    step(model, optimizer, 2)
    assert "0.weight" in monitor.names and monitor.stats()["0.weight"].l2_norm > 0
    model[2].requires_grad_(False)
    step(model, optimizer, 2)
    assert "2.weight" not in monitor.names
    assert monitor.diagnosis().verdict == "healthy"


def test_parameters_that_are_added_later_are_watched_from_the_next_step_on():
    model = mlp()
    optimizer = sgd(model)
    monitor = watched(model, optimizer)
    step(model, optimizer, 6)
    model.append(nn.Linear(1, 1))
    optimizer.add_param_group({"params": model[-1].parameters()})
    step(model, optimizer, 2)
    assert monitor.names[-2:] == ["5.weight", "5.bias"]
    assert monitor.steps == 8 and monitor.stats()["5.weight"].l2_norm > 0


def test_a_replaced_module_is_watched_in_place_of_the_one_before():
    model = mlp()
    optimizer = sgd(model)
    monitor = watched(model, optimizer)
    step(model, optimizer, 6)
    model[4] = nn.Linear(32, 2)
    optimizer = sgd(model)
    model(torch.randn(16, 10)).square().mean().backward()
    monitor_of_new = watched(model, optimizer)
    assert monitor_of_new.names == monitor.names
    step(model, optimizer, 2)
    assert monitor_of_new.stats()["4.weight"].count == 64


def test_data_that_is_replaced_is_read_where_it_is_now():
    model = mlp()
    optimizer = sgd(model)
    monitor = watched(model, optimizer)
    step(model, optimizer, 2)
    model[0].weight.data = torch.full((32, 10), 0.25)
    step(model, optimizer, 1)
    assert monitor.stats()["weight:0.weight"].max_abs == 0.25


def test_a_parameter_that_is_resized_is_read_in_its_new_shape():
    model = nn.Sequential(nn.Linear(10, 8))
    optimizer = sgd(model)
    monitor = watched(model, optimizer)
    step(model, optimizer, 2)
    optimizer.zero_grad()
    model[0].weight.data = torch.randn(5, 10)
    model[0].bias.data = torch.randn(5)
    step(model, optimizer, 2)
    assert monitor.stats()["0.weight"].count == 50 and monitor.steps == 4


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_a_model_that_changes_its_dtype_goes_on(dtype):
    model = mlp()
    monitor = watched(model)
    model(torch.randn(16, 10)).sum().backward()
    model.zero_grad()
    model.to(dtype)
    model(torch.randn(16, 10).to(dtype)).sum().backward()
    assert monitor.steps == 2
    norm = float(model[0].weight.grad.double().norm())
    assert monitor.stats()["0.weight"].l2_norm == pytest.approx(norm, rel=1e-9)


class WordSum(nn.Module):
    def __init__(self, sparse=True):
        super().__init__()
        self.words = nn.Embedding(20, 10, sparse=sparse)
        self.head = nn.Linear(10, 1)

    def forward(self, x):
        return self.head(self.words(x).mean(1))


@pytest.mark.filterwarnings("always")
def test_sparse_gradients_are_left_out_and_named_once():
    model = WordSum()
    with pytest.warns(gradvitals.HealthWarning, match="words.weight.*densify=True") as caught:
        monitor = watched(model)
        for _ in range(4):
            model(torch.randint(0, 20, (8, 5))).sum().backward()
    assert len(caught) == 1
    assert monitor.steps == 4
    assert "words.weight" not in monitor.names and "head.weight" in monitor.names


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 4, sparse=True)

    def forward(self, x):
        return self.words(x)


@pytest.mark.filterwarnings("ignore::gradvitals.HealthWarning")
def test_where_all_gradients_are_sparse_the_finding_says_so_and_hints_at_densify():
    model = Words()
    monitor = watched(model)
    for _ in range(3):
        model(torch.randint(0, 20, (8, 5))).sum().backward()
    (finding,) = monitor.diagnosis().findings
    assert monitor.verdict == "no_gradient"
    assert "none of their gradients was read" in finding.text
    assert "sparse" in finding.advice[0] and "densify=True" in finding.advice[0]
    assert finding.text in monitor.report()


@pytest.mark.filterwarnings("ignore:.*left out:gradvitals.HealthWarning")
def test_where_nothing_can_be_read_the_reason_is_said_and_kept():
    model = Words()
    reason = "no gradient can be read: words.weight: sparse_coo; densify=True"
    with pytest.warns(gradvitals.HealthWarning, match=reason):
        monitor = watched(model, weights=False)
        model(torch.randint(0, 20, (8, 5))).sum().backward()
    with pytest.raises(RuntimeError, match=f"seen no step yet: it stopped watching: .*{reason}"):
        monitor.diagnosis()


def test_sparse_gradients_are_read_where_asked():
    model = WordSum()
    monitor = watched(model, densify=True)
    for _ in range(3):
        model.zero_grad()
        model(torch.randint(0, 20, (8, 5))).sum().backward()
        norm = float(model.words.weight.grad.to_dense().norm())
        assert monitor.stats()["words.weight"].l2_norm == pytest.approx(norm, rel=1e-6)


class Spectral(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Parameter(torch.randn(10, dtype=torch.complex64))
        self.head = nn.Linear(10, 1)

    def forward(self, x):
        return self.head(torch.fft.ifft(torch.fft.fft(x) * self.mix).real)


def test_complex_gradients_are_left_out_or_read_as_pairs():
    model = Spectral()
    with pytest.warns(gradvitals.HealthWarning, match="mix"):
        monitor = watched(model)
        model(torch.randn(8, 10)).sum().backward()
    assert monitor.names == ["head.weight", "head.bias"]
    monitor.close()
    monitor = watched(model, densify=True)
    model.zero_grad()
    model(torch.randn(8, 10)).sum().backward()
    norm = float(model.mix.grad.abs().square().sum().sqrt())
    assert monitor.stats()["mix"].l2_norm == pytest.approx(norm, rel=1e-6)
    assert monitor.stats()["mix"].count == 20


def test_strict_raises_where_something_cannot_be_watched():
    model = WordSum()
    gradvitals.watch(model, strict=True)
    with pytest.raises(RuntimeError, match="words.weight"):
        model(torch.randint(0, 20, (8, 5))).sum().backward()


def test_parameters_without_elements_are_no_fault():
    model = mlp()
    model.register_parameter("empty", nn.Parameter(torch.zeros(0, 4)))
    monitor = watched(model)
    for _ in range(3):
        model.zero_grad()
        (model(torch.randn(16, 10)).square().mean() + model.empty.sum()).backward()
    assert monitor.steps == 3
    assert monitor.diagnosis().healthy


def test_a_model_on_the_meta_device_is_named():
    model = nn.Linear(4, 1, device="meta")
    with pytest.warns(gradvitals.HealthWarning, match="weight"):
        watched(model)
        model(torch.randn(2, 4, device="meta")).sum().backward()


def test_gradients_freed_between_backward_and_step_do_no_harm():
    model = mlp()
    optimizer = sgd(model)
    monitor = watched(model, optimizer)
    for _ in range(4):
        model(torch.randn(16, 10)).square().mean().backward()
        optimizer.zero_grad(set_to_none=True)
        optimizer.step()
    assert monitor.steps == 4


def test_compiled_models_are_watched():
    model = mlp()
    compiled = torch.compile(model, backend="aot_eager")
    optimizer = sgd(model)
    monitor = watched(compiled, optimizer)
    step(compiled, optimizer, 6)
    assert monitor.steps == 6 and monitor.names[0] == "0.weight"
    assert monitor.diagnosis().healthy


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("has_optimizer", [False, True])
def test_checkpointed_models_take_one_step_per_backward(reentrant, has_optimizer):
    from torch.utils.checkpoint import checkpoint

    model = mlp((10, 16, 16, 16, 1))
    optimizer = sgd(model)
    monitor = watched(model, optimizer if has_optimizer else None)

    def loss_of(m):
        x = torch.randn(16, 10, requires_grad=True)
        y = checkpoint(m[:4], x, use_reentrant=reentrant)
        return checkpoint(m[4:], y, use_reentrant=reentrant).square().mean()

    norms = []
    for _ in range(5):
        train(model, optimizer, 1, loss_of=loss_of)
        norms.append(float(model[0].weight.grad.norm()))
        if has_optimizer or not reentrant:
            assert monitor.stats()["0.weight"].l2_norm == pytest.approx(norms[-1], rel=1e-6)
    # Where all of a backward is inside those of checkpoints, its end shows as the next one begins.
    assert monitor.steps == (4 if reentrant and not has_optimizer else 5)


def test_a_warning_tells_the_subject_once():
    model = WordSum()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        monitor = watched(model)
        for _ in range(3):
            model(torch.randint(0, 20, (8, 5))).sum().backward()
        model.extra = nn.Linear(1, 1)
        model(torch.randint(0, 20, (8, 5))).sum().backward()
    assert len([w for w in caught if issubclass(w.category, gradvitals.HealthWarning)]) == 1
    assert monitor.steps == 4
