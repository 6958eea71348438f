"""Decoding against brute force over every tag path of short texts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annotators.decoding import DISTANCES, all_marginals, best_paths, distance_bucket, stretches
from annotators.tags import FORBIDDEN, OUTSIDE, ROLES, TAGS, allowed_steps, begin

N = len(TAGS)
NUMBERS = st.floats(-20, 20, width=32)
SCORES = st.integers(1, 4).flatmap(lambda n: arrays(np.float32, (n, N), elements=NUMBERS))
STEPS = arrays(np.float32, (N, N), elements=st.floats(-4, 4, width=32))


def fits(path: tuple[int, ...]) -> bool:
    """BIO, said in words: what continues a stretch follows its beginning or its continuation."""
    before = "O"
    for tag in (TAGS[t] for t in path):
        if tag.startswith("I-") and before not in (tag, f"B-{tag[2:]}"):
            return False
        before = tag
    return True


PATHS = {n: np.array([p for p in itertools.product(range(N), repeat=n) if fits(p)]) for n in range(1, 5)}


def values(scores: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The score of every allowed path."""
    paths = PATHS[len(scores)]
    total = scores.astype(np.float64)[np.arange(len(scores)), paths].sum(1)
    return total + steps.astype(np.float64)[paths[:, :-1], paths[:, 1:]].sum(1)


def test_tags() -> None:
    assert TAGS == ("O", "B-source", "I-source", "B-cue", "I-cue", "B-content", "I-content")
    assert [TAGS[begin(role)] for role in ROLES] == ["B-source", "B-cue", "B-content"]
    allowed = {(a, b) for a, b in itertools.product(range(N), repeat=2) if fits((begin("source"), a, b)) or fits((begin("cue"), a, b))}
    allowed |= {(a, b) for a, b in itertools.product(range(N), repeat=2) if fits((begin("content"), a, b))}
    assert set(zip(*map(np.ndarray.tolist, allowed_steps().nonzero()), strict=True)) == allowed


@given(SCORES, STEPS)
def test_best_path_is_the_best_of_all(scores: np.ndarray, steps: np.ndarray) -> None:
    path = best_paths([scores], steps)[0]
    everything = values(scores, steps)
    (mine,) = np.flatnonzero((PATHS[len(scores)] == path).all(1))  # it is an allowed one
    assert everything[mine] == pytest.approx(everything.max(), abs=1e-3)


@given(SCORES, STEPS)
def test_marginals_are_those_of_all_paths(scores: np.ndarray, steps: np.ndarray) -> None:
    everything = values(scores, steps)
    weight = np.exp(everything - everything.max())
    weight /= weight.sum()
    expected = np.zeros(scores.shape)
    for at in range(len(scores)):
        np.add.at(expected[at], PATHS[len(scores)][:, at], weight)
    found = all_marginals([scores], steps)[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


def plain_path(scores: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Viterbi of one text, piece by piece; of equals the first."""
    steps = np.where(allowed_steps(), steps, FORBIDDEN)
    total = np.where(allowed_steps()[OUTSIDE], scores[0], FORBIDDEN)
    back = []
    for score in scores[1:]:
        reach = total[:, None] + steps
        back.append(reach.argmax(0))
        total = reach.max(0) + score
    path = [total.argmax()]
    for before in reversed(back):
        path.append(before[path[-1]])
    return np.array(path[::-1])


def plain_marginals(scores: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Forward-backward of one text, piece by piece."""
    weights = np.exp(np.where(allowed_steps(), steps, -np.inf))
    local = np.exp(scores.astype(np.float64) - scores.max(1, keepdims=True))
    forward, backward = [local[0] * allowed_steps()[OUTSIDE]], [np.ones(N)]
    for here in local[1:]:
        forward.append(forward[-1] / forward[-1].sum() @ weights * here)
    for after in local[:0:-1]:
        backward.append(weights @ (backward[-1] * after))
        backward[-1] /= backward[-1].sum()
    joint = np.array([f / f.sum() for f in forward]) * backward[::-1]
    return joint / joint.sum(1, keepdims=True)


LENGTHS = st.lists(st.one_of(st.integers(1, 4), st.integers(1, 60), st.just(250)), max_size=6)


@settings(max_examples=60, deadline=None)
@given(LENGTHS, st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0, 10.0, 60.0]))
@pytest.mark.slow
def test_all_texts_at_once_as_one_by_one(lengths: list[int], seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    steps = rng.integers(-3, 4, (N, N)).astype(np.float32)  # whole ones, so that with no spread paths are equally good
    scores = [rng.normal(0, spread, (n, N)).astype(np.float32) for n in lengths]
    paths, sure = best_paths(scores, steps), all_marginals(scores, steps)
    assert len(paths) == len(sure) == len(lengths)
    for mine, probability, score in zip(paths, sure, scores, strict=True):
        assert mine.tolist() == plain_path(score, steps).tolist()
        np.testing.assert_allclose(probability, plain_marginals(score, steps), atol=1e-6)


def test_a_text_without_pieces_beside_another() -> None:
    scores = [np.zeros((0, N), dtype=np.float32), np.zeros((2, N), dtype=np.float32), np.zeros((0, N), dtype=np.float32)]
    steps = np.zeros((N, N), dtype=np.float32)
    assert [len(p) for p in best_paths(scores, steps)] == [0, 2, 0]
    assert [p.shape for p in all_marginals(scores, steps)] == [(0, N), (2, N), (0, N)]
    assert [len(p) for p in best_paths(scores[:1], steps)] == [0]
    assert [p.shape for p in all_marginals(scores[:1], steps)] == [(0, N)]
    np.testing.assert_allclose(all_marginals(scores, steps)[1], plain_marginals(scores[1], steps))


@settings(max_examples=50)
@given(st.integers(1, 400), st.integers(0, 2**32 - 1), st.sampled_from([1.0, 10.0, 60.0]))
def test_never_a_forbidden_step(length: int, seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, spread, (length, N)).astype(np.float32)
    steps = rng.normal(0, 3, (N, N)).astype(np.float32)
    path = best_paths([scores], steps)[0]
    assert fits(tuple(path))
    # so that its stretches hold every piece that is not outside
    found = [s for role in ROLES for s in stretches(path, role)]
    assert sum(b - a for a, b in found) == (path != OUTSIDE).sum()
    sure = all_marginals([scores], steps)[0]
    assert np.isfinite(sure).all()
    np.testing.assert_allclose(sure.sum(1), 1, atol=1e-4)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("O O O", []),
        ("B-cue", [(0, 1)]),
        ("B-cue B-cue I-cue O B-cue", [(0, 1), (1, 3), (4, 5)]),  # neighbours stay apart
        ("B-source I-source B-cue B-content I-content", [(2, 3)]),
        ("O B-cue I-cue I-cue", [(1, 4)]),  # up to the end
    ],
)
def test_stretches(tags: str, found: list[tuple[int, int]]) -> None:
    assert stretches(np.array([TAGS.index(t) for t in tags.split()]), "cue") == found


def test_distance_buckets() -> None:
    away = np.arange(-5000, 5001)
    bucket = distance_bucket(away)
    half = DISTANCES // 2
    assert (bucket[away >= 0] >= half).all()
    assert (bucket[away < 0] < half).all()
    assert bucket.min() >= 0
    assert bucket.max() == DISTANCES - 1
    # on each side they only grow with the distance; near ones are told apart
    assert (np.diff(bucket[away >= 0]) >= 0).all()
    assert (np.diff(bucket[away < 0]) <= 0).all()
    assert distance_bucket(np.array([0, 1, 3])).tolist() == [half, half + 1, half + 2]
