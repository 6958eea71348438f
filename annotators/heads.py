"""Judges a claim from the hidden states of its parts: role, modality, stance, naming, each with a calibrated probability.

A small layer over the encoder pass that attribution has made already; in numpy, so that nothing more is installed.
"""

from __future__ import annotations

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

    def judge(self, hidden: np.ndarray, parts: Parts) -> dict[str, Choice]:
        """The likeliest label of each element. hidden: (l, width); parts: ranges of source, cue and content in it."""
        choices = {}
        for name, scores in self.scores(hidden, parts).items():
            probability = _softmax(scores / self.temperature.get(name, 1.0))
            best = int(probability.argmax())
            choices[name] = Choice(str(list(CHOICES[name])[best]), round(float(probability[best]), 4))
        return choices

    def scores(self, hidden: np.ndarray, parts: Parts) -> dict[str, np.ndarray]:
        """Each element's scores of its labels, before the softmax; shapes as in `judge`."""
        pooled = np.concatenate([_mean(hidden, ranges, absent) for ranges, absent in zip(parts, self.weights["absent"], strict=True)])
        inner = np.maximum(self.weights["inner.weight"] @ pooled + self.weights["inner.bias"], 0)
        scores = self.weights["outer.weight"] @ inner + self.weights["outer.bias"]
        return {name: scores[a:b] for name, (a, b) in label_offsets().items()}


def _mean(hidden: np.ndarray, ranges: list[Range], absent: np.ndarray) -> np.ndarray:
    return np.concatenate([hidden[a:b] for a, b in ranges]).mean(0) if ranges else absent


def _softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max())
    return e / e.sum()
