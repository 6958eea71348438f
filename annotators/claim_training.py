"""Trains the layer that judges claims together with the encoder, attribution data mixed in so that no skill is lost."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from annotators.batches import Batch, Gold, collate, epoch_batches, gold_of
from annotators.claimset import Labelled, Passage
from annotators.corpora import Article
from annotators.heads import Range, label_offsets
from annotators.network import AttributionNetwork
from annotators.tags import ROLES
from schemas.labels import CHOICES

if TYPE_CHECKING:
    from tokenizers import Tokenizer

log = logging.getLogger(__name__)
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

    def forward(self, hidden: Tensor, parts: tuple[list[Range], list[Range], list[Range]]) -> Tensor:
        """Scores of one claim. hidden: (l, width) of its window; parts: ranges of source, cue, content in it."""
        means = [torch.cat([hidden[a:b] for a, b in r]).mean(0) if r else self.absent[i] for i, r in enumerate(parts)]
        return self.outer(self.dropout(torch.relu(self.inner(self.dropout(torch.cat(means))))))


@dataclass(frozen=True)
class ClaimRecipe:
    """How to train; `replay` is the share of the attribution articles seen in an epoch."""

    epochs: int = 6
    batch: int = 12
    size: int = 320
    replay: float = 0.2
    encoder_rate: float = 1.5e-4
    head_rate: float = 1e-3
    weight_decay: float = 0.02
    passage_tags: float = 0.3
    seed: int = 20


@dataclass(frozen=True)
class _Window:
    """A passage as one window, with its claims' ranges (special piece counted) and labels."""

    gold: Gold
    claims: list[tuple[tuple[list[Range], list[Range], list[Range]], dict[str, str]]]


def train_claims(
    network: AttributionNetwork,
    heads: ClaimHeads,
    tokenizer: Tokenizer,
    passages: Sequence[Passage],
    articles: Sequence[Article],
    recipe: ClaimRecipe,
    *,
    special: tuple[int, int],
    evaluate: Callable[[AttributionNetwork, ClaimHeads], dict[str, float]],
) -> list[dict[str, float]]:
    """Trains both in place to the end of the recipe. Returns the figures of each epoch."""
    windows = [_window(p, tokenizer, recipe.size) for p in passages]
    device = next(network.parameters()).device
    heads.to(device)
    network.encoder.get_input_embeddings().weight.requires_grad_(False)
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in network.parameters() if p.requires_grad], "lr": recipe.encoder_rate},
            {"params": list(heads.parameters()), "lr": recipe.head_rate},
        ],
        weight_decay=recipe.weight_decay,
    )
    plan = [list(_plan(windows, articles, tokenizer, recipe, special, epoch)) for epoch in range(recipe.epochs)]
    total = sum(map(len, plan))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (0.06 * total), (total - step) / (0.94 * total), 1.0)
    )
    curve, step, began = [], 0, time.monotonic()
    for epoch, jobs in enumerate(plan):
        losses = {"claims": 0.0, "relations": 0.0}
        for batch, claims in jobs:
            torch.manual_seed(recipe.seed * 1_000_003 + step)
            network.train(), heads.train()
            ids, feature, mask = batch.ids.to(device), batch.feature.to(device), batch.mask.to(device)
            hidden, scores, links = network(ids, feature, mask)
            loss = network.tag_loss(scores, batch.tags.to(device), mask) + 0.3 * network.link_loss(links, batch)
            losses["relations"] += float(loss.detach())
            if any(claims):  # a batch's passages may all be without a claim
                judged = claim_loss(heads, hidden, claims)
                losses["claims"] += float(judged.detach())
                loss = recipe.passage_tags * loss + judged
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_([*network.parameters(), *heads.parameters()], 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            if step % 20 == 0:
                left = (time.monotonic() - began) / step * (total - step) / 60
                log.info("claims epoch %d step %d/%d %s, %.0f min left", epoch + 1, step, total, losses, left)
        curve.append({"epoch": epoch + 1, **{k: v / len(jobs) for k, v in losses.items()}, **evaluate(network.eval(), heads.eval())})
        log.info("claims epoch %d: %s", epoch + 1, curve[-1])
    return curve


def claim_loss(heads: ClaimHeads, hidden: Tensor, claims: list[list]) -> Tensor:
    """Weighted mean cross-entropy over the elements of every claim of a batch of windows. hidden: (b, l, width)."""
    scores = torch.stack([heads(hidden[row], parts) for row, its in enumerate(claims) for parts, _ in its])
    labels = [labels for its in claims for _, labels in its]
    loss = scores.sum() * 0.0
    for name, (a, b) in label_offsets().items():
        order = [str(x) for x in CHOICES[name]]
        gold = torch.tensor([order.index(label[name]) for label in labels], device=scores.device)
        loss = loss + WEIGHTS[name] * nn.functional.cross_entropy(scores[:, a:b], gold, label_smoothing=0.05)
    return loss


def _plan(
    windows: list[_Window], articles: Sequence[Article], tokenizer: Tokenizer, recipe: ClaimRecipe, special: tuple[int, int], epoch: int
) -> Iterator[tuple[Batch, list]]:
    """One epoch's batches in random order: passages with their claims, and a share of the articles without."""
    rng = random.Random(f"{recipe.seed}/claims/{epoch}")
    shuffled = sorted(windows, key=lambda w: (len(w.gold.pieces) // 24, rng.random()))
    groups = [shuffled[i : i + recipe.batch] for i in range(0, len(shuffled), recipe.batch)]
    jobs: list[tuple[Batch, list]] = [
        (collate([(w.gold, 0, min(len(w.gold.pieces), recipe.size)) for w in group], special), [w.claims for w in group])
        for group in groups
    ]
    some = rng.sample(list(articles), round(recipe.replay * len(articles)))
    jobs += [(batch, []) for batch in epoch_batches(some, tokenizer, size=recipe.size, batch=6, special=special, rng=rng)]
    rng.shuffle(jobs)
    return iter(jobs)


def _window(passage: Passage, tokenizer: Tokenizer, size: int) -> _Window:
    """A passage as one window; outer relations keep their pieces from inner ones, as the tag layer is flat."""
    claims = sorted(passage.claims, key=_extent, reverse=True)
    gold = gold_of(Article(passage.id, passage.text, tuple(c.relation for c in claims)), tokenizer)
    kept = []
    for claim in claims:
        source, cue, content = ([_within(gold, s, size) for s in getattr(claim.relation, role)] for role in ROLES)
        parts = tuple([r for r in ranges if r[0] < r[1]] for ranges in (source, cue, content))
        if parts[1]:
            kept.append(((parts[0], parts[1], parts[2]), claim.labels))
    return _Window(gold, kept)


def _within(gold: Gold, stretch: Range, size: int) -> Range:
    """A stretch's pieces in the window, the special piece before them counted; empty where it lies beyond the window."""
    a, b = gold.pieces.covering(*stretch)
    return min(a, size) + 1, min(b, size) + 1


def _extent(claim: Labelled) -> int:
    spans = [s for role in ROLES for s in getattr(claim.relation, role)]
    return max(b for _, b in spans) - min(a for a, _ in spans)
