"""How a content is quoted: a matter of form, so a rule."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from schemas.labels import Quotation
from schemas.spans import Span

OPENING, CLOSING = '"“„«', '"”“»'
"""Double quotation marks that open and close; single ones are too often apostrophes."""
_TURN = re.compile(rf"[{OPENING}{CLOSING}]|\n\n")
"""Where it may change whether words are quoted."""
BARE, QUOTED = 1, 2
"""Letters outside and inside quotation marks."""
_QUOTE = bytes.maketrans(bytes([BARE]), bytes([QUOTED]))


def quotation(text: str, content: Sequence[Span]) -> str:
    """Whether all of the content stands in quotation marks, part of it, or none."""
    letters = quoted_letters(text)
    found = {form for span in content for form in letters[span.start : span.end]}
    if QUOTED not in found:
        return str(Quotation.INDIRECT)
    return str(Quotation.MIXED if BARE in found else Quotation.DIRECT)


@functools.lru_cache(maxsize=4)  # a story's claims come one after the other
def quoted_letters(text: str) -> bytes:
    """For each code point: QUOTED for a letter or digit inside quotation marks, BARE for one outside, 0 for anything else.

    A quotation left open ends with its paragraph.
    """
    letters = bytes(map(str.isalnum, text))
    inside, at, parts = False, 0, []
    for turn in _TURN.finditer(text):
        part = letters[at : turn.start()]
        parts.append(part.translate(_QUOTE) if inside else part)
        inside, at = _inside_after(turn.group(), inside), turn.start()
    parts.append(letters[at:].translate(_QUOTE) if inside else letters[at:])
    return b"".join(parts)


def _inside_after(turn: str, inside: bool) -> bool:
    if turn == '"':
        return not inside
    return turn in "„«" or (turn == "“" and not inside)
