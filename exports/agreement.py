"""How far people who reviewed the same claims agree, element by element, beyond chance, and how sure that figure is.

Choices: Cohen's kappa where the same two people did all (Cohen 1960), Fleiss' kappa where every claim has equally many reviews
(Fleiss 1971), else Krippendorff's alpha, nominal, which allows for gaps (Krippendorff 2011). Spans: alpha over the characters of the
passage (source, cue, content or none), and the F1 of each pair's exact spans; links: F1. Intervals: bootstrap over claims, percentile.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.labels import CHOICES, HUMAN_ONLY, Problem
from schemas.reviews import Review

FEW = 30
"""Claims below which a figure is given as what it is: a hint."""
FEWEST = 5
"""Claims below which no coefficient is given."""
_ROUNDS = 1000
PARTS = ("source", "cue", "content")
MARKED = (*PARTS, "links")
PICKED = (*(name for name in (*CHOICES, *HUMAN_ONLY) if name != "quotation"), "a claim")
Array = np.ndarray[Any, Any]
Formula = Callable[[Array], float]
Labels = Mapping[str, Mapping[str, str]]
"""Label by claim and person."""


@dataclass(frozen=True)
class Agreement:
    """One figure. observed: share of pairs that agree; value: the measure, None where it says nothing; low, high: 95 % interval."""

    element: str
    measure: str
    claims: int
    people: int
    observed: float
    value: float | None
    low: float | None
    high: float | None
    note: str


@dataclass(frozen=True)
class _Shared:
    """What is kept of a claim that several people reviewed.

    picked: label by element and person; painted: the coincidences of its characters; alike: the share of pairs that agree on one;
    marked: by part and for links, what is in both of each pair, and what in the one and the other.
    """

    people: tuple[str, ...]
    picked: tuple[tuple[str, ...], ...]
    painted: bytes
    alike: float
    marked: tuple[tuple[int, int], ...]


class Agreeing:
    """Gathers claims that several people reviewed, a few hundred bytes each, for the figures of all elements."""

    def __init__(self) -> None:
        self._shared: dict[str, _Shared] = {}
        self._same: dict[Any, Any] = {}

    def add(self, reviews: Iterable[Review]) -> None:
        """Takes in all reviews of some tasks; only claims that two people or more have reviewed count."""
        newest: dict[str, dict[str, Review]] = {}
        for review in sorted(reviews, key=lambda r: (r.updated, r.annotation_id)):
            if not review.skipped and review.kind == "claim":
                newest.setdefault(review.key, {})[review.by] = review
        for key, by in newest.items():
            if len(by) > 1:
                self._shared[key] = self._reduced(dict(sorted(by.items())))

    def _reduced(self, by: Mapping[str, Review]) -> _Shared:
        painted, alike = _painted_by(by.values())
        marked = self._same_as(tuple(_marked_by(by.values(), element) for element in MARKED))
        picked = self._same_as(tuple(self._same_as(tuple(_pick(r, name) for r in by.values())) for name in PICKED))
        return _Shared(self._same_as(tuple(by)), picked, painted.tobytes(), alike, marked)

    def _same_as(self, value: Any) -> Any:
        """A value, once in memory however often it comes."""
        return self._same.setdefault(value, value)

    def figures(self, *, seed: int = 0) -> list[Agreement]:
        """The figures of all elements."""
        shared = dict(sorted(self._shared.items()))
        rng = np.random.default_rng(seed)
        found = [_spans(shared.values(), rng), *(_f1(n, shared.values(), rng) for n in range(len(MARKED)))]
        for n, name in enumerate(PICKED):
            labels = {k: {who: x for who, x in zip(s.people, s.picked[n], strict=True) if x} for k, s in shared.items()}
            found.append(choice_agreement(name, labels, rng))
        return [figure for figure in found if figure.claims]


def agreement(reviews: Iterable[Review], *, seed: int = 0) -> list[Agreement]:
    """The figures of all elements from reviews; only claims that two people or more have reviewed count."""
    gathered = Agreeing()
    gathered.add(reviews)
    return gathered.figures(seed=seed)


def _pick(review: Review, element: str) -> str:
    """What was picked for an element; empty where it was left open."""
    if element == "a claim":
        return "no" if Problem.NOT_A_CLAIM in review.problems or not review.claims else "yes"
    return review.choices.get(element, "")


def choice_agreement(element: str, labels: Labels, rng: np.random.Generator) -> Agreement:
    """The fitting measure of one element's labels."""
    units = [row for row in labels.values() if len(row) > 1]
    people = sorted({who for row in units for who in row})
    kinds = sorted({label for row in units for label in row.values()})
    sizes = {len(row) for row in units}
    if not units:
        return Agreement(element, "", 0, 0, 0.0, None, None, None, "")
    counts = np.array([[sum(label == kind for label in row.values()) for kind in kinds] for row in units], dtype=float)
    observed = float(np.mean(_agreeing(counts)))
    formula: Formula
    if len(people) == 2:
        measure, tables, formula = "Cohen's kappa", _crossed(units, people, kinds), cohen
    elif len(sizes) == 1:
        measure, tables, formula = "Fleiss' kappa", counts, fleiss
    else:
        measure, tables, formula = "Krippendorff's alpha", _coincidences(counts), alpha
    note = f"all said {kinds[0]}" if len(kinds) == 1 else ""
    return _figure(element, measure, len(people), observed, tables, formula, rng, note)


