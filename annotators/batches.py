"""Training windows of annotated articles, cut at new places each epoch, in batches that waste little padding."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from annotators.corpora import Article
from annotators.pieces import Pieces, paragraph_starts, split_pieces
from annotators.tags import OUTSIDE, ROLES, begin

if TYPE_CHECKING:
    from tokenizers import Tokenizer

JOIN_ARTICLE, JOIN_BREAK = 0.25, 0.5
"""Share of articles, in an epoch, whose paragraph breaks are varied, and share of their breaks that are taken out."""


@dataclass(frozen=True)
class Gold:
    """An article in pieces with its gold.

    tags: (n,); owner: (n,) of content pieces the relation's number, else -1; cues, sources: (relations, 2) pieces, 0, 0 for none;
    inner: (n,) tags of the relations that stand in another's content.
    """

    pieces: Pieces
    tags: np.ndarray
    owner: np.ndarray
    cues: np.ndarray
    sources: np.ndarray
    inner: np.ndarray


@dataclass(frozen=True)
class Batch:
    """Windows side by side; see `AttributionNetwork` for the shapes."""

    ids: Tensor
    feature: Tensor
    mask: Tensor
    tags: Tensor
    inner: Tensor
    within: Tensor
    """Which pieces belong to a content, where inner relations may stand."""
    owners: Tensor
    cues: list[Tensor]
    sources: list[Tensor]
    source_of: list[Tensor]
    written: bool = False
    """Whether these are the project's written passages, which weigh less than articles."""


def gold_of(article: Article, tokenizer: Tokenizer, *, joined: frozenset[int] = frozenset()) -> Gold:
    """The tags and owners of an article's pieces. Where relations overlap, the first keeps its pieces; sources may be shared."""
    pieces = split_pieces(article.text, tokenizer, joined=joined)
    tags = np.full(len(pieces), OUTSIDE, dtype=np.int64)
    owner = np.full(len(pieces), -1, dtype=np.int64)
    cues, sources = np.zeros((2, len(article.relations), 2), dtype=np.int64)
    for number, relation in enumerate(article.relations):
        for role in ROLES:
            for start, end in getattr(relation, role):
                a, b = pieces.covering(start, end)
                if role == "source":
                    sources[number] = a, b
                if a == b or (tags[a:b] != OUTSIDE).any():
                    continue
                _mark(tags, a, b, role)
                if role == "cue":
                    cues[number] = a, b
                elif role == "content":
                    owner[a:b] = number
    return Gold(pieces, tags, owner, cues, sources, _inner(article, pieces, owner))


def _inner(article: Article, pieces: Pieces, owner: np.ndarray) -> np.ndarray:
    """(n,) tags of the relations whose cue stands in another's content, what of them stands there too; the first keeps its pieces."""
    tags = np.full(len(pieces), OUTSIDE, dtype=np.int64)

    def free(a: int, b: int) -> bool:
        return a < b and bool((owner[a:b] >= 0).all()) and not tags[a:b].any()

    for number, relation in enumerate(article.relations):
        spans = {role: [pieces.covering(start, end) for start, end in getattr(relation, role)] for role in ROLES}
        if not spans["cue"] or not all(free(a, b) and number not in owner[a:b] for a, b in spans["cue"]):
            continue
        for role, its in spans.items():
            for a, b in its:
                if free(a, b):
                    _mark(tags, a, b, role)
    return tags


def _mark(tags: np.ndarray, a: int, b: int, role: str) -> None:
    tags[a:b] = begin(role) + 1
    tags[a] = begin(role)


def epoch_batches(
    articles: list[Article], tokenizer: Tokenizer, *, size: int, batch: int, special: tuple[int, int], rng: random.Random
) -> Iterator[Batch]:
    """Batches of one epoch: each article cut into windows of `size` pieces from a random first cut on."""
    cuts: list[tuple[Gold, int, int]] = []
    for article in articles:
        joined: frozenset[int] = frozenset()
        if rng.random() < JOIN_ARTICLE:
            joined = frozenset(i for i in range(1, len(paragraph_starts(article.text))) if rng.random() < JOIN_BREAK)
        gold = gold_of(article, tokenizer, joined=joined)
        first = rng.randrange(1, size + 1)
        edges = [0, *range(first, len(gold.pieces), size), len(gold.pieces)]
        cuts += [(gold, a, b) for a, b in itertools.pairwise(edges) if b - a >= 8]
    rng.shuffle(cuts)
    pool = batch * 32
    for at in range(0, len(cuts), pool):
        near = sorted(cuts[at : at + pool], key=lambda cut: cut[2] - cut[1])
        groups = [near[i : i + batch] for i in range(0, len(near), batch)]
        rng.shuffle(groups)
        for group in groups:
            yield collate(group, special)


def collate(cuts: list[tuple[Gold, int, int]], special: tuple[int, int], *, written: bool = False) -> Batch:
    """A batch of windows, each between the tokenizer's two special pieces."""
    length = max(b - a for _, a, b in cuts) + 2
    shape = (len(cuts), length)
    ids, feature, tags, inner = (np.zeros(shape, dtype=np.int64) for _ in range(4))
    mask, within, owners = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool), np.full(shape, -1, dtype=np.int64)
    cues, sources, source_of = [], [], []
    for row, (gold, a, b) in enumerate(cuts):
        n = b - a
        ids[row, 0], ids[row, 1 : n + 1], ids[row, n + 1] = special[0], gold.pieces.ids[a:b], special[1]
        feature[row, 1 : n + 1] = gold.pieces.feature[a:b]
        mask[row, : n + 2] = True
        tags[row, 1 : n + 1] = gold.tags[a:b]
        inner[row, 1 : n + 1] = gold.inner[a:b]
        within[row, 1 : n + 1] = gold.owner[a:b] >= 0
        inside = np.flatnonzero(_within(gold.cues, a, b))
        number = np.full(len(gold.cues) + 1, -1, dtype=np.int64)
        number[inside] = np.arange(len(inside))
        owners[row, 1 : n + 1] = number[gold.owner[a:b]]
        cues.append(torch.from_numpy(gold.cues[inside] - a + 1))
        spans, which = _sources(gold, a, b)
        sources.append(torch.from_numpy(spans - a + 1))
        source_of.append(torch.from_numpy(which[inside]))
    ids_, feature_, mask_, tags_, inner_, within_, owners_ = map(torch.from_numpy, (ids, feature, mask, tags, inner, within, owners))
    return Batch(ids_, feature_, mask_, tags_, inner_, within_, owners_, cues, sources, source_of, written)


def _within(spans: np.ndarray, a: int, b: int) -> np.ndarray:
    return (spans[:, 0] >= a) & (spans[:, 1] <= b) & (spans[:, 1] > spans[:, 0])


def _sources(gold: Gold, a: int, b: int) -> tuple[np.ndarray, np.ndarray]:
    """The distinct sources in a window, (s, 2), and of each relation which is its own: s for none, -1 for one outside."""
    inside = _within(gold.sources, a, b)
    spans, which = np.unique(gold.sources[inside], axis=0, return_inverse=True)
    own = np.full(len(gold.sources), -1, dtype=np.int64)
    own[inside] = which.reshape(-1)
    own[gold.sources[:, 1] == 0] = len(spans)
    return spans.reshape(-1, 2), own
