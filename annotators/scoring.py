"""Scores attribution relations against gold, in words, as PolNeAR's figures are given.

Text is cut into runs of word characters; a span is the set of its words, so punctuation at a border does not count.
Relations are paired one to one, best overlap of cue plus content first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from annotators.corpora import Relation
from annotators.tags import ROLES

_WORD = re.compile(r"\w+")
Words = dict[str, frozenset[int]]


@dataclass(frozen=True)
class Rates:
    """Precision, recall and F1, in percent."""

    p: float
    r: float
    f: float


@dataclass(frozen=True)
class Scores:
    """Word and exact figures for each role, and those of whole relations."""

    word: dict[str, Rates]
    exact: dict[str, Rates]
    relation_exact: Rates
    relation_lenient: Rates
    gold: int
    predicted: int


def score(stories: Iterable[tuple[str, Sequence[Relation], Sequence[Relation]]]) -> Scores:
    """Micro-averaged figures over stories of (text, gold, predicted)."""
    tally: Counter[tuple[str, str]] = Counter()
    for text, gold, predicted in stories:
        starts, ends = _words(text)
        golds = [_sets(r, starts, ends) for r in gold]
        found = [_sets(r, starts, ends) for r in predicted]
        for role in ROLES:
            _count(tally, f"word {role}", _union(golds, role), _union(found, role))
            _count(tally, f"exact {role}", {w[role] for w in golds if w[role]}, {w[role] for w in found if w[role]})
        tally["relations", "gold"] += len(golds)
        tally["relations", "found"] += len(found)
        for a, b in pairs(golds, found):
            tally["relation exact", "hit"] += all(a[r] == b[r] for r in ROLES)
            tally["relation lenient", "hit"] += min(overlap(a["source"], b["source"]), overlap(a["content"], b["content"])) >= 0.5
    sizes = tally["relations", "found"], tally["relations", "gold"]
    return Scores(
        word={role: _rates(tally, f"word {role}") for role in ROLES},
        exact={role: _rates(tally, f"exact {role}") for role in ROLES},
        relation_exact=rates(tally["relation exact", "hit"], *sizes),
        relation_lenient=rates(tally["relation lenient", "hit"], *sizes),
        gold=sizes[1],
        predicted=sizes[0],
    )


def overlap(a: frozenset[int], b: frozenset[int]) -> float:
    """F1 of two sets of words; two empty ones agree."""
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0


def rates(hits: int, found: int, gold: int) -> Rates:
    """Percentages from counts, to one digit."""
    p, r = hits / found if found else 0.0, hits / gold if gold else 0.0
    f = 2 * p * r / (p + r) if p + r else 0.0
    return Rates(round(100 * p, 1), round(100 * r, 1), round(100 * f, 1))


def pairs(golds: Sequence[Words], found: Sequence[Words]) -> list[tuple[Words, Words]]:
    """Gold and found relations paired one to one: those that share cue or content words, best first."""
    candidates = []
    for i, a in enumerate(golds):
        for j, b in enumerate(found):
            if a["cue"] & b["cue"] or a["content"] & b["content"]:
                cue = overlap(a["cue"], b["cue"]) if a["cue"] or b["cue"] else 0.0
                candidates.append((cue + overlap(a["content"], b["content"]), i, j))
    chosen: dict[int, int] = {}
    for _, i, j in sorted(candidates, reverse=True):
        if i not in chosen and j not in chosen.values():
            chosen[i] = j
    return [(golds[i], found[j]) for i, j in chosen.items()]


def word_sets(relations: Iterable[Relation], text: str) -> list[Words]:
    """The words of each role of each relation."""
    starts, ends = _words(text)
    return [_sets(r, starts, ends) for r in relations]


def _words(text: str) -> tuple[np.ndarray, np.ndarray]:
    spans = np.array([m.span() for m in _WORD.finditer(text)], dtype=np.int64).reshape(-1, 2)
    return spans[:, 0], spans[:, 1]


def _sets(relation: Relation, starts: np.ndarray, ends: np.ndarray) -> Words:
    sets = {}
    for role in ROLES:
        inside: set[int] = set()
        for start, end in getattr(relation, role):
            inside.update(range(int(np.searchsorted(ends, start, "right")), int(np.searchsorted(starts, end, "left"))))
        sets[role] = frozenset(inside)
    return sets


def _union(relations: list[Words], role: str) -> set[int]:
    return set().union(*(r[role] for r in relations))


def _count(tally: Counter[tuple[str, str]], name: str, gold: set, found: set) -> None:
    tally[name, "hit"] += len(gold & found)
    tally[name, "gold"] += len(gold)
    tally[name, "found"] += len(found)


def _rates(tally: Counter[tuple[str, str]], name: str) -> Rates:
    return rates(tally[name, "hit"], tally[name, "found"], tally[name, "gold"])
