"""Learns a judge from passages with claims, and packs it: a teacher first where one is asked for, then one run or the mean of several.

Then what role words tell is learned on the same claims, and temperatures are fitted on claims that no training has seen.
"""

from __future__ import annotations

import copy
import itertools
import json
import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

from annotators.claims import sentences
from annotators.claimset import Passage
from annotators.judge_network import LAYERS, JudgeNetwork
from annotators.judge_packing import pack_judge, unpack_judge, write_config
from annotators.judge_training import Example, examples, fit, hold_out, measured, scored, scores_of
from annotators.judging import JUDGED, LABELS, columns_of, weighed
from annotators.mixing import SHORTEST, mixed, spoken, translated
from annotators.models import special_ids
from annotators.pieces import split_pieces
from annotators.role_words import FEATURES, ROLES
from annotators.training import Recipe, tokenizer_of, write_aside
from schemas.errors import BadInput
from schemas.story import Story

RECIPE = Recipe(epochs=6, batch=24, encoder_rate=2e-4, head_rate=1e-3, layer_decay=1.0, patience=3, average=0.99)
TEACHER = Recipe(epochs=2, batch=24, encoder_rate=4e-5, head_rate=5e-4, layer_decay=0.95, average=0.99)
"""A teacher has learned more language: two passes at a fifth of the rate."""
HEEDED = 0.3
"""Weight of role words beside the network's scores."""
log = logging.getLogger(__name__)


