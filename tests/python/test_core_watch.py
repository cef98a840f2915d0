"""gradvitals._core.Watch on NumPy's arrays: statistics, steps, errors."""

from __future__ import annotations

import gc
import json
import threading
import time
import weakref

import numpy as np
import pytest
from core_support import GRADIENT, ROWS, WEIGHT, Parameter, declare, reference, require_equal
from gradvitals import _core


def spoiled(rng: np.random.Generator, count: int, dtype: str) -> np.ndarray:
    """Values of all sizes with zeros, subnormals, NaN and Inf among them."""
    values = rng.standard_normal(count) * 10.0 ** rng.integers(-4, 4, count)
    values = values.astype(dtype)
    values[::7] = 0
    values[::11] = np.finfo(dtype).smallest_subnormal
    if count > 30:
        values[20], values[25], values[30] = np.nan, np.inf, -np.inf
    return values


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("count", [1, 17, 1000, 100_003])
def test_statistics_equal_those_of_numpy_in_float64(dtype: str, count: int) -> None:
    arrays = [spoiled(np.random.default_rng(seed), count, dtype) for seed in range(3)]
    watch = _core.Watch()
    declare(watch, [Parameter(a) for a in arrays])
    holders = [Parameter(a) for a in arrays]
    declare(watch, holders)
    bad = watch.observe()
    stats = watch.stats
    assert stats.shape == (4,)
    for record, array in zip(stats, arrays, strict=False):
        require_equal(record, reference(array))
    assert bad == sum(int((~np.isfinite(a)).sum()) for a in arrays)
    assert stats[-1]["nan_count"] + stats[-1]["inf_count"] == bad


def test_statistics_of_bfloat16_equal_those_of_numpy() -> None:
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    values = np.random.default_rng(1).standard_normal(10_000).astype(bfloat16)
    holder = Parameter(values)
    watch = _core.Watch()
    declare(watch, [holder])
    watch.observe()
    require_equal(watch.stats[0], reference(values))


def test_several_threads_find_the_same_bits() -> None:
    values = spoiled(np.random.default_rng(5), 3_000_000, "float32")
    holder = Parameter(values)
    records = []
    for threads in (1, 2):
        watch = _core.Watch(threads=threads)
        declare(watch, [holder])
        watch.observe()
        records.append(watch.stats.tobytes())
    assert records[0] == records[1]


def test_norms_are_floats_and_the_norm_of_all_is_not_finite_where_an_element_is_not() -> None:
    holders = [Parameter(np.array([3.0, 4.0])), Parameter(np.array([12.0]))]
    watch = _core.Watch()
    declare(watch, holders)
    watch.observe()
    assert (watch.norms(), watch.global_norm()) == ([5.0, 12.0], 13.0)
    holders[0].grad[1] = np.inf
    watch.observe()
    assert watch.global_norm() == np.inf
    holders[1].grad[0] = np.nan
    watch.observe()
    assert np.isnan(watch.global_norm())


def test_entries_are_held_weakly_and_a_dead_one_has_no_gradient() -> None:
    holders = [Parameter(np.ones(2)), Parameter(np.ones(2))]
    watch = _core.Watch()
    declare(watch, holders)
    watch.observe()
    gone = weakref.ref(holders.pop())
    gc.collect()
    assert gone() is None
    assert watch.observe() == 0
    assert watch.problems == []
    assert watch.stats["count"][:2].tolist() == [2, 0]
    assert watch.norms()[1] == 0.0
    watch.commit()


def test_a_gradient_is_not_kept_after_it_was_read() -> None:
    class Array(np.ndarray):
        pass

    holder = Parameter(np.ones(5).view(Array))
    watch = _core.Watch()
    declare(watch, [holder])
    watch.observe()
    gone = weakref.ref(holder.grad)
    holder.grad = None
    gc.collect()
    assert gone() is None


def test_a_gradient_that_never_was_has_the_shape_of_its_weight() -> None:
    weight, holder = np.ones((4, 3), np.float32), Parameter()
    watch = _core.Watch()
    watch.set_entries(
        ["w", "w"], [weight, holder], [None, "grad"], [WEIGHT, GRADIENT], [ROWS, ROWS]
    )
    watch.observe()
    watch.commit()
    holder.grad = np.ones((4, 3), np.float32)
    watch.observe()
    assert watch.stats["count"].tolist() == [12, 12, 12]


def test_steps_are_judged_and_told() -> None:
    holder = Parameter(np.ones((8, 8), np.float32))
    watch = _core.Watch(run="a run")
    declare(watch, [holder])
    for step in range(5):
        watch.observe()
        assert not watch.commit(loss=1.0 / (step + 1), learning_rate=0.1)
    assert (watch.steps, watch.verdict()[1]) == (5, 0)
    holder.grad[3, 3] = np.nan
    assert watch.observe() == 1
    assert watch.should_skip()
    assert watch.commit(is_skipped=True)
    watch.observe()
    assert watch.commit(is_skipped=True), "those of the step before were not taken"
    events = [json.loads(text) for text in watch.events()]
    assert [event["step"] for event in events][0] == 5
    assert watch.events() == []
    watch.observe()
    assert not watch.commit(is_skipped=True)
    assert json.loads(watch.diagnosis("json"))["schema"] == "gradvitals.diagnosis/1"
    assert json.loads(watch.run("json"))["schema"] == "gradvitals.run/1"
    assert all(ord(c) < 128 for c in watch.diagnosis(ascii=True))
    assert "\x1b[" in watch.diagnosis(color=True)
    assert "a run" in watch.run("json")


