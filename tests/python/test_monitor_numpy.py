"""Monitor and diagnose() over NumPy arrays."""

import copy
import json
import math
import pickle
import subprocess
import sys
import threading

import pytest

np = pytest.importorskip("numpy")

import gradvitals  # noqa: E402


def quiet(**options):
    return gradvitals.Monitor(on_alert=lambda _: None, **options)


def arrays(seed=0, **more):
    rng = np.random.default_rng(seed)
    found = {
        "dense/kernel": rng.normal(size=(10, 8)),
        "dense/bias": rng.normal(size=8),
        "head/kernel": rng.normal(size=(8, 1)),
    }
    return {name: each.astype("f4") for name, each in (found | more).items()}


@pytest.mark.parametrize(
    ("gradients", "error", "words"),
    [
        ([np.ones(3)], TypeError, "gradients is a list"),
        (np.ones(3), TypeError, "gradients is a ndarray"),
        ({}, ValueError, "gradients is empty"),
        ({1: np.ones(3)}, TypeError, "name 1 is no text"),
        ({"w": 3.0}, TypeError, r"gradients\['w'\] is a float"),
        ({"w": [1.0, 2.0]}, TypeError, "numpy.asarray"),
        ({"w": np.ones(3, "i8")}, TypeError, "dtype int64"),
        ({"w": np.array([None, 1])}, TypeError, "dtype object"),
        ({"w": np.ones(3, "c8")}, TypeError, "complex64.*real"),
        ({"w": np.ones(3, bool)}, TypeError, "dtype bool"),
        ({"layer": {"w": "text"}}, TypeError, r"gradients\['layer/w'\]"),
    ],
)
def test_gradients_that_are_none_are_refused_by_name(gradients, error, words):
    with pytest.raises(error, match=words):
        gradvitals.diagnose(gradients)


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        ({"v": np.ones((2, 3))}, ValueError, "weights has 'v', which gradients lacks"),
        ({"w": np.ones((3, 2))}, ValueError, r"'w': the gradient has shape \(2, 3\)"),
        ({"w": None}, TypeError, r"weights\['w'\] is None"),
        ([np.ones(3)], TypeError, "weights is a list"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(weights, error, words):
    with pytest.raises(error, match=words):
        gradvitals.diagnose({"w": np.ones((2, 3))}, weights=weights)


def test_a_loss_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match="loss"):
        gradvitals.diagnose({"w": np.ones(3)}, loss=np.ones(3))
    assert gradvitals.diagnose(arrays(), loss=np.float32(0.5)).loss == 0.5


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", ">f8"])
def test_statistics_are_those_of_numpy(dtype):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(33, 7)).astype(dtype)
    values[3, 2], values[5, 1], values[0, 6] = math.nan, math.inf, 0
    monitor = quiet()
    monitor.step(
        {"w": values, "strided": values[::2, 1::3].T, "none": None, "scalar": values[1, 1]}
    )
    stats = monitor.stats()
    wide = values.astype("f8")
    finite = wide[np.isfinite(wide)]
    assert stats["w"].l2_norm == pytest.approx(math.sqrt(math.fsum(finite**2)), rel=1e-12)
    assert stats["w"].max_abs == np.abs(finite).max()
    assert (stats["w"].nan_count, stats["w"].inf_count, stats["w"].zero_count) == (1, 1, 1)
    assert stats["w"].first_nonfinite_index == 3 * 7 + 2
    assert stats["w"].mean == pytest.approx(finite.mean(), rel=1e-9)
    assert stats["strided"].count == values[::2, 1::3].size
    assert stats["none"].count == 0 or stats["none"].l2_norm == 0
    assert stats["scalar"].count == 1
    assert monitor.names == ["w", "strided", "none", "scalar"]
    assert math.isnan(monitor.global_norm)


def test_arrays_without_elements_and_of_rank_zero_are_no_fault():
    gradvitals.diagnose({"w": np.ones((2, 3)), "s": np.float64(1.0)})


def test_nested_mappings_are_flattened():
    nested = {"params": {"Dense_0": {"kernel": np.ones((2, 3)), "bias": np.ones(3)}}}
    monitor = quiet()
    monitor.step(nested, weights=nested)
    assert monitor.names == ["params/Dense_0/kernel", "params/Dense_0/bias"]
    assert monitor.stats()["weight:params/Dense_0/bias"].l2_norm == pytest.approx(math.sqrt(3))


def test_the_callers_arrays_are_not_changed_and_not_kept():
    values = np.arange(6.0).reshape(2, 3)
    monitor = quiet()
    references = sys.getrefcount(values)
    monitor.step({"w": values})
    assert sys.getrefcount(values) == references
    assert (values == np.arange(6.0).reshape(2, 3)).all()


