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
    """An article in pieces with its gold: tags (n,); owner (n,) relation number or -1; cues (relations, 2) pieces."""

    pieces: Pieces
    tags: np.ndarray
    owner: np.ndarray
    cues: np.ndarray


@dataclass(frozen=True)
class Batch:
    """Windows side by side; see `AttributionNetwork` for the shapes."""

    ids: Tensor
    feature: Tensor
    mask: Tensor
    tags: Tensor
    owners: Tensor
    kinds: Tensor
    cues: list[Tensor]


def gold_of(article: Article, tokenizer: Tokenizer, *, joined: frozenset[int] = frozenset()) -> Gold:
    """The tags and owners of an article's pieces. Where relations overlap, the first keeps its pieces."""
    pieces = split_pieces(article.text, tokenizer, joined=joined)
    tags = np.full(len(pieces), OUTSIDE, dtype=np.int64)
    owner = np.full(len(pieces), -1, dtype=np.int64)
    cues = np.zeros((len(article.relations), 2), dtype=np.int64)
    for number, relation in enumerate(article.relations):
        for role in ROLES:
            for start, end in getattr(relation, role):
                a, b = pieces.covering(start, end)
                if a == b or (tags[a:b] != OUTSIDE).any():
                    continue
                tags[a:b] = begin(role) + 1
                tags[a] = begin(role)
                if role == "cue":
                    cues[number] = a, b
                else:
                    owner[a:b] = number
    return Gold(pieces, tags, owner, cues)


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


def collate(cuts: list[tuple[Gold, int, int]], special: tuple[int, int]) -> Batch:
    """A batch of windows, each between the tokenizer's two special pieces."""
    length = max(b - a for _, a, b in cuts) + 2
    shape = (len(cuts), length)
    ids, feature, tags, kinds = (np.zeros(shape, dtype=np.int64) for _ in range(4))
    mask, owners = np.zeros(shape, dtype=bool), np.full(shape, -1, dtype=np.int64)
    cues = []
    for row, (gold, a, b) in enumerate(cuts):
        n = b - a
        ids[row, 0], ids[row, 1 : n + 1], ids[row, n + 1] = special[0], gold.pieces.ids[a:b], special[1]
        feature[row, 1 : n + 1] = gold.pieces.feature[a:b]
        mask[row, : n + 2] = True
        tags[row, 1 : n + 1] = gold.tags[a:b]
        kinds[row, 1 : n + 1] = gold.tags[a:b] >= begin("content")
        inside = np.flatnonzero((gold.cues[:, 0] >= a) & (gold.cues[:, 1] <= b) & (gold.cues[:, 1] > gold.cues[:, 0]))
        number = np.full(len(gold.cues) + 1, -1, dtype=np.int64)
        number[inside] = np.arange(len(inside))
        owners[row, 1 : n + 1] = number[gold.owner[a:b]]
        cues.append(torch.from_numpy(gold.cues[inside] - a + 1))
    ids_, feature_, mask_, tags_, owners_, kinds_ = map(torch.from_numpy, (ids, feature, mask, tags, owners, kinds))
    return Batch(ids_, feature_, mask_, tags_, owners_, kinds_, cues)
