"""All the attribution relations of texts: those the tag layer gives, and those inside a content.

A tag layer gives each piece to one relation. For *the minister said the rebels had denied ...* a model has a second row of tags, which
counts inside contents alone; what belongs to what there is told by the same links as elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from annotators.attribution import Backend, Reading, read, relations
from annotators.decoding import Found, all_marginals, best_paths, stretches
from annotators.tags import FORBIDDEN, OUTSIDE, TAGS

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def find(texts: Sequence[str], tokenizer: Tokenizer, backend: Backend) -> Iterator[tuple[Reading, list[Found]]]:
    """Each text's reading and its relations in order of their cues, inner ones among them."""
    outer = [(reading, relations(reading)) for reading in read(texts, tokenizer, backend)]
    inner = [[]] * len(outer) if backend.steps.inner is None else _inner(outer, backend.steps.inner)
    for (reading, found), its in zip(outer, inner, strict=True):
        yield reading, sorted([*found, *its], key=lambda f: f.cue)


def _inner(outer: Sequence[tuple[Reading, list[Found]]], steps: np.ndarray) -> list[list[Found]]:
    """The relations inside contents of each text."""
    scores = [_within(reading.inner, found) for reading, found in outer]
    paths = best_paths(scores, steps)
    some = [t for t, path in enumerate(paths) if stretches(path, "cue")]
    inner: list[list[Found]] = [[] for _ in outer]
    for t, sure in zip(some, all_marginals([scores[t] for t in some], steps), strict=True):
        reading, found = outer[t]
        inner[t] = [f for its in found for f in _inside(its, replace(reading, path=paths[t], sure=sure))]
    return inner


def _within(scores: np.ndarray, found: Sequence[Found]) -> np.ndarray:
    """(n, 7) inner tag scores; a piece of no content can only be outside."""
    only = np.full(len(TAGS), FORBIDDEN, dtype=scores.dtype)
    only[OUTSIDE] = 0
    inside = _covered(len(scores), found)
    return np.where(inside[:, None], scores, only)


def _inside(outer: Found, reading: Reading) -> list[Found]:
    """The relations in one relation's content. reading: with the path of inner tags."""
    path = np.where(_covered(len(reading.path), [outer]), reading.path, OUTSIDE)
    return relations(replace(reading, path=path)) if stretches(path, "cue") else []


def _covered(count: int, found: Sequence[Found]) -> np.ndarray:
    """(count,) whether a piece belongs to one of the relations' contents."""
    covered = np.zeros(count, dtype=bool)
    for a, b in (content for f in found for content in f.contents):
        covered[a:b] = True
    return covered