def test_tensors_may_come_go_and_change_their_shape():
    monitor = quiet()
    monitor.step(arrays())
    monitor.step(arrays(extra=np.ones((2, 2))))
    assert "extra" in monitor.names
    monitor.step(arrays(extra=np.ones((3, 2))))
    assert monitor.stats()["extra"].count == 6
    monitor.step(arrays())
    assert "extra" not in monitor.names and monitor.steps == 4


def test_a_nan_is_an_event_and_fail_on_raises_it():
    seen = []
    monitor = gradvitals.Monitor(on_alert=seen.append)
    monitor.step(arrays())
    bad = arrays()
    bad["head/kernel"][2] = math.nan
    monitor.step(bad)
    assert seen[0].rule == "R1" and seen[0].tensor == "head/kernel" and seen[0].step == 1
    assert monitor.events[0] == seen[0] and monitor.verdict == "non_finite"
    strict = gradvitals.Monitor(on_alert=lambda _: None, fail_on="warning")
    with pytest.raises(gradvitals.UnhealthyGradients, match="head/kernel"):
        strict.step(bad)


def test_a_history_is_written_and_refused_to_another_run(tmp_path):
    path = tmp_path / "run.jsonl"
    with quiet(history=path) as monitor:
        for i in range(5):
            monitor.step(arrays(i), loss=1 / (i + 1), learning_rate=0.1)
    lines = path.read_text().splitlines()
    assert json.loads(lines[0])["schema"] == "gradvitals.history/1"
    assert len([line for line in lines if line.startswith("[")]) == 5
    with pytest.raises(FileExistsError, match="run.jsonl: is there already: .*resume_step"):
        quiet(history=path)
    with quiet(history=path, resume_step=5) as monitor:
        monitor.step(arrays(5))
    assert path.read_text().splitlines()[: len(lines)] == lines


def test_a_closed_monitor_still_answers():
    monitor = quiet()
    with monitor:
        monitor.step(arrays())
    assert monitor.closed and monitor.steps == 1
    assert monitor.diagnosis().verdict == monitor.verdict
    with pytest.raises(RuntimeError, match="closed"):
        monitor.step(arrays())
    empty = quiet()
    empty.close()
    with pytest.raises(RuntimeError, match="before it saw a step"):
        empty.diagnosis()


def test_a_mean_of_nothing_is_nan():
    stats = gradvitals.TensorStats(1, 0.0, 0.0, 0.0, math.inf, 0, 0, 1, 0, 0)
    assert math.isnan(stats.mean) and math.isnan(stats.rms) and stats.nonfinite_count == 1


def test_plot_says_what_to_install_where_matplotlib_is_missing():
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        + ("import conftest_plugin\n" if "conftest_plugin" in sys.modules else "")
        + "sys.modules['matplotlib'] = None\n"
        "import gradvitals, numpy\n"
        "m = gradvitals.Monitor(); m.step({'w': numpy.ones((2, 2))})\n"
        "try: m.plot()\n"
        "except ImportError as e: print(e)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install matplotlib" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"history": 5}, TypeError, "history is a int: give the path"),
        ({"history": ""}, ValueError, "history is empty"),
        ({"history": "a\0b"}, ValueError, "history is .*NUL"),
        ({"resume_step": "a"}, TypeError, "resume_step is a str"),
        ({"resume_step": -1}, ValueError, "resume_step is -1: give at least 0"),
        ({"threads": 0}, ValueError, "threads is 0"),
        ({"threads": 1.5}, TypeError, "threads is a float"),
        ({"threads": 2**40}, ValueError, "threads is 1099511627776: give less"),
        ({"run": 5}, TypeError, "run is a int: give text"),
        ({"run": "\ud800"}, ValueError, "run is .*UTF-8"),
        ({"thresholds": {"large_rms": object()}}, TypeError, "thresholds: .*give numbers"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options, error, words):
    with pytest.raises(error, match=words):
        gradvitals.Monitor(**options)


@pytest.mark.parametrize(
    ("known", "error", "words"),
    [
        ({"loss": 10**400}, TypeError, "loss is a int"),
        ({"loss": np.ones(2)}, TypeError, "loss is a ndarray .*one element"),
        ({"learning_rate": "x"}, TypeError, "learning_rate is a str"),
        ({"loss_scale": 0}, ValueError, "loss_scale is 0"),
        ({"loss_scale": None}, ValueError, "loss_scale is None"),
    ],
)
def test_a_wrong_number_is_refused_by_name_and_the_step_can_be_given_again(known, error, words):
    with quiet() as monitor:
        with pytest.raises(error, match=words):
            monitor.step(arrays(), **known)
        monitor.step(arrays(), loss=np.ones(1), learning_rate=np.ones((1, 1)))
        assert monitor.steps == 1


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_file_can_hold_is_refused(name):
    with pytest.raises(ValueError, match="a name is"):
        gradvitals.diagnose({name: np.ones(3)})


