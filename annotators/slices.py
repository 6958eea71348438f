"""How sure attribution figures are, in which kinds of claims and texts they hold, and which words are taken for which part.

Intervals are 95 %, by bootstrap over articles. A gold relation counts as found, and a found one as right, where source and content overlap
their other by half or more. The kinds are read off the relation itself (`schemas.quotation`, `annotators.speakers`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from annotators.corpora import Article, Relation
from annotators.gate import FEWEST, Counts, f1, relation_counts
from annotators.scoring import Words, overlap, pairs, word_sets
from annotators.speakers import resolve
from schemas.quotation import quotation
from schemas.spans import cut

ROUNDS = 1000
PARTS = ("cue", "source", "content")
"""In the order in which a word that has several is counted."""
NONE = "none"
LENGTHS = ((0, 300), (300, 700), (700, None))
"""Words of a text, from and below."""
Sure = tuple[float, float, float]
"""A percentage with its interval; the interval is the whole range where fewer than five articles speak."""


@dataclass(frozen=True)
class Slice:
    """One kind of relation or text. gold, found: how many relations; recall: of the gold ones, precision: of those found."""

    kind: str
    name: str
    articles: int
    gold: int
    recall: Sure
    found: int
    precision: Sure


def intervals(articles: Sequence[Article], found: Sequence[Sequence[Relation]], seed: int = 0) -> dict[str, Sure]:
    """F1 of each element and of whole relations."""
    return {name: _sure(counts, f1, seed) for name, counts in relation_counts(articles, found).items()}


def slices(articles: Sequence[Article], found: Sequence[Sequence[Relation]], seed: int = 0) -> list[Slice]:
    """By quotation, naming, length of the text, and agency where articles name theirs."""
    counts: dict[tuple[str, str], Counts] = defaultdict(lambda: np.zeros((len(articles), 4)))
    for n, (article, its) in enumerate(zip(articles, found, strict=True)):
        golds, finds = word_sets(article.relations, article.text), word_sets(its, article.text)
        right = {id(w) for pair in pairs(golds, finds) if _lenient(*pair) for w in pair}
        for at, relations, sets in ((0, article.relations, golds), (2, its, finds)):
            for kinds, words in zip(_kinds(article, relations), sets, strict=True):
                for kind in kinds:
                    counts[kind][n, at : at + 2] += (id(words) in right, 1)
    return [_slice(kind, name, rows, seed) for (kind, name), rows in sorted(counts.items())]


def taken_for(articles: Sequence[Article], found: Sequence[Sequence[Relation]]) -> dict[str, dict[str, int]]:
    """For each part in the gold, and for no part, how many of its words were taken for each."""
    counts: Counter[tuple[str, str]] = Counter()
    for article, its in zip(articles, found, strict=True):
        gold, said = (_parts(word_sets(relations, article.text)) for relations in (article.relations, its))
        counts.update((gold.get(word, NONE), said.get(word, NONE)) for word in {*gold, *said})
    return {g: {s: counts[g, s] for s in (*PARTS, NONE) if (g, s) != (NONE, NONE)} for g in (*PARTS, NONE)}


def _parts(sets: Sequence[Words]) -> dict[int, str]:
    return {word: part for part in reversed(PARTS) for words in sets for word in words[part]}


def _kinds(article: Article, relations: Sequence[Relation]) -> Iterator[list[tuple[str, str]]]:
    size = len(article.text.split())
    length = next(f"{low} to {high} words" if high else f"{low} words and more" for low, high in LENGTHS if high is None or size < high)
    shared = [("length", length), *([("agency", article.agency)] if article.agency else [])]
    for relation, naming in zip(relations, resolve(article.text, list(relations)).naming, strict=True):
        spoken = quotation(article.text, [cut(article.text, a, b) for a, b in relation.content])
        yield [*shared, ("quotation", spoken), ("naming", naming)]


def _slice(kind: str, name: str, rows: Counts, seed: int) -> Slice:
    there = rows[rows.sum(axis=1) > 0]
    gold, found = (int(there[:, n].sum()) for n in (1, 3))
    return Slice(kind, name, len(there), gold, _sure(there[:, :2], _share, seed), found, _sure(there[:, 2:], _share, seed))


def _share(counts: Counts) -> np.ndarray:
    return 100 * counts[..., 0] / np.where(counts[..., 1] == 0, 1, counts[..., 1])


def _sure(counts: Counts, figure: Callable[[Counts], np.ndarray], seed: int) -> Sure:
    """A figure of counts by article."""
    n, value = len(counts), round(float(figure(counts.sum(axis=0))), 1)
    if n < FEWEST:
        return value, 0.0, 100.0
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), ROUNDS).astype(float)
    low, high = np.percentile(figure(drawn @ counts), [2.5, 97.5])
    return value, round(float(low), 1), round(float(high), 1)


def _lenient(a: Words, b: Words) -> bool:
    return min(overlap(a["source"], b["source"]), overlap(a["content"], b["content"])) >= 0.5