def _figure(
    element: str,
    measure: str,
    people: int,
    observed: float,
    tables: Array,
    formula: Formula,
    rng: np.random.Generator,
    note: str = "",
) -> Agreement:
    """A measure of per-claim tables with its interval. tables: (claims, ...)."""
    claims = len(tables)
    if claims < FEWEST or note:
        return Agreement(element, measure, claims, people, observed, None, None, None, note or f"{claims} claims are too few")
    value = formula(tables)
    drawn = [formula(tables[rng.integers(0, claims, claims)]) for _ in range(_ROUNDS)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5]) if not np.all(np.isnan(drawn)) else (np.nan, np.nan)
    note = f"{claims} claims are few: mind the interval" if claims < FEW else ""
    if np.isnan(value):
        return Agreement(element, measure, claims, people, observed, None, None, None, "no variation to speak of")
    return Agreement(element, measure, claims, people, observed, float(value), float(low), float(high), note)


# The measures, of tables per claim


def cohen(tables: Array) -> float:
    """Cohen's kappa. tables: (claims, labels, labels), what the one said by what the other said."""
    joint = tables.sum(axis=0) / tables.sum()
    expected = float(joint.sum(axis=1) @ joint.sum(axis=0))
    return float("nan") if expected >= 1 else (float(np.trace(joint)) - expected) / (1 - expected)


def fleiss(counts: Array) -> float:
    """Fleiss' kappa. counts: (claims, labels), how many said each; equally many for every claim."""
    share = counts.sum(axis=0) / counts.sum()
    expected = float(share @ share)
    return float("nan") if expected >= 1 else (float(np.mean(_agreeing(counts))) - expected) / (1 - expected)


def alpha(coincidences: Array) -> float:
    """Krippendorff's alpha for nominal data. coincidences: (claims, labels, labels), each claim's pairs over its reviews less one."""
    total = coincidences.sum(axis=0)
    margins = total.sum(axis=1)
    n = margins.sum()
    expected = n * n - float(margins @ margins)
    return float("nan") if expected <= 0 else 1 - (n - 1) * (n - float(np.trace(total))) / expected


def _agreeing(counts: Array) -> Array:
    """Share of each claim's pairs that agree."""
    m = counts.sum(axis=1)
    return (counts * (counts - 1)).sum(axis=1) / (m * (m - 1))


def _crossed(units: Sequence[Mapping[str, str]], people: Sequence[str], kinds: Sequence[str]) -> Array:
    tables = np.zeros((len(units), len(kinds), len(kinds)))
    for n, row in enumerate(units):
        tables[n, kinds.index(row[people[0]]), kinds.index(row[people[1]])] = 1
    return tables


