"""From tag scores and links to relations, in numpy: the best BIO path, then each stretch to its cue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotators.tags import FORBIDDEN, OUTSIDE, TAGS, allowed_steps, begin

DISTANCES = 24
"""Buckets of the signed distance between a piece and a cue."""


@dataclass(frozen=True)
class Steps:
    """What decoding needs beside the network's outputs: tag steps (7, 7), distance scores (2, DISTANCES), the score of no source."""

    steps: np.ndarray
    distance: np.ndarray
    absent_source: float


@dataclass(frozen=True)
class Found:
    """A relation in pieces: each stretch is (first, one past last); `probability` of the whole."""

    cue: tuple[int, int]
    sources: tuple[tuple[int, int], ...]
    contents: tuple[tuple[int, int], ...]
    probability: float


def distance_bucket(distance: np.ndarray) -> np.ndarray:
    """Bucket of a signed distance in pieces: half of them on each side, growing with the logarithm."""
    half = DISTANCES // 2
    size = np.minimum((np.log2(np.abs(distance).astype(np.float32) + 1) * np.float32(1.3)).astype(np.int64), half - 1)
    return np.where(distance < 0, size, size + half)


def best_path(scores: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The best tag path of a whole text under BIO (Viterbi). scores: (n, 7), steps: (7, 7). Returns (n,) tags."""
    steps = np.where(allowed_steps(), steps, FORBIDDEN)
    back = np.empty(scores.shape, dtype=np.int64)
    columns = np.arange(len(TAGS))
    total = np.where(allowed_steps()[OUTSIDE], scores[0], FORBIDDEN)  # nothing to continue yet
    for at in range(1, len(scores)):
        reach = total[:, None] + steps
        back[at] = reach.argmax(0)
        total = reach[back[at], columns] + scores[at]
    path = np.empty(len(scores), dtype=np.int64)
    path[-1] = total.argmax()
    for at in range(len(scores) - 1, 0, -1):
        path[at - 1] = back[at, path[at]]
    return path


def marginals(scores: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """(n, 7) probability of each tag at each piece of a whole text under the CRF (forward-backward)."""
    scores = scores.astype(np.float64)  # in float32 two pieces that are very sure of what cannot follow would give 0 / 0
    weights = np.exp(np.where(allowed_steps(), steps, -np.inf))
    local = np.exp(scores - scores.max(1, keepdims=True))
    local[0, ~allowed_steps()[OUTSIDE]] = 0
    forward, backward = np.empty_like(local), np.empty_like(local)
    forward[0] = local[0] / local[0].sum()
    for at in range(1, len(local)):
        value = (forward[at - 1] @ weights) * local[at]
        forward[at] = value / value.sum()
    backward[-1] = 1.0
    for at in range(len(local) - 2, -1, -1):
        value = weights @ (backward[at + 1] * local[at + 1])
        backward[at] = value / value.sum()
    joint = forward * backward
    return joint / joint.sum(1, keepdims=True)


def stretches(path: np.ndarray, role: str) -> list[tuple[int, int]]:
    """The stretches of one role in a tag path, each (first, one past last)."""
    opening, inside = begin(role), begin(role) + 1
    found = []
    for at in np.flatnonzero(path == opening):
        end = at + 1
        while end < len(path) and path[end] == inside:
            end += 1
        found.append((int(at), int(end)))
    return found
