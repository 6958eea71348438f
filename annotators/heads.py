"""Judges a claim from the hidden states of its parts: role, modality, stance, naming, each with a calibrated probability.

A small layer over the encoder pass that attribution has made already; in numpy, so that nothing more is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from schemas.claim import Choice
from schemas.labels import CHOICES

ELEMENTS = ("role", "modality", "stance", "naming")
"""What is judged by the transformer; quotation is a matter of form."""
Range = tuple[int, int]
Parts = tuple[list[Range], list[Range], list[Range]]


def label_offsets() -> dict[str, tuple[int, int]]:
    """Where each element's labels stand in the heads' output."""
    offsets, at = {}, 0
    for name in ELEMENTS:
        offsets[name] = (at, at + len(CHOICES[name]))
        at += len(CHOICES[name])
    return offsets


@dataclass(frozen=True)
class Heads:
    """The layer's weights and a temperature for each element."""

    weights: dict[str, np.ndarray]
    temperature: dict[str, float]

    @classmethod
    def load(cls, path: Path, temperature: dict[str, float]) -> Heads:
        """From a safetensors file with `absent`, `inner.weight`, `inner.bias`, `outer.weight`, `outer.bias`."""
        return cls({name: value.astype(np.float32) for name, value in load_file(path).items()}, temperature)

    def judge_all(self, claims: Sequence[tuple[np.ndarray, Parts]]) -> list[dict[str, Choice]]:
        """The likeliest label of each element for each claim, in the order given.

        claims: hidden states (l, width) of a window, and the ranges of source, cue and content in it.
        """
        if not claims:
            return []
        choices: list[dict[str, Choice]] = [{} for _ in claims]
        for name, scores in self._scores_all(claims).items():
            labels = [str(label) for label in CHOICES[name]]
            probability = _softmax(scores / self.temperature.get(name, 1.0))
            for choice, best, sure in zip(choices, probability.argmax(1).tolist(), probability.max(1).tolist(), strict=True):
                choice[name] = Choice(labels[best], round(sure, 4))
        return choices

    def scores(self, hidden: np.ndarray, parts: Parts) -> dict[str, np.ndarray]:
        """Each element's scores of its labels, before the softmax; shapes as in `judge_all`."""
        return {name: scores[0] for name, scores in self._scores_all([(hidden, parts)]).items()}

    def _scores_all(self, claims: Sequence[tuple[np.ndarray, Parts]]) -> dict[str, np.ndarray]:
        """(claims, labels) for each element."""
        pooled = np.stack([self._pooled(hidden, parts) for hidden, parts in claims])
        inner = np.maximum(pooled @ self.weights["inner.weight"].T + self.weights["inner.bias"], 0)
        scores = inner @ self.weights["outer.weight"].T + self.weights["outer.bias"]
        return {name: scores[:, a:b] for name, (a, b) in label_offsets().items()}

    def _pooled(self, hidden: np.ndarray, parts: Parts) -> np.ndarray:
        """(3 x width,) the means of source, cue and content."""
        return np.concatenate([_mean(hidden, ranges, absent) for ranges, absent in zip(parts, self.weights["absent"], strict=True)])


def _mean(hidden: np.ndarray, ranges: list[Range], absent: np.ndarray) -> np.ndarray:
    if not ranges:
        return absent
    total = sum(np.add.reduce(hidden[a:b], axis=0, dtype=np.float32) for a, b in ranges)
    return total / np.float32(sum(b - a for a, b in ranges))


def _softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)
