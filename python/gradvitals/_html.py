"""A Diagnosis in a notebook: no script, no style sheet, everything escaped."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .diagnosis import Diagnosis, Finding

_COLORS = {"ok": "#1a7f37", "info": "#0969da", "warning": "#9a6700", "critical": "#cf222e"}
_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0"
_BARS = "▁▂▃▄▅▆▇█"
_MOST_BARS = 60


def diagnosis_html(diagnosis: Diagnosis) -> str:
    color = _COLORS.get(diagnosis.severity, "inherit")
    parts = [
        "<div>",
        f'<b style="color:{color}">{escape(diagnosis.verdict)}</b> ({escape(diagnosis.severity)})',
    ]
    numbers = [
        f"{name} {value:.4g}"
        for name, value in (
            ("loss", diagnosis.loss),
            ("norm of all gradients", diagnosis.global_norm),
        )
        if value is not None
    ]
    if numbers:
        parts.append(f" &nbsp; {escape(', '.join(numbers))}")
    line = sparkline(diagnosis.curve)
    if line:
        parts.append(f'<div style="font-family:monospace" title="norm over steps">{line}</div>')
    if diagnosis.findings:
        rows = "".join(_row(finding) for finding in diagnosis.findings)
        heads = "".join(
            f'<th style="{_CELL}">{head}</th>'
            for head in ("rule", "severity", "tensor", "value", "limit", "finding")
        )
        parts.append(f"<table><tr>{heads}</tr>{rows}</table>")
    parts.append("</div>")
    return "".join(parts)


def _row(finding: Finding) -> str:
    # As in the text: what mends the cause mends what follows from it.
    lines = () if finding.consequence_of else finding.advice
    advice = "".join(f"<li>{escape(line)}</li>" for line in lines)
    text = escape(finding.text) + (f'<ul style="margin:0">{advice}</ul>' if advice else "")
    severity = finding.severity
    if finding.consequence_of:
        severity += f", follows from {finding.consequence_of}"
    color = _COLORS.get(finding.severity, "inherit")
    cells = (
        escape(finding.rule),
        f'<span style="color:{color}">{escape(severity)}</span>',
        escape(finding.tensor or ""),
        _number(finding.value),
        _number(finding.threshold),
        text,
    )
    return "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def sparkline(values: tuple[float | None, ...]) -> str:
    """A bar for each value, on a logarithmic scale; x for what is not finite. Many are thinned."""
    if len(values) < 2:
        return ""
    stride = -(-len(values) // _MOST_BARS)
    shown = values[::stride]
    logs = [math.log10(v) for v in shown if v is not None and math.isfinite(v) and v > 0]
    low, high = (min(logs), max(logs)) if logs else (0.0, 0.0)
    bars = []
    for value in shown:
        if value is None or not math.isfinite(value):
            bars.append("x")
        elif value <= 0:
            bars.append(_BARS[0])
        else:
            share = (math.log10(value) - low) / (high - low) if high > low else 0.5
            bars.append(_BARS[min(int(share * len(_BARS)), len(_BARS) - 1)])
    return "".join(bars)
