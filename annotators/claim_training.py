"""What training knows of claims: the judging layer in PyTorch, passages as windows with their claims, and the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from annotators.batches import Batch, Gold, collate, gold_of
from annotators.claimset import Labelled, Passage
from annotators.corpora import Article
from annotators.heads import Parts, Range, label_offsets
from annotators.tags import ROLES
from schemas.labels import CHOICES

if TYPE_CHECKING:
    import random

    from tokenizers import Tokenizer

INNER = 256
"""Width of the judging layer."""
WEIGHTS = {"role": 1.0, "modality": 0.5, "stance": 1.0, "naming": 0.3}
"""Weight of each element in the loss."""


class ClaimHeads(nn.Module):
    """Means of source, cue and content, one hidden layer, and scores of every element's labels side by side."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.absent = nn.Parameter(torch.zeros(3, width))
        self.inner = nn.Linear(3 * width, INNER)
        self.outer = nn.Linear(INNER, max(b for _, b in label_offsets().values()))
        self.dropout = nn.Dropout(0.2)

    def forward(self, hidden: Tensor, parts: Parts) -> Tensor:
        """Scores of one claim. hidden: (l, width) of its window; parts: ranges of source, cue, content in it."""
        means = [torch.cat([hidden[a:b] for a, b in r]).mean(0) if r else self.absent[i] for i, r in enumerate(parts)]
        return self.outer(self.dropout(torch.relu(self.inner(self.dropout(torch.cat(means))))))


@dataclass(frozen=True)
class PassageWindow:
    """A passage as one window, with its claims' ranges (special piece counted) and labels."""

    gold: Gold
    claims: list[tuple[Parts, dict[str, str]]]


def claim_loss(heads: ClaimHeads, hidden: Tensor, claims: Sequence[Sequence[tuple[Parts, dict[str, str]]]]) -> Tensor:
    """Weighted mean cross-entropy over the elements of every claim of a batch of windows. hidden: (b, l, width)."""
    scores = torch.stack([heads(hidden[row], parts) for row, its in enumerate(claims) for parts, _ in its])
    labels = [labels for its in claims for _, labels in its]
    loss = scores.sum() * 0.0
    for name, (a, b) in label_offsets().items():
        order = [str(x) for x in CHOICES[name]]
        gold = torch.tensor([order.index(label[name]) for label in labels], device=scores.device)
        loss = loss + WEIGHTS[name] * nn.functional.cross_entropy(scores[:, a:b], gold, label_smoothing=0.05)
    return loss


def passage_batches(windows: Sequence[PassageWindow], size: int, batch: int, special: tuple[int, int], rng: random.Random) -> list[Batch]:
    """One epoch's batches of passages with their claims, those of like length together."""
    shuffled = sorted(windows, key=lambda w: (len(w.gold.pieces) // 24, rng.random()))
    groups = [shuffled[i : i + batch] for i in range(0, len(shuffled), batch)]
    return [
        collate([(w.gold, 0, min(len(w.gold.pieces), size)) for w in group], special, tuple(tuple(w.claims) for w in group))
        for group in groups
    ]


def passage_window(passage: Passage, tokenizer: Tokenizer, size: int) -> PassageWindow:
    """A passage as one window; outer relations keep their pieces from inner ones, as the tag layer is flat."""
    claims = sorted(passage.claims, key=_extent, reverse=True)
    gold = gold_of(Article(passage.id, passage.text, tuple(c.relation for c in claims)), tokenizer)
    kept = []
    for claim in claims:
        source, cue, content = ([_within(gold, s, size) for s in getattr(claim.relation, role)] for role in ROLES)
        parts = tuple([r for r in ranges if r[0] < r[1]] for ranges in (source, cue, content))
        if parts[1]:
            kept.append(((parts[0], parts[1], parts[2]), claim.labels))
    return PassageWindow(gold, kept)


def _within(gold: Gold, stretch: Range, size: int) -> Range:
    """A stretch's pieces in the window, the special piece before them counted; empty where it lies beyond the window."""
    a, b = gold.pieces.covering(*stretch)
    return min(a, size) + 1, min(b, size) + 1


def _extent(claim: Labelled) -> int:
    spans = [s for role in ROLES for s in getattr(claim.relation, role)]
    return max(b for _, b in spans) - min(a for a, _ in spans)
