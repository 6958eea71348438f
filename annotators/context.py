"""A claim as the judge reads it: how the story begins, what it calls the speaker, and the claim's own words with its parts marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from annotators.corpora import Relation
from annotators.pieces import Pieces, split_pieces
from annotators.speakers import Resolution

LEAD, CALLED, WINDOW = 14, 30, 64
"""Most pieces of the story's beginning, of what the speaker is called, and of the claim with what stands around it."""
BEFORE, AFTER, MARKED = 6, 4, 28
"""Pieces around the claim; most pieces of source and cue where a claim is longer than its window."""
PLAIN, OPENING, SPEAKER, SOURCE, CUE, CONTENT = range(6)
"""Kinds of pieces: what the judge is told beside each."""


class Context(NamedTuple):
    """One claim in context: ids and kinds of its pieces, (l,) each."""

    ids: np.ndarray
    kinds: np.ndarray


def contexts(
    pieces: Pieces, relations: Sequence[Relation], resolution: Resolution, tokenizer: Tokenizer, special: tuple[int, int]
) -> list[Context]:
    """Each relation of a story in its context. special: ids of the pieces that open and close."""
    called = _called(resolution, tokenizer)
    return [
        _context(pieces, relation, [] if k is None else called[k], special) for relation, k in zip(relations, resolution.of, strict=True)
    ]


def _called(resolution: Resolution, tokenizer: Tokenizer) -> list[list[int]]:
    """For each speaker the pieces of what the story calls it: the longest phrases first."""
    rows = []
    for speaker in resolution.known:
        phrases = sorted(dict.fromkeys(speaker.phrases), key=len, reverse=True)[:3]
        rows.append([int(i) for i in split_pieces(" ; ".join(phrases), tokenizer).ids[:CALLED]])
    return rows


def _context(pieces: Pieces, relation: Relation, called: Sequence[int], special: tuple[int, int]) -> Context:
    kinds = np.zeros(len(pieces), dtype=np.int64)
    parts = ((SOURCE, relation.source), (CUE, relation.cue), (CONTENT, relation.content))
    ranges = [(*pieces.covering(a, b), kind) for kind, spans in parts for a, b in spans]
    for a, b, kind in ranges:
        kinds[a:b] = kind
    start = max(0, min((a for a, _, _ in ranges), default=0) - BEFORE)
    end = min(len(pieces), max((b for _, b, _ in ranges), default=0) + AFTER)
    return assembled(pieces.ids[:LEAD], called, pieces.ids[start:end], kinds[start:end], special)


def assembled(
    lead: Sequence[int] | np.ndarray, called: Sequence[int] | np.ndarray, window: np.ndarray, kinds: np.ndarray, special: tuple[int, int]
) -> Context:
    """A claim from its parts. window, kinds: (w,) pieces of the claim and around it; too many lose the end of the content."""
    first, last = special
    kept = _fitting(kinds)
    ids = np.concatenate([[first], lead, [last], called, [last], window[kept], [last]])
    told = [PLAIN, *[OPENING] * (len(lead) + 1), *[SPEAKER] * (len(called) + 1), *kinds[kept], PLAIN]
    return Context(ids.astype(np.int64), np.array(told, dtype=np.int64))


def _fitting(kinds: np.ndarray) -> np.ndarray:
    """Which pieces of a window are kept, in order."""
    inside = np.arange(len(kinds))
    if len(inside) <= WINDOW:
        return inside
    told = np.isin(kinds, (SOURCE, CUE))
    order = [*inside[told][:MARKED], *inside[kinds == CONTENT], *inside[kinds == PLAIN]]
    return np.sort(np.array(order[:WINDOW]))