def _coincidences(counts: Array) -> Array:
    """(claims, labels, labels) from (claims, labels)."""
    m = counts.sum(axis=1)[:, None, None]
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    return pairs / (m - 1)


# Spans and links


def _spans(shared: Collection[_Shared], rng: np.random.Generator) -> Agreement:
    """Alpha over the characters of each passage: which part of the claim they belong to, or to none."""
    if not shared:
        return Agreement("spans", "", 0, 0, 0.0, None, None, None, "")
    tables = np.frombuffer(b"".join(s.painted for s in shared)).reshape(len(shared), len(PARTS) + 1, -1)
    people, observed = {who for s in shared for who in s.people}, float(np.mean([s.alike for s in shared]))
    return _figure("spans", "Krippendorff's alpha, by character", len(people), observed, tables, alpha, rng)


def _painted_by(reviews: Iterable[Review]) -> tuple[Array, float]:
    """The coincidences of a passage's characters, and the share of pairs that agree on one."""
    rows = np.stack([_painted(review) for review in reviews])
    counts = np.stack([(rows == kind).sum(axis=0) for kind in range(len(PARTS) + 1)], axis=1).astype(float)
    return _coincidences(counts).sum(axis=0), float(np.mean(_agreeing(counts)))


def _painted(review: Review) -> Array:
    """The part of each character of the passage: 0 none, 1 source, 2 cue, 3 content."""
    start, end = review.passage
    row = np.zeros(max(end - start, 1), dtype=np.int8)
    for claim in review.claims[:1]:
        for kind, part in enumerate(PARTS, 1):
            for span in getattr(claim, part):
                row[max(span.start - start, 0) : span.end - start] = kind
    return row


def _f1(which: int, shared: Collection[_Shared], rng: np.random.Generator) -> Agreement:
    """F1 of exact spans of a part, or of links, of all pairs of people on the same claim."""
    table = np.array([s.marked[which] for s in shared], dtype=float).reshape(-1, 2)
    if not table[:, 1].sum():
        return Agreement(MARKED[which], "", 0, 0, 0.0, None, None, None, "")
    return _figure(MARKED[which], "F1, exact", len({who for s in shared for who in s.people}), f1(table), table, f1, rng)


def _marked_by(reviews: Iterable[Review], element: str) -> tuple[int, int]:
    """How much is in both of each pair, and in the one and the other together."""
    pairs = list(itertools.combinations([_marked(review, element) for review in reviews], 2))
    return sum(len(a & b) for a, b in pairs), sum(len(a) + len(b) for a, b in pairs)


def f1(tables: Array) -> float:
    """F1 from (claims, 2): how much is in both, and how much in the one and in the other together."""
    both, sizes = tables.sum(axis=0)
    return float(2 * both / sizes) if sizes else float("nan")


def _marked(review: Review, element: str) -> set[tuple]:
    claims = review.claims[:1]
    if element != "links":
        return {(s.start, s.end) for claim in claims for s in getattr(claim, element)}
    return {
        (cue.start, cue.end, part, s.start, s.end)
        for claim in claims
        for cue in claim.cue[:1]
        for part in ("source", "content")
        for s in getattr(claim, part)
    }


# Hidden gold


@dataclass(frozen=True)
class GoldAccuracy:
    """How often one person said what was agreed on. right, asked: choices, over all elements."""

    by: str
    tasks: int
    right: int
    asked: int


def against_gold(reviews: Iterable[Review], gold: Mapping[str, str]) -> list[GoldAccuracy]:
    """Each person's hidden gold tasks against what was agreed on. gold: the claim that each hidden task asks again."""
    kept = list(reviews)
    answers = {review.key: review.choices for review in kept if review.key in gold.values()}
    found: dict[str, list[tuple[int, int]]] = {}
    for review in kept:
        truth = answers.get(gold.get(review.key, ""))
        if truth and not review.skipped:
            found.setdefault(review.by, []).append((sum(review.choices.get(name) == label for name, label in truth.items()), len(truth)))
    return [GoldAccuracy(by, len(rows), sum(r for r, _ in rows), sum(n for _, n in rows)) for by, rows in sorted(found.items())]
