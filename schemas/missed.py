"""Claims that an annotator typed instead of marking: a line `source | cue | content` in the passage's own words, found in the passage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product

from schemas.errors import BadData
from schemas.spans import Span, cut

FORM = "source | cue | content"
_PIECES = re.compile(r"\s*(?:…|\.\.\.)\s*")
_SAME = ("'‘’`", '"“”„«»', "-‐‑–—")
"""Characters that people type for one another."""
Spans = tuple[Span, ...]
Relation = tuple[Spans, Spans, Spans]


def read_missed(lines: Iterable[str], passage: str) -> tuple[list[Relation], dict[str, str]]:
    """Source, cue and content of each line as spans in the passage; and of each line that cannot be read, why.

    The source may stay empty; `…` parts the pieces of one in several stretches. Of words that stand there more than once, the cue and
    content nearest to each other are meant, and the source nearest to the cue.
    """
    found: list[Relation] = []
    why: dict[str, str] = {}
    for line in lines:
        try:
            found.append(_read(line, passage))
        except BadData as error:
            why[line] = str(error)
    return found, why


def _read(line: str, passage: str) -> Relation:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise BadData(f"the missed claim {line!r} is not of the form {FORM}, of which only the source may be empty")
    places = [list(_places(part, passage)) for part in parts]
    for part, there in zip(parts, places, strict=True):
        if part and not there:
            raise BadData(f"the missed claim {line!r}: {part!r} does not stand in the passage")
    sources, cues, contents = places
    cue, content = min(product(cues, contents), key=lambda pair: _gap(*pair))
    return min(sources, key=lambda source: _gap(source, cue), default=()), cue, content


def _places(words: str, passage: str) -> Iterator[Spans]:
    """Wherever the words stand, their pieces one after the other; case, line breaks and kinds of quotation marks do not count."""
    patterns = [_pattern(piece) for piece in _PIECES.split(words) if piece]
    for match in patterns[0].finditer(passage) if patterns else ():
        spans = [cut(passage, *match.span())]
        for pattern in patterns[1:]:
            following = pattern.search(passage, spans[-1].end)
            spans += [cut(passage, *following.span())] if following else []
        if len(spans) == len(patterns):
            yield tuple(spans)


def _pattern(piece: str) -> re.Pattern[str]:
    words = r"\s+".join("".join(map(_alike, word)) for word in piece.split())
    return re.compile(rf"(?<!\w){words}(?!\w)" if piece[0].isalnum() and piece[-1].isalnum() else words, re.IGNORECASE)


def _alike(character: str) -> str:
    return next((f"[{re.escape(same)}]" for same in _SAME if character in same), re.escape(character))


def _gap(one: Spans, other: Spans) -> tuple[bool, int]:
    """How far apart two parts stand; those that overlap are furthest."""
    distance = max(one[0].start - other[-1].end, other[0].start - one[-1].end)
    return (any(a.start < b.end and b.start < a.end for a in one for b in other), max(distance, 0))