def test_a_history_is_written_and_one_that_is_there_is_refused(tmp_path) -> None:
    path = tmp_path / "run.jsonl"
    holder = Parameter(np.ones(4))
    watch = _core.Watch(history=str(path))
    declare(watch, [holder])
    for _ in range(3):
        watch.observe()
        watch.commit(loss=0.5)
    watch.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) >= 4
    with pytest.raises((OSError, ValueError), match="run.jsonl"):
        _core.Watch(history=str(path))


def test_errors_are_exceptions_of_their_kind(tmp_path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        _core.Watch(history=str(tmp_path / "nowhere" / "run.jsonl"))
    with pytest.raises(ValueError, match="thresholds"):
        _core.Watch(thresholds='{"no_such_limit": 1}')
    with pytest.raises(ValueError):
        _core.Watch(threads=-1)
    watch = _core.Watch()
    with pytest.raises(_core.GradvitalsError, match="observe"):
        watch.stats  # noqa: B018
    with pytest.raises(_core.GradvitalsError):
        watch.commit()
    assert issubclass(_core.GradvitalsError, RuntimeError)
    holder = Parameter(np.ones(3))
    declare(watch, [holder])
    watch.observe()
    with pytest.raises(ValueError):
        watch.commit(loss_scale=-1.0)
    with pytest.raises(ValueError, match="text"):
        watch.diagnosis("html")
    watch.commit(step=7)
    watch.observe()
    with pytest.raises(ValueError, match="7"):
        watch.commit(step=7)


def test_lists_of_different_lengths_and_holders_that_cannot_be_held_are_refused() -> None:
    watch = _core.Watch()
    with pytest.raises(ValueError, match="holders has 0"):
        watch.set_entries(["w"], [], ["grad"], [0], [0])
    with pytest.raises(TypeError, match="weak reference"):
        watch.set_entries(["w"], [[1.0]], [None], [0], [0])
    with pytest.raises(IndexError):
        watch.set_arrays(0, None)


def test_a_closed_watch_says_so() -> None:
    watch = _core.Watch()
    watch.close()
    watch.close()
    with pytest.raises(_core.GradvitalsError, match="closed"):
        watch.observe()


def test_an_error_while_arrays_are_looked_up_leaves_the_watch_usable() -> None:
    class Failing:
        grad = property(lambda self: 1 / 0)

    holders = [Parameter(np.ones(3)), Failing()]
    watch = _core.Watch()
    declare(watch, holders)
    with pytest.raises(ZeroDivisionError):
        watch.observe()
    declare(watch, holders[:1])
    assert watch.observe() == 0


def test_other_threads_run_during_a_long_pass_and_may_not_use_the_watch() -> None:
    holder = Parameter(np.ones(30_000_000, np.float32))
    watch = _core.Watch()
    declare(watch, [holder])
    watch.observe()
    is_over, refused, turns = threading.Event(), [], 0

    def disturb() -> None:
        nonlocal turns
        while not is_over.is_set():
            turns += 1
            try:
                watch.steps  # noqa: B018
            except _core.GradvitalsError as error:
                refused.append(str(error))
            time.sleep(0)

    other = threading.Thread(target=disturb)
    other.start()
    for _ in range(20):
        watch.observe()
        if refused:
            break
    is_over.set()
    other.join()
    assert refused and "another thread" in refused[0]


def test_layers_are_read_in_a_check_up() -> None:
    rng = np.random.default_rng(3)
    kernel = Parameter(rng.standard_normal((16, 8)).astype(np.float32))
    z = rng.standard_normal((32, 16)).astype(np.float32) - 0.5
    z[:, :12] = -1.0  # Dead under ReLU.
    watch = _core.Watch()
    watch.set_entries(["fc.weight"], [kernel], ["grad"], [GRADIENT], [ROWS], layers=[1])
    relu, pre_activation, output = 3, 2, 3
    watch.observe_layers(
        ["fc.pre_activation", "fc.output"],
        [z, np.maximum(z, 0)],
        [pre_activation, output],
        [1, 1],
        [relu, relu],
    )
    watch.commit(loss=1.0)
    assert "dead" in watch.diagnosis()
    with pytest.raises(ValueError, match="fc.output: dtype int64"):
        watch.observe_layers(["fc.output"], [np.zeros((2, 2), np.int64)], [output], [1], [relu])


def test_layers_that_do_not_lie_row_by_row_are_refused() -> None:
    kernel = Parameter(np.ones((4, 2), np.float32))
    watch = _core.Watch()
    watch.set_entries(["fc.weight"], [kernel], ["grad"], [GRADIENT], [ROWS])
    output = 3
    transposed = np.ones((4, 64), np.float32).T
    repeated = np.broadcast_to(np.ones(4, np.float32), (64, 4))  # 4 elements in memory, not 256.
    for rows in (transposed, repeated):
        with pytest.raises(ValueError, match="fc.output: strided"):
            watch.observe_layers(["fc.output"], [rows], [output], [1], [0])
    watch.observe_layers(["fc.output"], [np.ones((64, 4), np.float32)], [output], [1], [0])


def test_the_notebooks_interpreter_is_told() -> None:
    text = _core.interpret_gradient_health(1e-3, 1.0, 0.1, 0.2, 0, 0, 3)
    assert "healthy" in text.lower()
