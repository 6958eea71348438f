"""The gate: whether a candidate may take the place of the model in use, by bootstrap over stories.

Both read the same frozen test stories. For each figure the difference of F1 gets a 95 % interval from resampled
stories. Promoted only if no figure is worse beyond its interval and at least one is better beyond it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from annotators.corpora import Article, Relation
from annotators.scoring import overlap, pairs, word_sets
from annotators.tags import ROLES

ROUNDS = 2000
FEWEST = 5
"""Stories below which a slice is shown and decides nothing: resampling so few says nothing of others."""
Counts = np.ndarray
"""(stories, 3): right, found and gold."""


@dataclass(frozen=True)
class Figure:
    """One figure of both models, F1 in percent; low, high: the 95 % interval of the difference."""

    name: str
    stories: int
    before: float
    after: float
    low: float
    high: float

    @property
    def worse(self) -> bool:
        """Worse beyond the interval."""
        return self.stories >= FEWEST and self.high < 0

    @property
    def better(self) -> bool:
        """Better beyond the interval."""
        return self.stories >= FEWEST and self.low > 0


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate is promoted, why, and the figures."""

    promoted: bool
    why: str
    figures: list[Figure]


def judge(figures: Sequence[Figure]) -> Verdict:
    """The gate's word on figures."""
    worse, better = [f.name for f in figures if f.worse], [f.name for f in figures if f.better]
    if worse:
        return Verdict(False, f"worse beyond the interval: {', '.join(worse)}", list(figures))
    if not better:
        return Verdict(False, "nothing is better beyond the interval", list(figures))
    return Verdict(True, f"better beyond the interval: {', '.join(better)}; nothing is worse", list(figures))


def compare(before: Mapping[str, Counts], after: Mapping[str, Counts], seed: int = 0) -> list[Figure]:
    """The figures of both models' counts, story by story in the same order; a slice is its stories with gold or findings."""
    return [_figure(name, before[name], after[name], np.random.default_rng(seed)) for name in before]


def _figure(name: str, before: Counts, after: Counts, rng: np.random.Generator) -> Figure:
    there = (before.sum(axis=1) > 0) | (after.sum(axis=1) > 0)
    before, after = before[there], after[there]
    n = len(before)
    if not n:
        return Figure(name, 0, 0.0, 0.0, 0.0, 0.0)
    drawn = rng.multinomial(n, np.full(n, 1 / n), ROUNDS).astype(float)
    gain = f1(drawn @ after) - f1(drawn @ before)
    low, high = np.percentile(gain, [2.5, 97.5])
    old, new = (round(float(f1(c.sum(axis=0))), 2) for c in (before, after))
    return Figure(name, n, old, new, round(float(low), 2), round(float(high), 2))


def f1(counts: Counts) -> np.ndarray:
    """F1 in percent of (..., 3): right, found and gold; 0 where there is nothing."""
    sizes = counts[..., 1] + counts[..., 2]
    return 200 * counts[..., 0] / np.where(sizes == 0, 1, sizes)


def relation_counts(articles: Sequence[Article], found: Sequence[Sequence[Relation]], agencies: Sequence[str] = ()) -> dict[str, Counts]:
    """Counts by element, and of lenient relations by agency. agencies: one an article, or none."""
    rows: dict[str, list[list[int]]] = {name: [] for name in (*(f"exact {r}" for r in ROLES), "relation exact", "relation lenient")}
    for article, its in zip(articles, found, strict=True):
        golds, finds = word_sets(article.relations, article.text), word_sets(its, article.text)
        for role in ROLES:
            gold, got = {w[role] for w in golds if w[role]}, {w[role] for w in finds if w[role]}
            rows[f"exact {role}"].append([len(gold & got), len(got), len(gold)])
        paired, sizes = pairs(golds, finds), [len(finds), len(golds)]
        rows["relation exact"].append([sum(all(a[r] == b[r] for r in ROLES) for a, b in paired), *sizes])
        lenient = sum(min(overlap(a["source"], b["source"]), overlap(a["content"], b["content"])) >= 0.5 for a, b in paired)
        rows["relation lenient"].append([lenient, *sizes])
    counts = {name: np.array(its, dtype=float).reshape(-1, 3) for name, its in rows.items()}
    for agency in sorted(set(agencies)):
        mine = np.array([a == agency for a in agencies], dtype=float)[:, None]
        counts[f"relation lenient, {agency or 'no agency'}"] = counts["relation lenient"] * mine
    return counts


def label_counts(stories: Sequence[Sequence[tuple[str, str, str]]]) -> dict[str, Counts]:
    """Counts by element and label from each story's (element, gold label, label said)."""
    names = sorted({(element, label) for story in stories for element, gold, said in story for label in (gold, said)})
    found = {}
    for element, label in names:
        rows = [[sum(e == element and g == s == label for e, g, s in story) for story in stories]]
        rows += [[sum(e == element and s == label for e, _, s in story) for story in stories]]
        rows += [[sum(e == element and g == label for e, g, _ in story) for story in stories]]
        found[f"{element} {label}"] = np.array(rows, dtype=float).T
    return found


def worst_new_errors(
    articles: Sequence[Article], before: Sequence[Sequence[Relation]], after: Sequence[Sequence[Relation]], count: int = 10
) -> list[dict[str, str]]:
    """Gold relations that the old model had and the new one has not, the longest content first."""
    lost = []
    for article, old, new in zip(articles, before, after, strict=True):
        golds = word_sets(article.relations, article.text)
        had, has = ({id(a) for a, b in pairs(golds, word_sets(f, article.text)) if _right(a, b)} for f in (old, new))
        for words, relation in zip(golds, article.relations, strict=True):
            if id(words) in had - has:
                lost.append((len(words["content"]), article, relation))
    lost.sort(key=lambda row: (-row[0], row[1].id, row[2].content))
    return [{"article": a.id} | {role: " … ".join(a.text[x:y] for x, y in getattr(r, role)) for role in ROLES} for _, a, r in lost[:count]]


def _right(a: Mapping[str, frozenset[int]], b: Mapping[str, frozenset[int]]) -> bool:
    return min(overlap(a["source"], b["source"]), overlap(a["content"], b["content"])) >= 0.5
