"""A story as HTML with the words of a claim marked, and back again: what the folded story on the annotators' page shows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from schemas.spans import Span

_MARK = re.compile(r"</?mark>")


def story_html(text: str, spans: Iterable[Span]) -> str:
    """The text, escaped, with `<mark>` around the spans; touching and overlapping ones are marked as one."""
    parts, at = [], 0
    for start, end in _merged(spans):
        parts += [_escaped(text[at:start]), "<mark>", _escaped(text[start:end]), "</mark>"]
        at = end
    return "".join([*parts, _escaped(text[at:])])


def story_text(marked: str) -> str:
    """The text that `story_html` was given."""
    return html.unescape(_MARK.sub("", marked))


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _merged(spans: Iterable[Span]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], span.end))
        else:
            merged.append((span.start, span.end))
    return merged
