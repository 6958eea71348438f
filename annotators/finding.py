"""All the attribution relations of texts: those the tag layer gives, and those inside a content that reports speech itself.

A tag layer gives each piece to one relation, and what it learned from nests none. So a content with a verb of speech (*the
minister said the rebels had denied ...*) is read once more, on its own, as if it stood in the story without its speaker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from annotators.attribution import Backend, Reading, read, readings, relations, run_windows
from annotators.decoding import Found
from annotators.pieces import FIRST, Pieces
from annotators.windows import SIZE

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_FORMS = """
acknowledge(?:d|s)? accuse(?:d|s)? add(?:ed|s)? admit(?:ted|s)? allege(?:d|s)? announce(?:d|s)? argue(?:d|s)? assert(?:ed|s)?
blame(?:d|s)? claim(?:ed|s)? complain(?:ed|s)? condemn(?:ed|s)? confirm(?:ed|s)? declare(?:d|s)? demand(?:ed|s)? den(?:y|ied|ies|ying)
denounce(?:d|s)? explain(?:ed|s)? insist(?:ed|s)? maintain(?:ed|s)? note(?:d|s)? pledge(?:d|s)? predict(?:ed|s)? promise(?:d|s)?
reiterate(?:d|s)? reject(?:ed|s)? repl(?:y|ied|ies) report(?:ed|s)? sa(?:y|id|ys|ying) stated tell(?:s)? testif(?:y|ied|ies)
threaten(?:ed|s)? told vow(?:ed|s)? warn(?:ed|s)? write(?:s)? wrote
"""
SPEECH = re.compile(rf"(?<!\bto )\b(?:{'|'.join(_FORMS.split())})\b", re.IGNORECASE)
"""Verbs of speech: thinking, hoping and planning inside a content are seldom what a story reports, nor is what somebody is *to* say."""
_SHORTEST, _LONGEST = 5, SIZE
"""Contents that are read again, in pieces."""


def find(texts: Sequence[str], tokenizer: Tokenizer, backend: Backend) -> Iterator[tuple[Reading, list[Found]]]:
    """Each text's reading and its relations in order of their cues, inner ones among them."""
    outer = [(reading, relations(reading)) for reading in read(texts, tokenizer, backend)]
    places = [(t, span) for t, (reading, found) in enumerate(outer) for span in _speaking(texts[t], reading, found)]
    inner: dict[int, list[Found]] = {}
    for (t, (start, _)), reading in zip(places, _again([outer[t][0] for t, _ in places], [s for _, s in places], backend), strict=True):
        inner.setdefault(t, []).extend(_moved(f, start) for f in relations(reading))
    for t, (reading, found) in enumerate(outer):
        yield reading, sorted([*found, *inner.get(t, [])], key=lambda f: f.cue)


def _speaking(text: str, reading: Reading, found: Sequence[Found]) -> Iterator[tuple[int, int]]:
    """The contents, in pieces, in which somebody is said to speak."""
    for a, b in (content for f in found for content in f.contents):
        first, last = int(reading.pieces.start[a]), int(reading.pieces.end[b - 1])
        if _SHORTEST <= b - a <= _LONGEST and SPEECH.search(text, first + 1, last):
            yield a, b


def _again(outer: Sequence[Reading], spans: Sequence[tuple[int, int]], backend: Backend) -> Iterator[Reading]:
    """A reading of each span on its own, as a paragraph."""
    pieces = [_as_paragraph(reading.pieces[a:b]) for reading, (a, b) in zip(outer, spans, strict=True)]
    ranges = [[(0, len(p))] for p in pieces]
    outs = run_windows([(p, 0, len(p)) for p in pieces], backend)
    return readings(pieces, ranges, [[out] for out in outs], backend.steps)


def _as_paragraph(pieces: Pieces) -> Pieces:
    feature = pieces.feature.copy()
    feature[0] |= FIRST
    return replace(pieces, feature=feature)


def _moved(found: Found, by: int) -> Found:
    """A relation found in a part of a text, in the pieces of the whole."""
    sources, contents = (tuple((a + by, b + by) for a, b in spans) for spans in (found.sources, found.contents))
    return Found((found.cue[0] + by, found.cue[1] + by), sources, contents, found.probability)
