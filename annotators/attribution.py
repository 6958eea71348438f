"""Finds the attribution relations of whole texts: windows through a backend, merged, decoded, linked.

`Backend` is all this asks of a model, so PyTorch and ONNX Runtime serve alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from annotators.corpora import Relation, Stretches
from annotators.decoding import Found, Steps, best_path, distance_bucket, marginals, stretches
from annotators.pieces import Pieces, split_pieces, windows
from annotators.tags import TAGS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SIZE, OVERLAP = 320, 64
"""Window and overlap, in pieces."""
FAR = -1e4
"""Agreement of a stretch and a cue that share no window: neither can belong to the other."""


class Backend(Protocol):
    """A model that reads windows."""

    steps: Steps
    special: tuple[int, int]

    def run(self, ids: np.ndarray, feature: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """ids, feature, mask: (b, l). Returns hidden (b, l, width), tag scores (b, l, 7), links (b, l, 3, LINK)."""


@dataclass
class Reading:
    """What a model saw in one text: pieces, merged tag scores (n, 7), and each window's range, links and hidden states."""

    pieces: Pieces
    scores: np.ndarray
    steps: Steps
    ranges: list[tuple[int, int]]
    links: list[np.ndarray]
    hidden: list[np.ndarray]

    @cached_property
    def path(self) -> np.ndarray:
        """(n,) the best tags."""
        return best_path(self.scores, self.steps.steps)

    @cached_property
    def sure(self) -> np.ndarray:
        """(n, 7) probability of each tag."""
        return marginals(self.scores, self.steps.steps)


def read(texts: Sequence[str], tokenizer: Tokenizer, backend: Backend, batch: int = 16) -> Iterator[Reading]:
    """A reading of each text, in order; windows of all the texts given are batched together by length."""
    split = [split_pieces(text, tokenizer) for text in texts]
    ranges = [windows(len(pieces), SIZE, OVERLAP) for pieces in split]
    jobs = sorted(
        ((t, w) for t, r in enumerate(ranges) for w in range(len(r))), key=lambda j: ranges[j[0]][j[1]][1] - ranges[j[0]][j[1]][0]
    )
    results: dict[tuple[int, int], tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
    for at in range(0, len(jobs), batch):
        group = jobs[at : at + batch]
        outputs = _run([(split[t], *ranges[t][w]) for t, w in group], backend)
        results.update(zip(group, outputs, strict=True))
    for t, pieces in enumerate(split):
        outs = [results[t, w] for w in range(len(ranges[t]))]
        scores = _merge(len(pieces), ranges[t], [o[1] for o in outs])
        yield Reading(pieces, scores, backend.steps, ranges[t], [o[2] for o in outs], [o[0] for o in outs])


def _run(cuts: list[tuple[Pieces, int, int]], backend: Backend) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    length = max(b - a for _, a, b in cuts) + 2
    ids, feature = np.zeros((2, len(cuts), length), dtype=np.int64)
    mask = np.zeros((len(cuts), length), dtype=bool)
    for row, (pieces, a, b) in enumerate(cuts):
        n = b - a
        ids[row, 0], ids[row, 1 : n + 1], ids[row, n + 1] = backend.special[0], pieces.ids[a:b], backend.special[1]
        feature[row, 1 : n + 1] = pieces.feature[a:b]
        mask[row, : n + 2] = True
    hidden, tags, links = backend.run(ids, feature, mask)
    return [(hidden[row, 1 : b - a + 1], tags[row, 1 : b - a + 1], links[row, 1 : b - a + 1]) for row, (_, a, b) in enumerate(cuts)]


def _merge(count: int, ranges: list[tuple[int, int]], scores: list[np.ndarray]) -> np.ndarray:
    """Tag scores of the whole text: where windows overlap, their mean weighted by the distance from their borders."""
    total, weight = np.zeros((count, len(TAGS)), dtype=np.float32), np.zeros((count, 1), dtype=np.float32)
    for (a, b), score in zip(ranges, scores, strict=True):
        near = np.minimum(np.arange(1, b - a + 1), np.arange(b - a, 0, -1)).astype(np.float32)
        near = np.minimum(near, OVERLAP)[:, None] ** 2
        total[a:b] += score * near
        weight[a:b] += near
    return total / np.maximum(weight, 1)


def relations(reading: Reading) -> list[Found]:
    """The relations in a reading, in order of their cues."""
    if not len(reading.pieces):
        return []
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
        found.append(Found(cue, tuple(mine), tuple(its), _probability(sure, path, [cue, *mine, *its], links)))
    return found


def _agreement(reading: Reading, spans: list[tuple[int, int]], cues: list[tuple[int, int]], kind: int) -> np.ndarray:
    """(spans, cues) score of a stretch and a cue belonging together, from the window in which both lie deepest; FAR if in none."""
    scores = np.full((len(spans), len(cues)), FAR, dtype=np.float32)
    depth = np.full(scores.shape, -1, dtype=np.int64)
    for (a, b), link in zip(reading.ranges, reading.links, strict=True):
        near_cues = [i for i, c in enumerate(cues) if a <= c[0] and c[1] <= b]
        near_spans = [i for i, s in enumerate(spans) if s[0] < b and s[1] > a]
        if not near_cues or not near_spans:
            continue
        query = np.stack([link[cues[i][0] - a : cues[i][1] - a, 0].mean(0) for i in near_cues])
        middle = np.array([(cues[i][0] + cues[i][1] - 1) // 2 for i in near_cues])
        cue_depth = np.array([min(cues[i][0] - a, b - cues[i][1]) for i in near_cues])
        for i in near_spans:
            first, last = max(spans[i][0], a), min(spans[i][1], b)
            key = link[first - a : last - a, 1 + kind]
            near = distance_bucket(np.arange(first, last)[:, None] - middle)
            here = (key @ query.T / key.shape[1] ** 0.5 + reading.steps.distance[kind][near]).mean(0)
            deep = np.minimum(cue_depth, last - first + min(first - a, b - last))
            better = deep > depth[i, near_cues]
            scores[i, np.array(near_cues)[better]] = here[better]
            depth[i, np.array(near_cues)[better]] = deep[better]
    return scores


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
