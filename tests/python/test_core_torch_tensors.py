"""Where gradvitals._core finds PyTorch's tensors, and which it cannot read."""

from __future__ import annotations

import weakref

import pytest

torch = pytest.importorskip("torch")

from core_support import COLS, GRADIENT, ROWS, declare  # noqa: E402
from gradvitals import _core  # noqa: E402


class WithoutExchange:
    """A tensor of PyTorch before 2.10: attributes alone."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self._tensor = tensor

    def data_ptr(self) -> int:
        return self._tensor.data_ptr()

    def stride(self) -> tuple[int, ...]:
        return self._tensor.stride()

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._tensor, name)


@pytest.mark.parametrize("wrap", [lambda t: t, WithoutExchange], ids=["exchange", "attributes"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_tensor_is_found_where_it_lies(dtype: str, wrap) -> None:
    tensor = torch.zeros(4, 3, dtype=getattr(torch, dtype))[1:]
    found = _core.address_of(wrap(tensor))
    assert found == (tensor.data_ptr(), (3, 3), dtype, "cpu", 0, True)


@pytest.mark.parametrize("wrap", [lambda t: t, WithoutExchange], ids=["exchange", "attributes"])
def test_dense_in_any_order_is_told_from_strided(wrap) -> None:
    image = torch.zeros(2, 3, 4, 5)
    assert _core.address_of(wrap(image.to(memory_format=torch.channels_last)))[5]
    assert _core.address_of(wrap(torch.zeros(3, 4).t()))[5]
    assert not _core.address_of(wrap(torch.zeros(3, 4)[:, ::2]))[5]
    assert not _core.address_of(wrap(torch.zeros(1).expand(3)))[5]


@pytest.mark.parametrize("wrap", [lambda t: t, WithoutExchange], ids=["exchange", "attributes"])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: torch.eye(3).to_sparse(), "sparse layout"),
        (lambda: torch.eye(3).to_sparse_csr(), "sparse layout"),
        (lambda: torch.zeros(2, device="meta"), "meta device"),
        (lambda: torch.zeros(2, dtype=torch.complex64), "complex64"),
        (lambda: torch.zeros(2).to(torch.float8_e4m3fn), "float8_e4m3fn"),
        (lambda: torch.zeros(2, dtype=torch.int8), "int8"),
    ],
)
def test_what_cannot_be_read_says_why(make, reason: str, wrap) -> None:
    with pytest.raises(ValueError, match=reason):
        _core.address_of(wrap(make()))


def test_a_tensor_without_memory_is_never_read() -> None:
    tensor = torch.zeros(1000)
    tensor.untyped_storage().resize_(0)
    with pytest.raises(ValueError, match="address|storage"):
        _core.address_of(tensor)


def test_the_gradient_of_a_parameter_that_got_none_has_the_parameters_shape() -> None:
    parameters = [torch.nn.Parameter(torch.ones(3, 2)) for _ in range(2)]
    parameters[0].grad = torch.full((3, 2), 2.0)
    watch = _core.Watch()
    declare(watch, parameters)
    assert watch.observe() == 0
    watch.commit(loss=1.0)
    assert watch.norms() == [pytest.approx(24**0.5, rel=1e-15), 0.0]
    assert "layer1.weight" in watch.diagnosis("json")


def test_a_new_gradient_in_each_step_is_read() -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    watch = _core.Watch()
    declare(watch, [parameter])
    for value in (1.0, 2.0, 3.0):
        parameter.grad = torch.full((3,), value)
        watch.observe()
        assert watch.global_norm() == pytest.approx(value * 3**0.5, rel=1e-15)


def test_a_shape_a_dtype_and_a_layout_may_change_between_steps() -> None:
    parameter = torch.nn.Parameter(torch.ones(2, 3))
    watch = _core.Watch()
    declare(watch, [parameter])
    for dtype in (torch.float32, torch.bfloat16, torch.float64):
        for shape in ((2, 3), (5, 4)):
            parameter.data = torch.ones(shape, dtype=dtype)
            parameter.grad = torch.full(shape, 0.5, dtype=dtype)
            watch.observe()
            assert watch.stats[0]["count"] == parameter.numel()
            assert watch.global_norm() == pytest.approx(0.5 * parameter.numel() ** 0.5, rel=1e-15)
    parameter.grad = torch.eye(5, 4, dtype=torch.float64).to_sparse()
    assert watch.observe() == 0
    assert watch.problems == [(0, "sparse layout")]
    parameter.grad = torch.ones(5, 4, dtype=torch.float64)
    watch.observe()
    assert watch.problems == []
    assert watch.global_norm() == pytest.approx(20**0.5, rel=1e-15)


def test_entries_that_cannot_be_read_are_named_and_the_others_are_read() -> None:
    parameters = [torch.nn.Parameter(torch.ones(4, 4)) for _ in range(3)]
    parameters[0].grad = torch.ones(4, 4).to_sparse()
    parameters[1].grad = torch.ones(4, 4)
    parameters[2].grad = torch.ones(4, 8)[:, ::2]
    watch = _core.Watch()
    with pytest.raises(RuntimeError):  # PyTorch itself refuses a gradient of another shape.
        parameters[2].grad = torch.ones(3)
    declare(watch, parameters)
    assert watch.observe() == 0
    assert [index for index, _ in watch.problems] == [0, 2]
    assert watch.stats["count"].tolist() == [0, 16, 0, 16]


def test_a_stand_in_is_read_once_in_place_of_the_tensor() -> None:
    parameter = torch.nn.Parameter(torch.ones(2, 2))
    parameter.grad = torch.ones(2, 2).to_sparse()
    watch = _core.Watch()
    declare(watch, [parameter])
    watch.set_arrays(0, parameter.grad.to_dense())
    watch.observe()
    assert (watch.problems, watch.global_norm()) == ([], 2.0)
    watch.observe()
    assert watch.problems == [(0, "sparse layout")]


@pytest.mark.parametrize("axis", [ROWS, COLS])
def test_units_are_found_in_a_transposed_kernel(axis: int) -> None:
    """Unit 1 of 3 is dead, of kernels that lie as they are and transposed."""
    kernels = []
    for is_transposed in (False, True):
        kernel = torch.ones(3, 50) if axis == ROWS else torch.ones(50, 3)
        (kernel if axis == ROWS else kernel.t())[1] = 0.0
        kernels.append(kernel.t().contiguous().t() if is_transposed else kernel)
    texts = []
    for kernel in kernels:
        parameter = torch.nn.Parameter(torch.ones_like(kernel))
        parameter.grad = kernel
        watch = _core.Watch()
        watch.set_entries(["l.weight"], [parameter], ["grad"], [GRADIENT], [axis])
        watch.observe_layers([], [], [], [], [])
        watch.commit()
        texts.append(watch.diagnosis("json"))
    assert texts[0] == texts[1]
    assert "slice" in texts[0] or "unit" in texts[0]


def trainable_set(trained: list, frozen: list) -> _core.TrainableSet:
    return _core.TrainableSet([weakref.ref(p) for p in trained], [weakref.ref(p) for p in frozen])


def parameters(count: int, *, requires_grad: bool = True) -> list:
    return [torch.nn.Parameter(torch.zeros(2), requires_grad=requires_grad) for _ in range(count)]


def test_a_parameter_that_is_frozen_gone_or_trained_again_changes_the_set() -> None:
    trained, frozen = parameters(3), parameters(2, requires_grad=False)
    found = trainable_set(trained, frozen)
    assert not found.have_changed()
    trained[2].requires_grad_(False)
    assert found.have_changed()
    trained[2].requires_grad_(True)
    frozen[1].requires_grad_(True)
    assert found.have_changed()
    frozen.clear()
    assert not found.have_changed()
    trained.pop()
    assert found.have_changed()


@pytest.mark.parametrize("count", [64, 65, 1001])
def test_all_of_many_parameters_are_looked_at_within_eight_calls(count: int) -> None:
    trained = parameters(count)
    found = trainable_set(trained, [])
    for last in (0, count - 1):
        trained[last].requires_grad_(False)
        assert any([found.have_changed() for _ in range(8)])
        trained[last].requires_grad_(True)
        assert not any(found.have_changed() for _ in range(8))


def test_a_set_of_parameters_takes_weak_references_alone() -> None:
    with pytest.raises(TypeError, match="frozen"):
        _core.TrainableSet([], parameters(1))
