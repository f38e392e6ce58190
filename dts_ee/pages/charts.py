"""
Line charts as inline SVG, in the colours of the page.
"""

from dataclasses import dataclass
from typing import Sequence

from markupsafe import Markup

from dts_ee.pages.templates import TEMPLATES

WIDTH, HEIGHT = 360, 250
"""The size of a chart in its own units: a phone shows it at about this size in pixels."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 10, 40
MAX_POINTS = 400
"""A line with more points is thinned out."""


@dataclass(frozen=True)
class Line:
    """
    A line of a chart, or points that are not joined.

    # Parameters

    name : `str`
        The name in the legend.
    points : `Sequence[tuple[float, float]]`
        Its points, in the order in which they are joined. There may be none.
    style : `str`, optional (default = `"line"`)
        `"line"`, `"guide"` (a thin one, to compare with), `"points"`, or `"marked"`, which is a
        line with its points.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: str = "line"


@dataclass(frozen=True)
class Chart:
    """
    Lines over axes.

    # Parameters

    title : `str`
        The title.
    x_label, y_label : `str`
        The labels of the axes.
    x_ticks, y_ticks : `Sequence[float]`
        The labelled values; the axes go from the first to the last.
    lines : `Sequence[Line]`
        The lines.
    percent : `bool`, optional (default = `True`)
        Whether the labels of the vertical axis are per cent.
    """

    title: str
    x_label: str
    y_label: str
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    lines: Sequence[Line]
    percent: bool = True

    def x(self, value: float) -> float:
        """The coordinate of a value, from the left."""
        share = (value - self.x_ticks[0]) / max(self.x_ticks[-1] - self.x_ticks[0], 1e-9)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        """The coordinate of a value, from the top."""
        share = (value - self.y_ticks[0]) / max(self.y_ticks[-1] - self.y_ticks[0], 1e-9)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)

    def coordinates(self, line: Line) -> list[tuple[float, float]]:
        """The coordinates of a line's points."""
        points = line.points
        if len(points) > MAX_POINTS:
            step = (len(points) - 1) / (MAX_POINTS - 1)
            points = [points[round(i * step)] for i in range(MAX_POINTS)]
        return [(self.x(x), self.y(y)) for x, y in points]


def draw_chart(chart: Chart) -> Markup:
    """A `<figure>` with the chart, its title and its legend."""
    return Markup(TEMPLATES.get_template("chart.html").render(chart=chart, box=(WIDTH, HEIGHT)))


def whole_ticks(last: int, number: int = 8) -> list[float]:
    """Whole numbers from 1 to `last`, about `number` of them and `last` among them."""
    step = max(1, round(last / number))
    ticks = [float(tick) for tick in range(1, last + 1, step)]
    # The labels of the last two would overlap.
    if len(ticks) > 1 and last - ticks[-1] < step / 2:
        ticks.pop()
    return ticks if ticks and ticks[-1] == last else [*ticks, float(last)]
