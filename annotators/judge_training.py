"""Trains a judge's network on claims, as attribution is trained: resumable, weights averaged, the best kept."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from annotators.claimset import Passage
from annotators.context import Context, contexts
from annotators.evaluation import confusion, figures
from annotators.judge_network import JudgeNetwork, parted
from annotators.judging import JUDGED, LABELS, filled
from annotators.pieces import split_pieces
from annotators.role_words import evidence
from annotators.speakers import resolve
from annotators.training import Recipe, has_bfloat16, train

HELD = 0.1
"""Share of passages that are held out, to stop by and to set temperatures by."""
WEIGHTS = {"role": 1.0, "modality": 0.6, "stance": 1.0}
BLANKED, SMOOTHING, TAUGHT = 0.06, 0.05, 0.5
"""Share of pieces that are blanked in training; of a label's weight that the others get; of a teacher's word beside a label."""
_TOGETHER = 32
"""Claims of one length that are read at once."""


@dataclass(frozen=True)
class Example:
    """One claim as the judge reads it, its labels' numbers (-100 where there is none), and its source's own evidence.

    taught: the probabilities that a teacher gives each element's labels.
    """

    context: Context
    labels: dict[str, int]
    told: np.ndarray
    taught: dict[str, np.ndarray] | None = None


@dataclass(frozen=True)
class JudgeBatch:
    """ids, kinds, mask: (b, l); right: for each element (b, labels) what is to be said, nothing where it is not known."""

    ids: Tensor
    kinds: Tensor
    mask: Tensor
    right: dict[str, Tensor]


class JudgeLearner(nn.Module):
    """What `annotators.training.train` trains. marks: ids of the pieces that open, that close, and that stand for blanked ones."""

    def __init__(self, network: JudgeNetwork, marks: tuple[int, int, int]) -> None:
        super().__init__()
        self.network, self.marks = network, marks

    def loss(self, batch: JudgeBatch, recipe: Recipe) -> Tensor:
        """Cross-entropy with what is to be said, some pieces blanked."""
        device = next(self.parameters()).device
        ids, kinds, mask = batch.ids.to(device), batch.kinds.to(device), batch.mask.to(device)
        first, last, blank = self.marks
        blanked = (torch.rand(ids.shape, device=device) < BLANKED) & (ids != first) & (ids != last)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bfloat16(device)):
            scores = parted(self.network(torch.where(blanked, blank, ids), kinds, mask).float())
        total = self.network.outer.bias.sum() * 0
        for name, right in batch.right.items():
            known = right.to(device).sum().clamp(min=1)
            total = total - WEIGHTS[name] * (right.to(device) * scores[name].log_softmax(1)).sum() / known
        return total


def fit(
    network: JudgeNetwork,
    marks: tuple[int, int, int],
    told: Sequence[Example],
    tried: Sequence[Example],
    work: Path,
    recipe: Recipe,
) -> dict[str, float]:
    """Trains a network on claims, resuming from a checkpoint in `work`; it then has the weights that did best on those to try.

    marks: as `JudgeLearner` takes them. Returns the figures of its best epoch.
    """
    learner = JudgeLearner(network, marks)

    def plan(epoch: int) -> Iterator[JudgeBatch]:
        return batches(told, recipe.batch, random.Random(f"{recipe.seed}/{epoch}"))

    def evaluate(network: JudgeNetwork) -> dict[str, float]:
        return scored(measured(network, tried))

    curve = train(learner, plan, work, recipe, evaluate=evaluate)
    learner.load_state_dict(load_file(work / "best.safetensors"))
    network.cpu().eval()
    return max(reversed(curve), key=lambda figures: figures["score"])


def scored(reached: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Macro-F1 of each element, and `score`, their sum, by which weights are chosen."""
    return {name: its["macro_f1"] for name, its in reached.items()} | {"score": round(sum(i["macro_f1"] for i in reached.values()), 1)}