def learn_judge(
    passages: Sequence[Passage],
    encoder: str,
    out: Path,
    recipe: Recipe = RECIPE,
    *,
    runs: int = 1,
    teacher: str | None = None,
    unlabelled: Sequence[Passage] = (),
) -> dict[str, dict[str, Any]]:
    """Trains from an encoder, or on from a judge's folder, and packs the judge's folder. Works in `OUT-work`, from where it resumes.

    runs: runs whose weights are averaged; teacher: a larger encoder, which learns first, and whose word on every claim, of the
    unlabelled passages and of those that are mixed and spoken (`annotators.mixing`) too, is learned from.
    Returns accuracy, macro-F1 and confusion of each element on the held-out passages. Errors: BadInput where too little can be held out.
    """
    work = out.with_name(out.name + "-work")
    kept, held = hold_out(passages, recipe.seed)
    if not kept or not held:
        raise BadInput(f"{len(passages)} passages: training the judge needs at least two, one of them to measure on")
    start = Start(encoder, work, recipe.seed)
    told, tried = start.examples(kept), start.examples(held)
    lessons = told
    if teacher:
        lessons = _taught(Start(teacher, work / "teacher", recipe.seed, layers=None), kept, held, unlabelled, start, recipe)
    network = _mean_of_runs(start, lessons, tried, work, recipe, runs)
    pack_judge(network, work / "tokenizer.json", out, [e.context for e in told[:: max(1, len(told) // 400)]])
    evidence = role_evidence(told)
    write_config(out, network.encoder.config.to_diff_dict(), evidence, temperatures(network, tried, evidence), start.shift)
    return measured(network, tried)


class Start:
    """Where training starts: a network, its tokenizer (kept in `work`) and ids, and what is added to each label.

    layers: how many of an encoder's are kept; None: all.
    """

    def __init__(self, encoder: str, work: Path, seed: int, layers: int | None = LAYERS) -> None:
        torch.manual_seed(seed)
        work.mkdir(parents=True, exist_ok=True)
        folder, self.work = Path(encoder), work
        self.shift = {name: dict.fromkeys(LABELS[name], 0.0) for name in JUDGED}
        if (folder / "model.onnx").is_file():
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            names, self.network = ("[CLS]", "[SEP]", "[MASK]"), unpack_judge(folder)
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            for name in JUDGED:
                known = [LABELS[name][at] for at in columns_of(folder, config, name)]
                self.shift[name] |= dict(zip(known, config["shift"][name].values(), strict=True))
        else:
            loaded = tokenizer_of(encoder)
            tokenizer, names = loaded.backend_tokenizer, (loaded.cls_token, loaded.sep_token, loaded.mask_token)
            self.network = JudgeNetwork(encoder, layers)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        write_aside(work / "tokenizer.json", lambda path: tokenizer.save(str(path)))
        first, last, blank = names
        self.tokenizer, self.special = tokenizer, special_ids(tokenizer, (first, last))
        self.marks = (*self.special, special_ids(tokenizer, (blank, blank))[0])

    def examples(self, passages: Sequence[Passage], *, unlabelled: bool = False) -> list[Example]:
        """The claims of passages as this network reads them."""
        return examples(passages, self.tokenizer, self.special, unlabelled=unlabelled)


def _taught(
    teacher: Start, kept: Sequence[Passage], held: Sequence[Passage], unlabelled: Sequence[Passage], start: Start, recipe: Recipe
) -> list[Example]:
    """The claims to learn from, and new ones mixed of them, with what a teacher that learned from the labelled ones makes of each."""
    told = teacher.examples(kept)
    reached = fit(teacher.network, teacher.marks, told, teacher.examples(held), teacher.work, replace(TEACHER, seed=recipe.seed))
    log.info("the teacher reaches %s on held-out passages", reached)
    rows = [*start.examples(kept), *start.examples(unlabelled, unlabelled=True)]
    made = _made(start, kept, unlabelled, recipe.seed)
    theirs = [replace(e, context=translated(e.context, start.tokenizer, teacher.tokenizer, teacher.special)) for e in made]
    says = _says(teacher, [*told, *teacher.examples(unlabelled, unlabelled=True), *theirs])
    return [replace(row, taught={name: its[i] for name, its in says.items()}) for i, row in enumerate([*rows, *made])]


def _made(start: Start, passages: Sequence[Passage], unlabelled: Sequence[Passage], seed: int) -> list[Example]:
    """Claims without labels: mixed of those of passages, and as many sentences, of these and the unlabelled, that nobody said."""
    rng = random.Random(seed)
    stories = [[e.context for e in start.examples([passage])] for passage in passages]
    unsaid = [pieces for passage in (*passages, *unlabelled) for pieces in _unsaid(passage, start.tokenizer)]
    said = rng.sample(unsaid, min(len(unsaid), sum(map(len, stories))))
    nothing = dict.fromkeys(JUDGED, -100)
    made = itertools.chain(mixed(stories, start.special, rng), spoken(said, stories, start.special, rng))
    return [Example(context, nothing, np.zeros(FEATURES)) for context in made]


def _unsaid(passage: Passage, tokenizer: Tokenizer) -> Iterator[np.ndarray]:
    """The pieces of each sentence, of some length, that has no part in a claim."""
    taken = np.zeros(len(passage.text), dtype=bool)
    for its in (claim.relation for claim in passage.claims):
        for start, end in (*its.source, *its.cue, *its.content):
            taken[start:end] = True
    for sentence in sentences(Story(passage.id, 1, passage.text)):
        pieces = split_pieces(sentence.text, tokenizer).ids
        if len(pieces) >= SHORTEST and not taken[sentence.start : sentence.end].any():
            yield pieces


def _says(teacher: Start, rows: Sequence[Example]) -> dict[str, np.ndarray]:
    """What a teacher makes of claims, (claims, labels) for each element; written down, as reading takes minutes."""
    path = teacher.work / "says.safetensors"
    if not path.is_file() or {len(its) for its in load_file(path).values()} != {len(rows)}:  # or of other claims
        log.info("the teacher reads %d claims", len(rows))
        read = scores_of(teacher.network, rows, fast=True)
        says = {name: torch.from_numpy(its).softmax(1).contiguous() for name, its in read.items()}
        write_aside(path, lambda aside: save_file(says, aside))
    return {name: its.numpy() for name, its in load_file(path).items()}


def _mean_of_runs(start: Start, told: Sequence[Example], tried: Sequence[Example], work: Path, recipe: Recipe, runs: int) -> JudgeNetwork:
    """The mean of those runs' weights that together do best on held-out claims: the best, then each that does no harm (Wortsman 2022)."""
    ended = []
    for run in range(runs):
        network = copy.deepcopy(start.network)
        reached = fit(
            network, start.marks, told, tried, work if run == 0 else work / f"run-{run + 1}", replace(recipe, seed=recipe.seed + run)
        )
        ended.append((reached["score"], network))
    (best, first), *others = sorted(ended, key=lambda its: -its[0])
    chosen = [first]
    for _, network in others:
        score = scored(measured(_mean([*chosen, network]), tried))["score"]
        if score >= best:
            best, chosen = score, [*chosen, network]
    if runs > 1:
        log.info("the mean of %d of %d runs reaches %s", len(chosen), runs, best)
    return _mean(chosen)


def _mean(networks: Sequence[JudgeNetwork]) -> JudgeNetwork:
    mean = copy.deepcopy(networks[0])
    weights = [network.state_dict() for network in networks]
    mean.load_state_dict({name: torch.stack([w[name] for w in weights]).mean(0) for name in weights[0]})
    return mean.eval()


def temperatures(network: JudgeNetwork, rows: Sequence[Example], evidence: dict[str, list]) -> dict[str, float]:
    """For each element the temperature, of 0.5 to 5 in steps of a twentieth, under which the labels are likeliest.

    evidence: what role words tell, which the judge weighs too.
    """
    scores, found = scores_of(network, rows), {}
    heeded = (np.array(evidence["weights"]), np.array(evidence["bias"]))
    scores["role"] = weighed(scores["role"], np.stack([e.told for e in rows]), heeded)
    for name in JUDGED:
        known = [i for i, e in enumerate(rows) if e.labels[name] >= 0]
        z, right = torch.from_numpy(scores[name][known]), torch.tensor([rows[i].labels[name] for i in known])
        steps = [n / 20 for n in range(10, 101)]
        found[name] = min(steps, key=lambda t: float(nn.functional.cross_entropy(z / t, right))) if known else 1.0
    return found


def role_evidence(rows: Sequence[Example]) -> dict[str, list]:
    """What role words and countries in a speaker's phrases tell of its role: a logistic regression over the claims.

    It counts for little, as the network has read the same words (`docs/claims.md` has what it gives and costs).
    """
    from sklearn.linear_model import LogisticRegression

    known = [e for e in rows if e.labels["role"] >= 0]
    right = np.array([e.labels["role"] for e in known])
    fitted = LogisticRegression(C=1.0, max_iter=300).fit(np.stack([e.told for e in known]), right)
    weights, bias = np.zeros((len(ROLES), rows[0].told.shape[0])), np.full(len(ROLES), -9.0)  # a role that nobody has: not this one
    if len(fitted.classes_) > 2:
        weights[fitted.classes_], bias[fitted.classes_] = fitted.coef_, fitted.intercept_
    return {"weights": np.round(HEEDED * weights, 3).tolist(), "bias": np.round(HEEDED * bias, 3).tolist()}
