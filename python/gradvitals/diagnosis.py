"""Diagnosis, Finding and Event: what the monitor says, as Python objects.

They are made of the JSON documents that the program writes (schema gradvitals.diagnosis/1), so
that what Python shows and what `gradvitals diagnose` shows are the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

SEVERITIES = ("ok", "info", "warning", "critical")


def is_at_least(severity: str, level: str) -> bool:
    return SEVERITIES.index(severity) >= SEVERITIES.index(level)


@dataclass(frozen=True)
class Finding:
    """One thing that a rule found. docs/rules.md has the rules.

    `rule` is its number ("R2"), `id` its word ("backward_factor"), `tensor` and `layer` what is at
    fault (None: the network), `value` what was measured and `threshold` the limit that it crossed
    (None: no number), `advice` what to do, the most useful first, and `consequence_of` the rule
    that explains it (None: it is a root cause).
    """

    rule: str
    id: str
    severity: str
    text: str
    tensor: str | None = None
    layer: int | None = None
    value: float | None = None
    threshold: float | None = None
    advice: tuple[str, ...] = ()
    consequence_of: str | None = None
    network: str | None = None

    @classmethod
    def from_dict(cls, members: dict[str, Any]) -> Finding:
        return cls(**_known(cls, members))

    def __str__(self) -> str:
        return f"{self.rule} {self.severity}: {self.text}"


@dataclass(frozen=True)
class Event(Finding):
    """Something that `kind` ("began", "worsened" or "ended") while the network trained.

    `step` is the step that told; from `first_step` to `last_step` it held in `count` checks, and
    was worst in `peak_step`. The rest is as in a Finding, of its worst step.
    """

    kind: str = "began"
    step: int = 0
    verdict: str = ""
    first_step: int | None = None
    last_step: int | None = None
    peak_step: int | None = None
    count: int = 0
    is_open: bool = True

    @classmethod
    def from_json(cls, text: str) -> Event:
        members = json.loads(text)
        return cls(**{**_known(cls, members), "kind": members["event"]})

    def __str__(self) -> str:
        if self.kind != "ended":
            return f"step {self.step}: {self.rule} {self.kind}, {self.severity}: {self.text}"
        span = f"in step {self.first_step}"
        if self.last_step != self.first_step:
            span = f"from step {self.first_step} to {self.last_step}"
        return f"step {self.step}: {self.rule} ended; it was {self.severity} {span}: {self.text}"


@dataclass(frozen=True)
class Diagnosis:
    """How a network is: a verdict, and what led to it.

    `verdict` is "healthy", "vanishing", "exploding", "saturated", "dead", "symmetric",
    "non_finite", "no_gradient", "unstable" or "stalled"; `severity` "ok", "info", "warning" or
    "critical"; `findings` has the deciding one first. `str()` is the text of `gradvitals diagnose`,
    and notebooks show a table.
    """

    verdict: str
    severity: str
    findings: tuple[Finding, ...]
    loss: float | None = None
    global_norm: float | None = None
    vital_signs: dict[str, Any] = field(default_factory=dict, compare=False)
    text: str = field(default="", repr=False, compare=False)
    document: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    curve: tuple[float | None, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def from_json(
        cls, text: str, *, shown: str = "", curve: tuple[float | None, ...] = ()
    ) -> Diagnosis:
        """`shown` is what str() gives, `curve` the norm of all gradients over the steps."""
        document = json.loads(text)
        return cls(
            verdict=document["verdict"],
            severity=document["severity"],
            findings=tuple(Finding.from_dict(each) for each in document["findings"]),
            loss=document.get("loss"),
            global_norm=document.get("metrics", {}).get("global_norm"),
            vital_signs=document.get("vital_signs", {}),
            text=shown,
            document=document,
            curve=curve,
        )

    @property
    def healthy(self) -> bool:
        """Nothing warns."""
        return not is_at_least(self.severity, "warning")

    @property
    def summary(self) -> str:
        """One line: "critical: exploding. <the deciding finding>", and what follows from it that is
        worse."""
        line = f"{self.severity}: {self.verdict}"
        if not self.findings:
            return line
        line = f"{line}. {self.findings[0].text}"
        worst = max(self.findings, key=lambda each: SEVERITIES.index(each.severity))
        if worst.severity != self.findings[0].severity:
            line += f" What follows from it is {worst.severity}: {worst.text}"
        return line

    def to_dict(self) -> dict[str, Any]:
        """The whole JSON document, schema gradvitals.diagnosis/1; a copy."""
        return json.loads(json.dumps(self.document))

    def __str__(self) -> str:
        return self.text.rstrip("\n") or self.summary

    def _repr_html_(self) -> str:
        from ._html import diagnosis_html

        return diagnosis_html(self)


def _known(cls: type, members: dict[str, Any]) -> dict[str, Any]:
    """The members that `cls` has: a newer library may write more."""
    values = {name: members[name] for name in cls.__dataclass_fields__ if name in members}
    values["advice"] = tuple(values.get("advice") or ())
    return values