def hold_out(passages: Sequence[Passage], seed: int) -> tuple[list[Passage], list[Passage]]:
    """The passages to learn from and those to measure on; the members of a minimal pair go together."""
    groups = sorted({p.group for p in passages})
    random.Random(seed).shuffle(groups)
    held = set(groups[: max(1, round(len(groups) * HELD))])
    return [p for p in passages if p.group not in held], [p for p in passages if p.group in held]


def examples(passages: Sequence[Passage], tokenizer: Tokenizer, special: tuple[int, int], *, unlabelled: bool = False) -> list[Example]:
    """The claims of passages that have a label (or all of them), in order."""
    found = []
    for passage in passages:
        relations = [claim.relation for claim in passage.claims]
        resolution = resolve(passage.text, relations)
        read = contexts(split_pieces(passage.text, tokenizer), relations, resolution, tokenizer, special)
        rows = evidence(passage.text, resolution)
        for context, claim, told in zip(read, passage.claims, rows, strict=True):
            given = {name: claim.labels.get(name) for name in JUDGED}
            if unlabelled or any(given.values()):
                found.append(Example(context, {n: LABELS[n].index(g) if g is not None else -100 for n, g in given.items()}, told))
    return found


def batches(rows: Sequence[Example], size: int, rng: random.Random) -> Iterator[JudgeBatch]:
    """Batches of claims of like length, in random order."""
    order = sorted(rows, key=lambda e: (len(e.context.ids) // 8, rng.random()))
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    rng.shuffle(groups)
    for group in groups:
        right = {name: torch.from_numpy(np.stack([_right(e, name) for e in group])) for name in JUDGED}
        length = max(len(e.context.ids) for e in group)
        ids, kinds, mask = (torch.from_numpy(x) for x in filled([e.context for e in group], length))
        yield JudgeBatch(ids, kinds, mask, right)


def _right(example: Example, name: str) -> np.ndarray:
    """(labels,) what is to be said of an element: its label, a little of the others; a teacher's probabilities; or of both."""
    count, label = len(LABELS[name]), example.labels[name]
    given = np.full(count, SMOOTHING / count, dtype=np.float32) if label >= 0 else np.zeros(count, dtype=np.float32)
    if label >= 0:
        given[label] += 1 - SMOOTHING
    if example.taught is None:
        return given
    return (1 - TAUGHT) * given + TAUGHT * example.taught[name] if label >= 0 else example.taught[name]


def scores_of(network: JudgeNetwork, rows: Sequence[Example], *, fast: bool = False) -> dict[str, np.ndarray]:
    """(claims, labels) for each element, in order. Claims of one length are read together; fast: in bfloat16 where that is faster."""
    device = next(network.parameters()).device
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].context.ids))
    groups = [list(same) for _, same in itertools.groupby(order, key=lambda i: len(rows[i].context.ids))]
    scores = torch.zeros(len(rows), network.outer.out_features)
    with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast and has_bfloat16(device)):
        for group in (same[i : i + _TOGETHER] for same in groups for i in range(0, len(same), _TOGETHER)):
            its = [rows[i].context for i in group]
            scores[group] = network(*(torch.from_numpy(x).to(device) for x in filled(its, len(its[0].ids)))).float().cpu()
    return {name: value.numpy() for name, value in parted(scores).items()}


def measured(network: JudgeNetwork, rows: Sequence[Example]) -> dict[str, dict[str, Any]]:
    """Accuracy, macro-F1 and confusion of each element by the network alone."""
    scores = scores_of(network.eval(), rows)
    found = {}
    for name in JUDGED:
        known = [i for i, e in enumerate(rows) if e.labels[name] >= 0]
        best = scores[name].argmax(1)
        truth, said = [LABELS[name][rows[i].labels[name]] for i in known], [LABELS[name][best[i]] for i in known]
        found[name] = figures(truth, said) | {"confusion": confusion(truth, said)}
    return found
