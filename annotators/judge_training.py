"""Trains the judge of role, modality and stance on written claims, and packs it.

It is trained as attribution is: resumable, weights averaged, the best on held-out passages kept. Then what role words tell is
learned on the same claims, and temperatures (and what is added to each stance) are fitted on claims that no training has seen.
"""

from __future__ import annotations

import json
import logging
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
from transformers import AutoTokenizer

from annotators.claimset import Passage
from annotators.context import Context, contexts
from annotators.evaluation import confusion, figures
from annotators.judge_network import JudgeNetwork, parted
from annotators.judge_packing import pack_judge, unpack_judge, write_config
from annotators.judging import JUDGED, LABELS, columns_of, filled
from annotators.models import special_ids
from annotators.pieces import split_pieces
from annotators.role_words import ROLES, evidence
from annotators.speakers import resolve
from annotators.training import Recipe, has_bfloat16, train, write_aside
from schemas.errors import BadInput

HELD = 0.1
"""Share of passages that are held out, to stop by and to set temperatures by."""
WEIGHTS = {"role": 1.0, "modality": 0.6, "stance": 1.0}
BLANKED, SMOOTHING = 0.06, 0.05
"""Share of pieces that are blanked in training; of a label's weight that goes to the others."""
RECIPE = Recipe(epochs=6, batch=24, encoder_rate=2e-4, head_rate=1e-3, layer_decay=1.0, patience=3, average=0.99)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Example:
    """One written claim as the judge reads it, its labels' numbers (-100 where there is none), and its source's own evidence."""

    context: Context
    labels: dict[str, int]
    told: np.ndarray


@dataclass(frozen=True)
class JudgeBatch:
    """ids, kinds, mask: (b, l); labels: (b,) for each element."""

    ids: Tensor
    kinds: Tensor
    mask: Tensor
    labels: dict[str, Tensor]


class JudgeLearner(nn.Module):
    """What `annotators.training.train` trains."""

    def __init__(self, network: JudgeNetwork, blank: int) -> None:
        super().__init__()
        self.network, self.blank = network, blank

    def loss(self, batch: JudgeBatch, recipe: Recipe) -> Tensor:
        """Cross-entropy of the labels given, some pieces blanked."""
        device = next(self.parameters()).device
        ids, kinds, mask = batch.ids.to(device), batch.kinds.to(device), batch.mask.to(device)
        words = (torch.rand(ids.shape, device=device) < BLANKED) & (ids > self.blank)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bfloat16(device)):
            scores = parted(self.network(torch.where(words, self.blank, ids), kinds, mask).float())
        losses = [
            WEIGHTS[name] * nn.functional.cross_entropy(scores[name], right.to(device), label_smoothing=SMOOTHING)
            for name, right in batch.labels.items()
            if (right >= 0).any()
        ]
        return torch.stack(losses).sum() if losses else self.network.outer.bias.sum() * 0


