"""Splits of an export: nothing leaks, a story stays where it was, and what would leak is left out and said."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.splits import SPLITS, TEST, TRAIN, check_no_leak, split_stories
from schemas.errors import BadData
from schemas.story import Story

WORDS = [f"word{n}" for n in range(400)]


def story(number: int, *, day: int | None = None, text: str = "", version: int = 1) -> Story:
    body = text or " ".join(random.Random(number).choices(WORDS, k=120))
    return Story(f"s{number}", version, body, published=f"2026-03-{day or number % 28 + 1:02d}T05:00:00+00:00")


STORIES = [story(n) for n in range(60)]


def test_stories_of_a_day_and_versions_of_a_story_go_together() -> None:
    splits = split_stories([*STORIES, story(1, day=9, version=2)], {})
    assert set(splits.of.values()) == set(SPLITS)
    days = {s.published[:10]: splits.of[s.guid] for s in STORIES[1:]}
    assert all(splits.of[s.guid] == days[s.published[:10]] for s in STORIES[1:])
    assert not splits.left_out


@settings(deadline=None, max_examples=15)
@given(st.sets(st.integers(0, 59), min_size=1), st.randoms(use_true_random=False))
@pytest.mark.slow
def test_a_story_stays_in_its_split_whatever_comes(first: set[int], rng: random.Random) -> None:
    early = split_stories([STORIES[n] for n in first], {})
    late = STORIES.copy()
    rng.shuffle(late)
    later = split_stories(late, early.of)
    assert {guid: later.of[guid] for guid in early.of} == early.of
    check_no_leak(STORIES, later.of)


def test_a_rewrite_goes_where_its_story_is_and_one_near_to_two_splits_is_left_out() -> None:
    first = split_stories(STORIES, {})
    test = next(s for s in STORIES if first.of[s.guid] == TEST)
    train = next(s for s in STORIES if first.of[s.guid] == TRAIN)
    rewrite = story(70, text=test.text + " and a new last line of it")
    both = story(71, text=f"{test.text} {train.text}")
    splits = split_stories([*STORIES, rewrite, both], first.of)
    assert splits.of["s70"] == TEST
    assert "s71" not in splits.of
    assert "near to" in splits.left_out["s71"]


def test_a_leak_is_found_apart_from_how_splits_were_made() -> None:
    a, b = story(1), story(2, text=story(1).text + " more")
    with pytest.raises(BadData, match="leak: 's2' in test is nearly 's1' in train"):
        check_no_leak([a, b], {"s1": TRAIN, "s2": TEST})
    check_no_leak([a, b], {"s1": TRAIN, "s2": TRAIN})