def test_two_entries_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two entries named 'a/b'"):
        gradvitals.diagnose({"a/b": np.ones(3), "a": {"b": np.ones(3)}})


def test_masked_elements_are_no_gradients():
    with pytest.raises(TypeError, match="masked array: take .filled"):
        gradvitals.diagnose({"w": np.ma.masked_array(np.ones(3), mask=[0, 0, 1])})


def test_where_no_array_can_be_read_that_is_said():
    class Promise:
        dtype, shape = np.dtype("f4"), (3,)

    with pytest.raises(TypeError, match="no gradient can be read: w: "):
        gradvitals.diagnose({"w": Promise()})


def test_arrays_that_only_convert_and_unaligned_ones_are_read():
    class Convertible:
        dtype, shape = np.dtype("f4"), (2,)

        def __array__(self, dtype=None, copy=None):
            return np.array([3.0, 4.0], "f4")

    unaligned = np.frombuffer(b"\0" + np.array([3, 4], "f4").tobytes(), "u1")[1:].view("f4")
    with quiet() as monitor:
        monitor.step({"convertible": Convertible(), "unaligned": unaligned})
        assert [each.l2_norm for each in monitor.stats().values()] == [5.0, 5.0]


def test_before_the_first_step_there_is_no_verdict_and_that_is_said():
    with quiet() as monitor:
        for ask in (monitor.diagnosis, lambda: monitor.verdict, lambda: monitor.severity):
            with pytest.raises(RuntimeError, match="seen no step yet"):
                ask()


def test_a_report_without_a_step_says_that_nothing_was_judged():
    monitor = quiet()
    open_report = monitor.report()
    assert "nothing was judged" in open_report and "OK" not in open_report
    monitor.close()
    assert monitor.report() == open_report


def test_a_limit_that_is_not_there_is_answered_with_all_of_them():
    with pytest.raises(ValueError, match='"weather"; the limits are .*large_norm') as caught:
        gradvitals.Monitor(thresholds={"weather": 1})
    assert "docs/" not in str(caught.value)


@pytest.mark.filterwarnings("always")
def test_a_warning_points_at_the_line_that_made_the_step():
    with pytest.warns(gradvitals.HealthWarning) as caught:
        monitor = gradvitals.Monitor(on_alert=lambda _: 1 / 0)
        line = sys._getframe().f_lineno + 1
        monitor.step({"w": np.array([np.nan])})
    assert [(each.filename, each.lineno) for each in caught] == [(__file__, line)]


def test_what_keeps_a_monitor_can_be_copied_and_pickled_and_the_copy_has_none():
    with quiet() as monitor:
        assert copy.deepcopy([monitor]) == [None]
        assert pickle.loads(pickle.dumps({"monitor": monitor})) == {"monitor": None}


def test_a_history_that_another_monitor_of_the_process_writes_is_told_apart(tmp_path):
    with quiet(history=tmp_path / "run.jsonl"):
        with pytest.raises(OSError, match="another monitor of this process"):
            quiet(history=str(tmp_path / "run.jsonl"))


def test_a_callback_may_close_the_monitor():
    monitor = gradvitals.Monitor(on_alert=lambda _: monitor.close())
    monitor.step({"w": np.full(3, math.nan)})
    assert monitor.closed
    assert monitor.verdict == "non_finite"


def test_another_thread_may_ask_while_steps_are_observed():
    gradients = {"w": np.ones((1024, 1024), "f4")}
    monitor, failures = quiet(), []
    monitor.step(gradients)

    def ask():
        try:
            for _ in range(100):
                monitor.diagnosis()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for _ in range(50):
        monitor.step(gradients)
    thread.join()
    assert failures == []
    assert monitor.steps == 51


def test_a_closed_monitor_keeps_what_it_found():
    gradients = {"w": np.full((4, 3), 0.5), "b": np.zeros(4)}
    with gradvitals.Monitor() as monitor:
        for _ in range(3):
            monitor.step(gradients, loss=1.0)
        open_norms, open_run = list(monitor.norms), monitor.run_document()
    assert monitor.closed and monitor.steps == 3
    assert list(monitor.norms) == open_norms
    assert monitor.global_norm == pytest.approx(0.5 * 12**0.5, rel=1e-12)
    assert monitor.stats()["b"].zero_count == 4
    assert monitor.run_document() == open_run
    assert monitor.diagnosis().verdict == monitor.verdict
