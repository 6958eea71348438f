"""The reliability diagram of a model card."""

from __future__ import annotations

import pytest
from lxml import etree

from annotators.diagram import EDGE, SIDE, reliability_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("bins", "places"),
    [
        ([], []),
        ([(0.0, 0.0, 3)], [(EDGE, EDGE + SIDE)]),  # the lower left corner
        ([(0.0, 0.0, 3), (1.0, 1.0, 9)], [(EDGE, EDGE + SIDE), (EDGE + SIDE, EDGE)]),
        ([(0.5, 0.25, 1)], [(EDGE + SIDE / 2, EDGE + SIDE * 3 / 4)]),
    ],
)
def test_a_dot_for_each_bin(bins: list[tuple[float, float, int]], places: list[tuple[float, float]]) -> None:
    drawing = etree.fromstring(reliability_svg(bins).encode())
    dots = drawing.findall(f"{SVG}circle")
    assert [(float(d.get("cx")), float(d.get("cy"))) for d in dots] == places
    assert all(f"{count} relations" in d.findtext(f"{SVG}title") for d, (_, _, count) in zip(dots, bins, strict=True))
