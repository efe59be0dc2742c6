from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.console.plots import HEIGHT, WIDTH, Series, bars, beside, ceiling, columns, lines

SVG = "{http://www.w3.org/2000/svg}"
values = st.lists(st.floats(0, 1e9) | st.none(), min_size=3, max_size=3)


def tree(plot):
    return ElementTree.fromstring(str(plot).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


@pytest.mark.parametrize("draw", [columns, lines, bars])
@given(series=st.lists(values, max_size=3))
def test_every_plot_is_well_formed_and_inside_its_box(draw, series):
    plot = tree(draw("T <b>", "D & more", ["a", "b<", "c"], [Series("s", one) for one in series]))
    assert plot.find(f"{SVG}title").text == "T <b>"
    assert plot.find(f"{SVG}desc").text == "D & more"
    assert plot.get("role") == "img"
    _, _, width, height = map(float, plot.get("viewBox").split())
    for box in plot.iter(f"{SVG}rect"):
        assert float(box.get("x")) >= 0
        assert float(box.get("x")) + float(box.get("width")) <= width + 0.2
        assert float(box.get("y")) >= -0.1
        assert float(box.get("y")) + float(box.get("height")) <= height + 0.2
    assert "style" not in {name for node in plot.iter() for name in node.attrib}


def test_a_column_is_as_high_as_its_value():
    plot = tree(columns("t", "d", ["a", "b"], [Series("s", [10, 5]), Series("u", [0, 5])]))
    heights = [float(box.get("height")) for box in plot.iter(f"{SVG}rect")]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert heights[1] == heights[2]
    assert max(heights) <= HEIGHT


def test_a_line_is_broken_where_there_is_no_value():
    plot = tree(lines("t", "d", list("abcde"), [Series("s", [1, 2, None, 3, 4])]))
    assert [len(line.get("points").split()) for line in plot.iter(f"{SVG}polyline")] == [2, 2]


def test_bars_say_their_numbers():
    plot = tree(bars("t", "d", ["PERSON", "a" * 60], [Series("s", [1200, 3])]))
    texts = [text.text for text in plot.iter(f"{SVG}text")]
    assert texts == ["PERSON", "1,200", "a" * 25 + "…", "3"]
    assert WIDTH == 640


@given(st.floats(1e-6, 1e12))
def test_the_ceiling_is_round_and_near(value):
    assert value <= ceiling(value) <= value * 10


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=10))
def test_shares_stand_beside_the_line_on_which_both_are_the_same(points):
    plot = tree(beside("T <b>", "D & more", points))
    line, path = plot.iter(f"{SVG}polyline")
    (left, bottom), (right, top) = (map(float, one.split(",")) for one in line.get("points").split())
    circles = [(float(one.get("cx")), float(one.get("cy"))) for one in plot.iter(f"{SVG}circle")]
    assert len(circles) == len(points) == len((path.get("points") or "").split())
    for (x, y), (across, up) in zip(circles, points, strict=True):
        assert x == pytest.approx(left + across * (right - left), abs=0.1)
        assert y == pytest.approx(bottom + up * (top - bottom), abs=0.1)
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
