"""Judges claims in context by a small encoder of its own: role, modality and stance, each with a calibrated probability.

model.onnx      the encoder and its judging layer in 8 bits (ids, kinds, mask -> scores of all labels)
tokenizer.json  the tokenizer
config.json     revision, label set, temperature of each element, what is added to each label's score
README.md       the model card
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from tokenizers import Tokenizer

from annotators.context import Context, contexts
from annotators.corpora import Relation
from annotators.pieces import Pieces, split_pieces
from annotators.role_words import columns as role_columns
from annotators.speakers import Resolution
from schemas.claim import Choice
from schemas.errors import BadInput
from schemas.labels import CHOICES, STEPS, joined

if TYPE_CHECKING:
    import openvino

JUDGED = ("role", "modality", "stance")
"""What is judged from context; quotation and naming are matters of form."""
LABELS = {name: [str(label) for label in CHOICES[name]] for name in JUDGED}
BUDGET, STEP = 256, 16
"""Most pieces judged at once; a claim's length is filled up to a multiple of this."""


class Encoder(Protocol):
    """A model that reads contexts."""

    def run(self, ids: np.ndarray, kinds: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """ids, kinds, mask: (b, l). Returns (b, labels) the scores of all elements' labels side by side."""


@dataclass
class OpenVinoEncoder:
    """Runs contexts through OpenVINO; threads that call at once run side by side."""

    compiled: openvino.CompiledModel
    _own: threading.local = field(default_factory=threading.local, repr=False)

    def run(self, ids: np.ndarray, kinds: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """See `Encoder`."""
        if not hasattr(self._own, "request"):
            self._own.request = self.compiled.create_infer_request()
        return np.array(self._own.request.infer({"ids": ids, "kinds": kinds, "mask": mask})["scores"])


@dataclass
class Judge:
    """A loaded judge."""

    revision: str
    tokenizer: Tokenizer
    encoder: Encoder
    special: tuple[int, int]
    temperature: dict[str, float]
    shift: dict[str, np.ndarray]
    evidence: tuple[np.ndarray, np.ndarray]
    """Weights (roles, FEATURES) and bias (roles,) of what the speaker's own words tell of its role."""
    columns: dict[str, np.ndarray]
    """Where the labels that it knows of each element stand in `LABELS`: it may have been made before some were added."""

    def scores(self, claims: Sequence[Context]) -> dict[str, np.ndarray]:
        """(claims, labels that it knows) for each element, before the softmax; those of like length are read together.

        As many at once as a power of two says: the encoder meets few shapes.
        """
        widths = [len(self.columns[name]) for name in JUDGED]
        out = np.zeros((len(claims), sum(widths)), dtype=np.float32)
        by_length: dict[int, list[int]] = {}
        for i, claim in enumerate(claims):
            by_length.setdefault(-(-len(claim.ids) // STEP) * STEP, []).append(i)
        for length, rest in sorted(by_length.items()):
            while rest:
                rows = 1 << (max(1, min(len(rest), BUDGET // length)).bit_length() - 1)
                group, rest = rest[:rows], rest[rows:]
                out[group] = self.encoder.run(*filled([claims[i] for i in group], length))
        return dict(zip(JUDGED, np.split(out, np.cumsum(widths)[:-1], axis=1), strict=True))

    def probabilities(self, scores: dict[str, np.ndarray], told: np.ndarray, listed: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """(claims, labels) for each element, calibrated.

        told: (claims, FEATURES) of `annotators.role_words`; listed: (claims, roles) what the desk's file speaks for, of
        `annotators.listing`.
        """
        heeded = told[:, role_columns(self.columns["role"])]
        found = scores | {"role": weighed(scores["role"], heeded, self.evidence)}
        if listed is not None:
            found["role"] = found["role"] + listed[:, self.columns["role"]]
        return {name: self._placed(name, _softmax((found[name] + self.shift[name]) / self.temperature[name])) for name in JUDGED}

    def _placed(self, name: str, known: np.ndarray) -> np.ndarray:
        """The probabilities of the labels that it knows among those of all; none is left for others."""
        whole = np.zeros((len(known), len(LABELS[name])), dtype=known.dtype)
        whole[:, self.columns[name]] = known
        return whole

    def judge(self, claims: Sequence[Context], told: np.ndarray, listed: np.ndarray | None = None) -> list[dict[str, Choice]]:
        """The likeliest label of each element for each claim, in the order given; arguments as in `probabilities`."""
        sure = self.probabilities(self.scores(claims), told, listed)
        best = {name: p.argmax(1) for name, p in sure.items()}
        return [
            {name: Choice(LABELS[name][best[name][i]], round(float(sure[name][i].max()), 4)) for name in JUDGED} for i in range(len(claims))
        ]

    def contexts(self, text: str, pieces: Pieces | None, relations: Sequence[Relation], resolution: Resolution) -> list[Context]:
        """A story's claims in context. pieces: the story's, where they are this tokenizer's."""
        return contexts(pieces or split_pieces(text, self.tokenizer), relations, resolution, self.tokenizer, self.special)


def weighed(scores: np.ndarray, told: np.ndarray, evidence: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """(claims, roles) the network's scores with what role words tell. evidence: weights (roles, features) and bias (roles,) of these."""
    weights, bias = evidence
    return _logged(scores) + _logged(told @ weights.T + bias)


def load_judge(folder: Path, compiled: openvino.CompiledModel, special: tuple[int, int]) -> Judge:
    """The judge in a folder. compiled: its model, ready to run; special: ids of the pieces that open and close."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    shift = {name: np.array(list(config["shift"][name].values()), dtype=np.float32) for name in JUDGED}
    columns = {name: columns_of(folder, config, name) for name in JUDGED}
    evidence = (np.array(config["evidence"]["weights"], dtype=np.float32), np.array(config["evidence"]["bias"], dtype=np.float32))
    return Judge(config["revision"], tokenizer, OpenVinoEncoder(compiled), special, config["temperature"], shift, evidence, columns)


def columns_of(folder: Path, config: dict[str, Any], name: str) -> np.ndarray:
    """Where the labels of a judge's config, under today's names, stand in `LABELS`. Errors: BadInput where one is gone."""
    names = joined(STEPS, config["label_set"]).get(name, {})
    known = [names.get(label, label) for label in config["shift"][name]]
    if not set(known) <= set(LABELS[name]) or len(set(known)) < len(known):
        raise BadInput(f"{folder}: made for label set {config['label_set']}, with other labels of {name}; retrain it")
    return np.array([LABELS[name].index(label) for label in known])


def filled(claims: Sequence[Context], length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ids, kinds, mask: (claims, length), filled up with nought."""
    ids, kinds, mask = np.zeros((3, len(claims), length), dtype=np.int64)
    for row, claim in enumerate(claims):
        n = len(claim.ids)
        ids[row, :n], kinds[row, :n], mask[row, :n] = claim.ids, claim.kinds, 1
    return ids, kinds, mask


def _logged(scores: np.ndarray) -> np.ndarray:
    return np.log(_softmax(scores) + 1e-6)


def _softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)
