"""The reliability diagram of a model card, as an SVG."""

from __future__ import annotations

from collections.abc import Sequence

SIDE, EDGE = 360, 48
"""Side of the square and the room around it, in pixels."""


def reliability_svg(bins: Sequence[tuple[float, float, int]]) -> str:
    """What was said against what was true. bins: (mean said, share true, count); a dot's area is its bin's count."""
    most = max((count for _, _, count in bins), default=1)
    whole = SIDE + 2 * EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" font-family="sans-serif" font-size="13" role="img">',
        "<title>Reliability of relation probabilities: said against true</title>",
        f'<rect width="{whole}" height="{whole}" fill="#fff"/>',
    ]
    for step in range(6):
        value = step / 5
        x, y = _place(value, value)
        parts.append(f'<path d="M{x} {EDGE}V{EDGE + SIDE}M{EDGE} {y}H{EDGE + SIDE}" stroke="#e3e3e3"/>')
        parts.append(f'<text x="{x}" y="{EDGE + SIDE + 18}" text-anchor="middle" fill="#444">{value:.1f}</text>')
        parts.append(f'<text x="{EDGE - 8}" y="{y + 4}" text-anchor="end" fill="#444">{value:.1f}</text>')
    parts.append(f'<path d="M{EDGE} {EDGE + SIDE}L{EDGE + SIDE} {EDGE}" stroke="#999" stroke-dasharray="5 4"/>')
    line = "L".join("{} {}".format(*_place(said, true)) for said, true, _ in bins)
    parts.append(f'<path d="M{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>' if bins else "")
    for said, true, count in bins:
        x, y = _place(said, true)
        radius = 3 + 9 * (count / most) ** 0.5
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" fill="#1f5fa8" fill-opacity="0.75"><title>{count} relations</title></circle>'
        )
    middle, foot = EDGE + SIDE / 2, EDGE + SIDE + 38
    parts.append(f'<text x="{middle}" y="{foot}" text-anchor="middle">said: the probability given to a relation</text>')
    parts.append(f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">true: the share that was right</text></svg>')
    return "\n".join(parts) + "\n"


def _place(said: float, true: float) -> tuple[float, float]:
    return round(EDGE + SIDE * said, 1), round(EDGE + SIDE * (1 - true), 1)
