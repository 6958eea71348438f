"""Decoding against brute force over every tag path of short texts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annotators.decoding import DISTANCES, best_path, distance_bucket, marginals, stretches
from annotators.tags import OUTSIDE, ROLES, TAGS, allowed_steps, begin

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
    path = best_path(scores, steps)
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
    found = marginals(scores, steps)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


@settings(max_examples=50)
@given(st.integers(1, 400), st.integers(0, 2**32 - 1), st.sampled_from([1.0, 10.0, 60.0]))
def test_never_a_forbidden_step(length: int, seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, spread, (length, N)).astype(np.float32)
    steps = rng.normal(0, 3, (N, N)).astype(np.float32)
    path = best_path(scores, steps)
    assert fits(tuple(path))
    # so that its stretches hold every piece that is not outside
    found = [s for role in ROLES for s in stretches(path, role)]
    assert sum(b - a for a, b in found) == (path != OUTSIDE).sum()
    sure = marginals(scores, steps)
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
