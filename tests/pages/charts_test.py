import re
from xml.etree import ElementTree

from dts_ee.pages.charts import HEIGHT, MAX_POINTS, WIDTH, Chart, Line, draw_chart, whole_ticks


def chart(*lines: Line, **changes) -> Chart:
    values = {
        "title": "A <title>",
        "x_label": "epoch",
        "y_label": "per cent",
        "x_ticks": (1.0, 3.0, 5.0),
        "y_ticks": (0.0, 0.5, 1.0),
    }
    return Chart(**{**values, **changes}, lines=lines)


def find(element: ElementTree.Element, path: str) -> ElementTree.Element:
    found = element.find(path)
    assert found is not None
    return found


def points_of(markup: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+),([\d.]+)", markup)]


def test_points_are_where_the_axes_say():
    markup = draw_chart(chart(Line("a & b", [(1, 0), (3, 0.5), (5, 1)])))
    figure = ElementTree.fromstring(markup)
    svg = find(figure, "svg")
    labels = {
        text.text: (float(text.attrib["x"]), float(text.attrib["y"]))
        for text in svg.findall("g[@class='axes']/text")
    }
    assert {"0", "50", "100", "1", "3", "5", "epoch", "per cent"} == set(labels)
    polyline = find(svg, "g[@class='line colour-0']/polyline")
    (x0, y0), (x1, y1), (x2, y2) = points_of(polyline.attrib["points"])
    assert [x0, x1, x2] == [labels[name][0] for name in ("1", "3", "5")]
    # A label is a little below its line.
    assert [y0, y1, y2] == [labels[name][1] - 4 for name in ("0", "50", "100")]
    assert 0 < x0 < x2 < WIDTH
    assert 0 < y2 < y0 < HEIGHT
    assert find(figure, "figcaption").text == "A <title>"
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == "A <title>: per cent by epoch"
    assert ["".join(item.itertext()).strip() for item in figure.findall("ul/li")] == ["a & b"]


def test_marked_lines_have_points_and_points_have_no_line():
    two = [(1.0, 0.2), (5.0, 0.4)]
    figure = ElementTree.fromstring(
        draw_chart(
            chart(Line("m", two, "marked"), Line("p", two, "points"), Line("g", two, "guide"))
        )
    )
    svg = find(figure, "svg")
    numbers = [
        (len(group.findall("polyline")), len(group.findall("circle")))
        for group in svg.findall("g")[1:]
    ]
    assert numbers == [(1, 2), (0, 2), (1, 0)]


def test_long_lines_are_thinned_and_keep_their_ends():
    many = [(1 + 4 * i / 9999, i / 9999) for i in range(10_000)]
    drawn = chart(Line("a", many))
    coordinates = drawn.coordinates(drawn.lines[0])
    assert len(coordinates) == MAX_POINTS
    assert coordinates[0] == (drawn.x(1), drawn.y(0))
    assert coordinates[-1] == (drawn.x(5), drawn.y(1))


def test_one_epoch_is_a_point_on_the_axis():
    markup = draw_chart(chart(Line("a", [(1, 0.5)]), x_ticks=(1.0,)))
    assert "nan" not in markup.lower()


def test_ticks_are_few_whole_numbers_up_to_the_last():
    assert whole_ticks(1) == [1]
    assert whole_ticks(5) == [1, 2, 3, 4, 5]
    for last in range(1, 300):
        ticks = whole_ticks(last)
        assert ticks[0] == 1
        assert ticks[-1] == last
        assert ticks == sorted(set(ticks))
        assert len(ticks) <= 13