def learn_judge(passages: Sequence[Passage], encoder: str, out: Path, recipe: Recipe = RECIPE) -> dict[str, dict[str, Any]]:
    """Trains from an encoder, or on from a judge's folder, and packs the judge's folder. Works in `OUT-work`, from where it resumes.

    Returns accuracy, macro-F1 and confusion of each element on the held-out passages. Errors: BadInput where too little can be held out.
    """
    work = out.with_name(out.name + "-work")
    work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    network, tokenizer, special, blank, shift = _start(encoder, work)
    kept, held = hold_out(passages, recipe.seed)
    if not kept or not held:
        raise BadInput(f"{len(passages)} passages: training the judge needs at least two, one of them to measure on")
    told, tried = (examples(some, tokenizer, special) for some in (kept, held))
    learner = JudgeLearner(network, blank)

    def plan(epoch: int) -> Iterator[JudgeBatch]:
        return batches(told, recipe.batch, random.Random(f"{recipe.seed}/{epoch}"))

    def evaluate(network: JudgeNetwork) -> dict[str, float]:
        reached = measured(network, tried)
        return {name: its["macro_f1"] for name, its in reached.items()} | {"score": round(sum(i["macro_f1"] for i in reached.values()), 1)}

    train(learner, plan, work, recipe, evaluate=evaluate)
    learner.load_state_dict(load_file(work / "best.safetensors"))
    network = learner.network.cpu().eval()
    revision = pack_judge(network, work / "tokenizer.json", out, [e.context for e in told[:: max(1, len(told) // 400)]])
    write_config(out, revision, network, role_evidence(told), temperatures(network, tried), shift)
    return measured(network, tried)


def hold_out(passages: Sequence[Passage], seed: int) -> tuple[list[Passage], list[Passage]]:
    """The passages to learn from and those to measure on; the members of a minimal pair go together."""
    groups = sorted({p.group for p in passages})
    random.Random(seed).shuffle(groups)
    held = set(groups[: max(1, round(len(groups) * HELD))])
    return [p for p in passages if p.group not in held], [p for p in passages if p.group in held]


def examples(passages: Sequence[Passage], tokenizer: Tokenizer, special: tuple[int, int]) -> list[Example]:
    """The claims of passages that have a label, in order."""
    found = []
    for passage in passages:
        relations = [claim.relation for claim in passage.claims]
        resolution = resolve(passage.text, relations)
        read = contexts(split_pieces(passage.text, tokenizer), relations, resolution, tokenizer, special)
        rows = evidence(passage.text, resolution)
        for context, claim, told in zip(read, passage.claims, rows, strict=True):
            given = {name: claim.labels.get(name) for name in JUDGED}
            if any(given.values()):
                found.append(Example(context, {n: LABELS[n].index(g) if g is not None else -100 for n, g in given.items()}, told))
    return found


def batches(rows: Sequence[Example], size: int, rng: random.Random) -> Iterator[JudgeBatch]:
    """Batches of claims of like length, in random order."""
    order = sorted(rows, key=lambda e: (len(e.context.ids) // 8, rng.random()))
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    rng.shuffle(groups)
    for group in groups:
        labels = {name: torch.tensor([e.labels[name] for e in group]) for name in JUDGED}
        length = max(len(e.context.ids) for e in group)
        ids, kinds, mask = (torch.from_numpy(x) for x in filled([e.context for e in group], length))
        yield JudgeBatch(ids, kinds, mask, labels)


def scores_of(network: JudgeNetwork, rows: Sequence[Example]) -> dict[str, np.ndarray]:
    """(claims, labels) for each element, in order."""
    device = next(network.parameters()).device
    parts = []
    with torch.inference_mode():
        for row in rows:
            given = (torch.from_numpy(x).to(device) for x in filled([row.context], len(row.context.ids)))
            parts.append(network(*given).float().cpu())
    return {name: value.numpy() for name, value in parted(torch.cat(parts)).items()}


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


def temperatures(network: JudgeNetwork, rows: Sequence[Example]) -> dict[str, float]:
    """For each element the temperature, of 0.5 to 5 in steps of a twentieth, under which the labels are likeliest."""
    scores, found = scores_of(network, rows), {}
    for name in JUDGED:
        known = [i for i, e in enumerate(rows) if e.labels[name] >= 0]
        z, right = torch.from_numpy(scores[name][known]), torch.tensor([rows[i].labels[name] for i in known])
        steps = [n / 20 for n in range(10, 101)]
        found[name] = min(steps, key=lambda t: float(nn.functional.cross_entropy(z / t, right))) if known else 1.0
    return found


def role_evidence(rows: Sequence[Example]) -> dict[str, list]:
    """What role words and countries in a speaker's phrases tell of its role: a logistic regression over the claims."""
    from sklearn.linear_model import LogisticRegression

    known = [e for e in rows if e.labels["role"] >= 0]
    right = np.array([e.labels["role"] for e in known])
    fitted = LogisticRegression(C=1.0, max_iter=300).fit(np.stack([e.told for e in known]), right)
    weights, bias = np.zeros((len(ROLES), rows[0].told.shape[0])), np.full(len(ROLES), -9.0)  # a role that nobody has: not this one
    if len(fitted.classes_) > 2:
        weights[fitted.classes_], bias[fitted.classes_] = fitted.coef_, fitted.intercept_
    return {"weights": np.round(weights, 3).tolist(), "bias": np.round(bias, 3).tolist()}


Start = tuple[JudgeNetwork, Tokenizer, tuple[int, int], int, dict[str, dict[str, float]]]


def _start(encoder: str, work: Path) -> Start:
    """The network, its tokenizer (kept in `work`), ids of the pieces that open, close and blank, and what is added to each label."""
    folder = Path(encoder)
    shift = {name: dict.fromkeys(LABELS[name], 0.0) for name in JUDGED}
    if (folder / "model.onnx").is_file():
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        names, network = ("[CLS]", "[SEP]", "[MASK]"), unpack_judge(folder)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        for name in JUDGED:
            known = [LABELS[name][at] for at in columns_of(folder, config, name)]
            shift[name] |= dict(zip(known, config["shift"][name].values(), strict=True))
    else:
        loaded: Any = AutoTokenizer.from_pretrained(encoder)
        tokenizer, names, network = loaded.backend_tokenizer, (loaded.cls_token, loaded.sep_token, loaded.mask_token), JudgeNetwork(encoder)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    write_aside(work / "tokenizer.json", lambda path: tokenizer.save(str(path)))
    first, last, blank = names
    return network, tokenizer, special_ids(tokenizer, (first, last)), special_ids(tokenizer, (blank, blank))[0], shift
