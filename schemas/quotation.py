"""How a content is quoted: a matter of form, so a rule."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.labels import Quotation
from schemas.spans import Span

OPENING, CLOSING = '"“„«', '"”“»'
"""Double quotation marks that open and close; single ones are too often apostrophes."""
_MARKS = frozenset(OPENING + CLOSING)


def quotation(text: str, content: Sequence[Span]) -> str:
    """Whether all of the content stands in quotation marks, part of it, or none."""
    if not content:
        return str(Quotation.INDIRECT)
    inside = quoted_mask(text, content[0].start, content[-1].end)
    origin = _paragraph_start(text, content[0].start)
    letters = [(at - origin) for s in content for at in range(s.start, s.end) if text[at].isalnum()]
    quoted = sum(inside[i] for i in letters)
    if letters and quoted == len(letters):
        return str(Quotation.DIRECT)
    return str(Quotation.MIXED if quoted else Quotation.INDIRECT)


def quoted_mask(text: str, start: int, end: int) -> list[bool]:
    """For each code point from the start of the paragraph of `start` up to `end`, whether it is inside quotation marks."""
    origin = _paragraph_start(text, start)
    inside, mask = False, []
    for at in range(origin, end):
        if text.startswith("\n\n", at):
            inside = False
        if text[at] in _MARKS:
            inside = not inside if text[at] == '"' else text[at] in "“„«" and not (text[at] == "“" and inside)
            mask.append(False)
        else:
            mask.append(inside)
    return mask


def _paragraph_start(text: str, at: int) -> int:
    found = text.rfind("\n\n", 0, at)
    return 0 if found < 0 else found + 2
