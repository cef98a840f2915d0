"""Diagnosis, Finding and Event: what they are made of, and how they show."""

import json
import pickle

import pytest

np = pytest.importorskip("numpy")

import gradvitals  # noqa: E402
from gradvitals._html import sparkline  # noqa: E402
from gradvitals.diagnosis import Diagnosis, Event  # noqa: E402

_DOCUMENT = {
    "schema": "gradvitals.diagnosis/1",
    "loss": 0.5,
    "metrics": {"global_norm": None},
    "vital_signs": {},
    "findings": [
        {
            "rule": "R1",
            "id": "non_finite",
            "severity": "critical",
            "tensor": "<b>&w",
            "layer": None,
            "value": 20.0,
            "threshold": 0.0,
            "text": "<script>alert(1)</script> holds NaN",
            "advice": ["Skip this update", "Look for x < 0"],
            "consequence_of": None,
            "of_a_later_version": 1,
        },
        {
            "rule": "R9",
            "id": "norm_range",
            "severity": "info",
            "tensor": None,
            "layer": 3,
            "value": None,
            "threshold": None,
            "text": "range",
            "advice": ["Scale the inputs"],
            "consequence_of": "R1",
        },
    ],
    "verdict": "non_finite",
    "severity": "critical",
}


def diagnosis():
    return Diagnosis.from_json(json.dumps(_DOCUMENT), shown="the text\n", curve=(1.0, None, 4.0))


def test_members_are_those_of_the_document():
    d = diagnosis()
    assert (d.verdict, d.severity, d.healthy, d.loss, d.global_norm) == (
        "non_finite",
        "critical",
        False,
        0.5,
        None,
    )
    first, second = d.findings
    assert first.tensor == "<b>&w" and first.value == 20 and first.advice[1] == "Look for x < 0"
    assert second.tensor is None and second.layer == 3 and second.consequence_of == "R1"


def test_str_is_the_text_of_the_product():
    assert str(diagnosis()) == "the text"
    assert diagnosis().summary.startswith("critical: non_finite. <script>")


def test_to_dict_is_a_copy_of_the_whole_document():
    d = diagnosis()
    copy = d.to_dict()
    assert copy == _DOCUMENT
    copy["findings"].clear()
    assert d.to_dict() == _DOCUMENT


def test_html_escapes_everything_and_runs_nothing():
    html = diagnosis()._repr_html_()
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "&lt;b&gt;&amp;w" in html and "x &lt; 0" in html
    assert "follows from R1" in html and "#cf222e" in html
    assert "▁x█" in html


def test_html_advises_on_causes_and_not_again_on_what_follows_from_them():
    html = diagnosis()._repr_html_()
    assert "Skip this update" in html and "Scale the inputs" not in html


def test_the_summary_says_what_is_worse_than_the_cause():
    root = dict(_DOCUMENT["findings"][1], severity="warning", consequence_of=None, text="Dead.")
    worse = dict(_DOCUMENT["findings"][0], consequence_of="R9", text="Gone.")
    document = dict(_DOCUMENT, verdict="dead", findings=[root, worse])
    diagnosis = Diagnosis.from_json(json.dumps(document))
    assert diagnosis.summary == "critical: dead. Dead. What follows from it is critical: Gone."


def test_a_diagnosis_is_frozen_equal_to_its_like_and_can_be_pickled():
    d = diagnosis()
    with pytest.raises(AttributeError):
        d.verdict = "healthy"
    assert d == diagnosis() and pickle.loads(pickle.dumps(d)) == d
    assert "critical" in repr(d) and "document" not in repr(d)


def test_an_event_tells_its_step():
    line = {
        **_DOCUMENT["findings"][0],
        "event": "began",
        "step": 7,
        "verdict": "non_finite",
        "count": 2,
    }
    event = Event.from_json(json.dumps(line))
    assert (event.kind, event.step, event.rule, event.count) == ("began", 7, "R1", 2)
    assert str(event).startswith("step 7: R1 began, critical: ")


@pytest.mark.parametrize(("last", "span"), [(3, "in step 3"), (6, "from step 3 to 6")])
def test_an_event_that_ended_says_when_it_was_so(last, span):
    event = Event(
        "R1", "non_finite", "critical", "w holds NaN", kind="ended", step=9, first_step=3,
        last_step=last,
    )  # fmt: skip
    assert str(event) == f"step 9: R1 ended; it was critical {span}: w holds NaN"


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ((), ""),
        ((1.0,), ""),
        ((1.0, 1.0), "▅▅"),
        ((0.0, 1.0, 100.0), "▁▁█"),
        ((float("nan"), 2.0), "x▅"),
    ],
)
def test_sparklines(values, line):
    assert sparkline(values) == line


def test_a_long_sparkline_is_thinned():
    assert len(sparkline(tuple(float(i + 1) for i in range(1000)))) <= 60


def test_unhealthy_gradients_carry_their_diagnosis():
    error = gradvitals.UnhealthyGradients(diagnosis())
    assert error.diagnosis.verdict == "non_finite" and "the text" in str(error)
    assert pickle.loads(pickle.dumps(error)).diagnosis == error.diagnosis


def test_a_diagnosis_of_arrays_says_what_the_program_says():
    moving = np.random.default_rng(0).normal(size=(4, 4))
    d = gradvitals.diagnose({"a.weight": np.zeros((4, 4)), "b.weight": moving})
    assert d.document["schema"] == "gradvitals.diagnosis/1"
    assert d.findings[0].rule == "R13" and d.findings[0].tensor == "a.weight"
    assert d.findings[0].text in str(d)
