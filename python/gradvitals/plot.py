"""Figures of a run, by matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .monitor import Monitor

_COLORS = {"warning": "#bf8700", "critical": "#cf222e"}
_MOST_NAMES = 60
_INCHES_PER_NAME = 0.14


def plot_monitor(monitor: Monitor, ax: Any = None) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("plot() draws with matplotlib: pip install matplotlib") from None
    if ax is not None:
        _draw_run(monitor, ax)
        return ax.figure
    pyplot = _pyplot_of_notebook()
    size = (11, max(4, _INCHES_PER_NAME * min(len(monitor.names), _MOST_NAMES)))
    figure = pyplot.figure(figsize=size) if pyplot else Figure(figsize=size)
    left, right = figure.subplots(1, 2)
    _draw_run(monitor, left)
    _draw_norms(monitor, right)
    figure.tight_layout()
    return figure


def _pyplot_of_notebook() -> Any:
    """pyplot where it is in use already: then the figure is shown as others are."""
    import sys

    return sys.modules.get("matplotlib.pyplot")


def _draw_run(monitor: Monitor, ax: Any) -> None:
    curve = monitor.run_document().get("curve", [])
    points = [(point["step"], point["global_norm"]) for point in curve]
    ax.plot(
        [step for step, _ in points],
        [math.nan if norm is None else norm for _, norm in points],
        color="#0969da",
    )
    for step, norm in points:
        if norm is None:
            ax.axvspan(step - 0.5, step + 0.5, color=_COLORS["critical"], alpha=0.15, lw=0)
    shown = set()
    for event in monitor.events:
        color = _COLORS.get(event.severity)
        if color is None or event.kind == "ended" or event.consequence_of:
            continue
        label = f"{event.rule} {event.id}, {event.severity}"
        ax.axvline(event.step, color=color, lw=1, label=None if label in shown else label)
        shown.add(label)
    if any(norm for _, norm in points):
        ax.set_yscale("log")
    if shown:
        ax.legend()
    if ax.get_xscale() == "linear":
        ax.locator_params(axis="x", integer=True)
    ax.set_xlabel("step")
    ax.set_ylabel("norm of all gradients")
    ax.set_title(f"{monitor.steps} steps: {monitor.verdict}")


def _draw_norms(monitor: Monitor, ax: Any) -> None:
    names, norms = monitor.names, [float(norm) for norm in monitor.norms]
    ax.barh(range(len(norms)), norms, color="#0969da")
    drawn = [math.log10(norm) for norm in norms if math.isfinite(norm) and norm > 0]
    if drawn:
        ax.set_xscale("log")
        # Whole decades: a bar has length, and ticks that do not run into each other.
        ax.set_xlim(10.0 ** (math.ceil(min(drawn)) - 1), 10.0 ** (math.floor(max(drawn)) + 1))
        ax.tick_params(axis="x", which="minor", labelbottom=False)
        for i, norm in enumerate(norms):
            if norm == 0:
                ax.text(ax.get_xlim()[0], i, " 0", fontsize=7, va="center")
    stride = -(-len(names) // _MOST_NAMES) or 1
    ax.set_yticks(range(0, len(names), stride), names[::stride], fontsize=7)
    ax.invert_yaxis()
    ax.set_xlabel("norm of the gradient, last step")
