"""From tag scores and links to relations, in numpy: the best BIO path, then each stretch to its cue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from annotators.tags import FORBIDDEN, OUTSIDE, TAGS, allowed_steps, begin

DISTANCES = 24
"""Buckets of the signed distance between a piece and a cue."""


@dataclass(frozen=True)
class Steps:
    """What decoding needs beside the network's outputs: tag steps (7, 7), distance scores (2, DISTANCES), the score of no source.

    inner: the tag steps of inner relations, (7, 7); None for a model that finds none.
    """

    steps: np.ndarray
    distance: np.ndarray
    absent_source: float
    inner: np.ndarray | None = None


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


def best_paths(scores: Sequence[np.ndarray], steps: np.ndarray) -> list[np.ndarray]:
    """The best tag path of each text under BIO (Viterbi), all texts at once. scores: (n, 7) each, steps: (7, 7). Returns (n,) tags each."""
    packed = _pack([len(s) for s in scores])
    steps = np.where(allowed_steps(), steps, FORBIDDEN)
    totals = packed.put(scores)
    totals[~allowed_steps()[OUTSIDE], packed.first] = FORBIDDEN  # nothing to continue yet
    onward = steps[:, :, None]
    for before, here in packed.moves():
        total = totals[:, here]
        total += np.maximum.reduce(totals[:, None, before] + onward, axis=0)
    return [_trace(total, steps) for total in packed.take(totals)]


def _trace(totals: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The path of one text back from its best end. totals: (n, 7) score of the best path up to each tag. Returns (n,) tags."""
    path = totals[-1:].argmax(1).tolist()
    for before in reversed(_best_before(totals, steps)):
        path.append(before[path[-1]])
    return np.array(path[::-1], dtype=np.int64)


def _best_before(totals: np.ndarray, steps: np.ndarray) -> list[list[int]]:
    """For each piece of a text but the first, and each tag there, the best tag before; the first of equals. totals: (n, 7)."""
    best = totals[:-1, :1] + steps[0]
    tags = np.zeros(best.shape, dtype=np.int8)
    for tag in range(1, len(TAGS)):  # one tag after the other, as all at once would take seven times the memory
        reach = totals[:-1, tag : tag + 1] + steps[tag]
        tags[reach > best] = tag
        np.maximum(best, reach, out=best)
    return tags.tolist()


def all_marginals(scores: Sequence[np.ndarray], steps: np.ndarray) -> list[np.ndarray]:
    """(n, 7) probability of each tag at each piece of each text under the CRF (forward-backward), all texts at once.

    The backward pass is a forward pass over the reversed text with the steps reversed, so that both run side by side.
    """
    packed = _pack([len(s) for s in scores])
    # in float64: in float32 two pieces that are very sure of what cannot follow would give 0 / 0
    wide = [s.astype(np.float64) for s in scores]
    local = [np.exp(s - s.max(1, keepdims=True)) for s in wide]
    weights = np.exp(np.where(allowed_steps(), steps, -np.inf)).astype(np.float64)
    weights = np.stack([weights.T, weights])
    both = np.stack([packed.put(local), packed.put([x[::-1] for x in local])])
    reach = np.ones_like(both)
    reach[0, ~allowed_steps()[OUTSIDE], packed.first] = 0  # nothing to continue yet
    for before, here in packed.moves():
        state = reach[:, :, before] * both[:, :, before]
        state /= np.add.reduce(state, axis=1, keepdims=True)
        np.matmul(weights, state, out=reach[:, :, here])
    found = []
    for here, forward, backward in zip(local, packed.take(reach[0]), packed.take(reach[1]), strict=True):
        joint = forward * here
        joint /= joint.sum(1, keepdims=True)  # as small as its factors are, the product with the third could be 0 everywhere
        joint *= backward[::-1]
        found.append(joint / joint.sum(1, keepdims=True))
    return found


@dataclass(frozen=True)
class _Packing:
    """Where texts' pieces stand in one array without padding: those of one position side by side, the longest text's first."""

    offset: list[int]
    """Where each position's pieces begin, and the number of all."""
    places: list[np.ndarray]
    """Of each text its pieces' places."""

    @property
    def first(self) -> slice:
        """The texts' first pieces."""
        return slice(*self.offset[:2])

    def moves(self) -> Iterator[tuple[slice, slice]]:
        """From each position to the next: the pieces before of the texts that go on, and their pieces here."""
        for a, b, c in zip(self.offset, self.offset[1:], self.offset[2:], strict=False):
            yield slice(a, a + c - b), slice(b, c)

    def put(self, texts: Sequence[np.ndarray]) -> np.ndarray:
        """(7, pieces of all) from each text's (n, 7)."""
        packed = np.empty((len(TAGS), self.offset[-1]), dtype=np.result_type(*texts) if texts else np.float32)
        for place, text in zip(self.places, texts, strict=True):
            packed[:, place] = text.T
        return packed

    def take(self, packed: np.ndarray) -> Iterator[np.ndarray]:
        """Each text's (n, 7) from (7, pieces of all)."""
        return (packed[:, place].T for place in self.places)


def _pack(lengths: Sequence[int]) -> _Packing:
    """The packing of texts of so many pieces; the longest come first, so that those still running at a position stand together."""
    ranked = np.argsort(-np.array(lengths, dtype=np.int64), kind="stable")
    rank = np.argsort(ranked)
    longest = max(lengths, default=0)
    running = len(lengths) - np.searchsorted(np.sort(lengths), np.arange(longest), side="right")
    offset = np.concatenate([[0], running.cumsum()])
    return _Packing(offset.tolist(), [offset[:n] + r for n, r in zip(lengths, rank, strict=True)])


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
