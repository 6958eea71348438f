"""Where windows lie: everything is in one, none is too long, and what stands in front does not move them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.pieces import Pieces
from annotators.windows import CONTEXT, SIZE, windows


def pieces(count: int, seed: int = 1, every: int = 40) -> Pieces:
    """A story of `count` pieces, a paragraph of about `every` each, with sentences in it."""
    rng = np.random.default_rng(seed)
    ids, at = rng.integers(0, 5000, count), np.arange(count)
    feature = 2 * (rng.random(count) < 1 / every).astype(np.int64)
    return Pieces(ids, at, at + 1, feature, rng.random(count) < 0.05)


@pytest.mark.parametrize(
    ("count", "ranges"),
    [
        (0, []),
        (1, [(0, 1)]),
        (SIZE, [(0, SIZE)]),  # one window as long as it fits
    ],
)
def test_short_stories_are_one_window(count: int, ranges: list[tuple[int, int]]) -> None:
    assert windows(pieces(count)) == ranges


def test_paragraphs_are_cut_at() -> None:
    plain = pieces(400)
    feature = np.zeros(400, dtype=np.int64)
    feature[[0, 190]] = 2
    story = Pieces(plain.ids, plain.start, plain.end, feature, np.zeros(400, dtype=bool))
    assert windows(story) == [(0, 190 + CONTEXT), (190 - CONTEXT, 400)]


@given(st.integers(0, 3000), st.integers(0, 99), st.integers(20, 120), st.integers(0, 9), st.integers(1, 60))
def test_windows_cover_and_overlap(count: int, seed: int, size: int, context: int, apart: int) -> None:
    ranges = windows(pieces(count, seed), size, context, apart)
    assert {at for a, b in ranges for at in range(a, b)} == set(range(count))
    assert all(0 < b - a <= size for a, b in ranges)
    assert all(before[1] - after[0] >= min(context, count) for before, after in itertools.pairwise(ranges))
    assert ranges == sorted(ranges)


def joined(front: Pieces, back: Pieces) -> Pieces:
    values = [np.concatenate([getattr(front, n), getattr(back, n)]) for n in ("ids", "start", "end", "feature", "opens")]
    return Pieces(*values)


@given(st.integers(0, 2000), st.integers(321, 3000), st.integers(0, 99))
def test_what_stands_in_front_moves_the_first_cuts_only(before: int, count: int, seed: int) -> None:
    story, front = pieces(count, seed), pieces(before, seed + 1)
    plain = [(a + before, b + before) for a, b in windows(story)]
    padded = windows(joined(front, story))
    beyond = before + 600  # the first cut that other text cannot move lies at most two windows in
    assert [r for r in plain if r[0] >= beyond] == [r for r in padded if r[0] >= beyond]
