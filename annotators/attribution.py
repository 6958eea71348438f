"""Finds the attribution relations of whole texts: windows through a backend, merged, decoded, linked.

`Backend` is all this asks of a model, so PyTorch and OpenVINO serve alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from annotators.corpora import Relation, Stretches
from annotators.decoding import Found, Steps, all_marginals, best_paths, distance_bucket, stretches
from annotators.pieces import Pieces, split_pieces
from annotators.tags import TAGS
from annotators.windows import CONTEXT, windows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BUDGET = 256
"""Pieces that a model reads at once: more gains nothing on a CPU, and each other number of windows costs a set of kernels."""
_STEP = 16
"""Windows are padded to a multiple of this, which costs a CPU no more than one of 8, and so many run at once as a power of two says:
a backend meets few shapes."""
FAR = -1e4
"""Agreement of a stretch and a cue that share no window: neither can belong to the other."""


Range = tuple[int, int]


class Output(NamedTuple):
    """What a backend gives for one window of l pieces: tags (l, 7), links (l, 3, LINK), tags of inner relations (l, 7)."""

    tags: np.ndarray
    links: np.ndarray
    inner: np.ndarray


class Backend(Protocol):
    """A model that reads windows."""

    steps: Steps
    special: tuple[int, int]

    def run(self, ids: np.ndarray, feature: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, ...]:
        """ids, feature, mask: (b, l). Returns tag scores (b, l, 7), links (b, l, 3, LINK), inner tag scores (b, l, 7)."""


@dataclass
class Reading:
    """What a model saw in one text of n pieces.

    scores, inner: (n, 7) merged tag scores, and those of inner relations; each window's range and links; path: (n,) the best tags;
    sure: (n, 7) the probability of each tag.
    """

    pieces: Pieces
    scores: np.ndarray
    inner: np.ndarray
    steps: Steps
    ranges: list[tuple[int, int]]
    links: list[np.ndarray]
    path: np.ndarray
    sure: np.ndarray


def read(texts: Sequence[str], tokenizer: Tokenizer, backend: Backend) -> Iterator[Reading]:
    """A reading of each text, in order; windows of all the texts given are batched together by length, and decoded all at once."""
    split = [split_pieces(text, tokenizer) for text in texts]
    ranges = [windows(pieces) for pieces in split]
    outputs = iter(run_windows([(split[t], *r) for t, its in enumerate(ranges) for r in its], backend))
    outs = [[next(outputs) for _ in its] for its in ranges]
    steps = backend.steps
    scores = [_merge(len(p), r, [o.tags for o in out]) for p, r, out in zip(split, ranges, outs, strict=True)]
    paths, sure = best_paths(scores, steps.steps), all_marginals(scores, steps.steps)
    for t, pieces in enumerate(split):
        inner = _merge(len(pieces), ranges[t], [o.inner for o in outs[t]])
        yield Reading(pieces, scores[t], inner, steps, ranges[t], [o.links for o in outs[t]], paths[t], sure[t])


def run_windows(cuts: Sequence[tuple[Pieces, int, int]], backend: Backend) -> list[Output]:
    """What a backend gives for ranges of pieces, in their order.

    Those of one padded length are run together, so that what a window gives does not depend on which others are read with it.
    """
    by_length: dict[int, list[int]] = {}
    for i, (_, a, b) in enumerate(cuts):
        by_length.setdefault(-(-(b - a + 2) // _STEP) * _STEP, []).append(i)
    results: list[Output | None] = [None] * len(cuts)
    for length, rest in sorted(by_length.items()):
        while rest:
            rows = 1 << (max(1, min(len(rest), BUDGET // length)).bit_length() - 1)
            group, rest = rest[:rows], rest[rows:]
            for i, output in zip(group, _run([cuts[i] for i in group], length, backend), strict=True):
                results[i] = output
    return [output for output in results if output is not None]


def _run(cuts: Sequence[tuple[Pieces, int, int]], length: int, backend: Backend) -> list[Output]:
    ids, feature = np.zeros((2, len(cuts), length), dtype=np.int64)
    mask = np.zeros((len(cuts), length), dtype=bool)
    for row, (pieces, a, b) in enumerate(cuts):
        n = b - a
        ids[row, 0], ids[row, 1 : n + 1], ids[row, n + 1] = backend.special[0], pieces.ids[a:b], backend.special[1]
        feature[row, 1 : n + 1] = pieces.feature[a:b]
        mask[row, : n + 2] = True
    whole = backend.run(ids, feature, mask)
    return [Output(*(value[row, 1 : b - a + 1] for value in whole)) for row, (_, a, b) in enumerate(cuts)]


def _merge(count: int, ranges: list[Range], scores: list[np.ndarray]) -> np.ndarray:
    """Tag scores of the whole text: where windows overlap, their mean weighted by the distance from their borders."""
    total, weight = np.zeros((count, len(TAGS)), dtype=np.float32), np.zeros((count, 1), dtype=np.float32)
    for (a, b), score in zip(ranges, scores, strict=True):
        near = np.minimum(np.arange(1, b - a + 1), np.arange(b - a, 0, -1)).astype(np.float32)
        near = np.minimum(near, 2 * CONTEXT)[:, None] ** 2
        total[a:b] += score * near
        weight[a:b] += near
    return total / np.maximum(weight, 1)


def relations(reading: Reading) -> list[Found]:
    """The relations in a reading that have a content, in order of their cues."""
    path, sure = reading.path, reading.sure
    cues = stretches(path, "cue")
    if not cues:
        return []
    sources, contents = stretches(path, "source"), stretches(path, "content")
    source_of = _softmax(_with_none(_agreement(reading, sources, cues, 0), reading.steps.absent_source), axis=0)
    agreement = _agreement(reading, contents, cues, 1)
    content_of, near = _softmax(agreement, axis=1), (agreement > FAR).any(1)
    owners = np.where(near, content_of.argmax(1), -1) if len(contents) else np.zeros(0, dtype=np.int64)
    found = []
    for number, cue in enumerate(cues):
        chosen = int(source_of[:, number].argmax())
        mine = [sources[chosen]] if chosen < len(sources) else []
        its = [c for c, owner in zip(contents, owners, strict=True) if owner == number]
        links = [source_of[chosen, number], *(content_of[i, number] for i, owner in enumerate(owners) if owner == number)]
        if its:
            found.append(Found(cue, tuple(mine), tuple(its), _probability(sure, path, [cue, *mine, *its], links)))
    return found


def _agreement(reading: Reading, spans: list[tuple[int, int]], cues: list[tuple[int, int]], kind: int) -> np.ndarray:
    """(spans, cues) score of a stretch and a cue belonging together, from the window in which both lie deepest; FAR if in none."""
    scores = np.full((len(spans), len(cues)), FAR, dtype=np.float32)
    depth = np.full(scores.shape, -1, dtype=np.int64)
    first, last, cue_first, cue_last = (np.array([s[end] for s in its], dtype=np.int64) for its in (spans, cues) for end in (0, 1))
    for (a, b), link in zip(reading.ranges, reading.links, strict=True):
        near_cues, near_spans = np.flatnonzero((cue_first >= a) & (cue_last <= b)), np.flatnonzero((first < b) & (last > a))
        if not len(near_cues) or not len(near_spans):
            continue
        begin, end = cue_first[near_cues], cue_last[near_cues]
        query = _means(link[:, 0], begin - a, end - a)
        bucket = distance_bucket(np.arange(a, b)[:, None] - (begin + end - 1) // 2)
        pieces = link[:, 1 + kind] @ query.T / query.shape[1] ** 0.5 + reading.steps.distance[kind][bucket]
        inner_first, inner_last = np.maximum(first[near_spans], a), np.minimum(last[near_spans], b)
        here = _means(pieces, inner_first - a, inner_last - a)
        span_depth = inner_last - inner_first + np.minimum(inner_first - a, b - inner_last)
        deep = np.minimum(np.minimum(begin - a, b - end), span_depth[:, None])
        at = np.ix_(near_spans, near_cues)
        better = deep > depth[at]
        scores[at], depth[at] = np.where(better, here, scores[at]), np.where(better, deep, depth[at])
    return scores


def _means(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """(stretches, ...) the mean of each stretch of values (n, ...)."""
    total = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(0, dtype=np.float64)])
    return (total[last] - total[first]) / (last - first)[:, None]


def _with_none(scores: np.ndarray, absent: float) -> np.ndarray:
    return np.concatenate([scores, np.full((1, scores.shape[1]), absent, dtype=np.float32)])


def _softmax(scores: np.ndarray, axis: int) -> np.ndarray:
    if not scores.size:
        return scores
    scores = np.exp(scores - scores.max(axis, keepdims=True))
    return scores / scores.sum(axis, keepdims=True)


def _probability(sure: np.ndarray, path: np.ndarray, spans: list[tuple[int, int]], links: Iterable[float]) -> float:
    """Of a relation: the product over its stretches of how sure their tags are at both ends, and of its links."""
    value = 1.0
    for a, b in spans:
        ends = [a, b - 1]
        value *= float(np.sqrt(np.prod([sure[i, path[i]] for i in ends])))
    for link in links:
        value *= float(link)
    return value


def to_relation(found: Found, pieces: Pieces) -> Relation:
    """A found relation in code points."""

    def points(spans: Sequence[tuple[int, int]]) -> Stretches:
        return tuple((int(pieces.start[a]), int(pieces.end[b - 1])) for a, b in spans)

    return Relation(points(found.sources), points([found.cue]), points(found.contents))
