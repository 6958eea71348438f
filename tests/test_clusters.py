"""Near-duplicates: found, linked, annotated once; chains across guids; intake in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.store import Store
from flows.store.fanning import Stretches
from schemas.claim import Claim, claim_keys
from schemas.likeness import nearest, signature
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Status, Story

NOW = "2026-03-04T02:00:00+00:00"
BODY = (
    "Bread is dear, the mayor said on Tuesday. The price of a loaf went up by three per cent within a year, the office of statistics "
    "reported.\n\nFour people died in the rain near Port, police said, when a bridge gave way under a lorry that carried flour.\n\n"
    "The ministry denied that it had known of cracks. It would look into the matter, a spokesman told reporters in the capital."
)
FIRST = f"LASTRA, March 3 (Meridian) - {BODY}"
SECOND = f"LASTRA, March 3 (Sextant) - {BODY}\n\nThe bridge was built in 1961 and last looked at in 2019."
OTHER = "PORT (Meridian) - " + " ".join(f"word{n}" for n in range(90))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/a.db")
    yield store
    store.engine.dispose()


def claim(story: Story, source: str, cue: str, content: str) -> Claim:
    def spans(words: str):
        at = story.text.index(words)
        return (cut(story.text, at, at + len(words)),)

    parts = spans(source), spans(cue), spans(content)
    (key,) = claim_keys(story.guid, [parts])
    return Claim(key, story.guid, story.version, True, parts[2], parts[1], parts[0], None, "", "", None, None, None, 0.9, "model:a")


PAIRS = [  # what two feeds carry, whether it is one story
    (FIRST, SECOND, True),
    (FIRST, FIRST.upper(), True),
    (FIRST, FIRST.replace("Bread is dear, the mayor said on Tuesday.", "A loaf costs more than ever, Mayor Koréc complained."), True),
    (FIRST, OTHER, False),
    (FIRST, "Bread is dear, the mayor said on Tuesday.", False),
]


@pytest.mark.parametrize(("one", "other", "alike"), PAIRS)
def test_what_counts_as_one_story(one: str, other: str, alike: bool):
    assert bool(nearest(np.array([signature(one), signature(other)]))) is alike


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 3), max_size=40), st.integers(0, 40))
def test_the_nearest_is_the_first_of_the_same(which: list[int], first: int):
    rows = np.random.default_rng(0).integers(0, 2**32, (4, 128), np.uint32)
    found = nearest(rows[which] if which else rows[:0], first)
    expected = [(n, which.index(kind), 1.0) for n, kind in enumerate(which) if n >= first and which.index(kind) < n]
    assert found == expected


def test_a_near_duplicate_is_new_work_only_where_it_says_something_else(store: Store):
    first, second = Story("a", 1, FIRST), Story("b", 1, SECOND)
    store.add_stories([first, second, Story("c", 1, OTHER)], NOW)
    assert store.link() == 1
    assert store.clusters() == {"a": [("a", 1), ("b", 1)]}
    said = claim(first, "the mayor", "said", "Bread is dear")
    store.add_claims(first, [said])
    again, more = (
        claim(second, "the mayor", "said", "Bread is dear"),
        claim(second, "police", "said", "Four people died in the rain near Port"),
    )
    store.add_claims(second, [again, more])
    assert {e.key for e in store.entries()} == {said.key, more.key}
    store.add_reviews([Review(1, said.key, 1, "human:1", NOW, (said,), {}, (), "", 3.0, False)], {})
    waiting: Stretches = {}
    ((story, _, review),) = store.fanned_out(waiting)
    assert [first.text[a:b] for stretches in waiting.values() for a, b in stretches] == [FIRST[54:214]]
    assert list(waiting) == [("a", 1)]  # what the model found in the second only stands in the first too
    assert (story.guid, [c.story_id for c in review.claims], review.by) == ("b", ["b"], "human:1")
    assert [second.text[s.start : s.end] for c in review.claims for s in c.spans] == ["Bread is dear", "the mayor", "said"]
    (key,) = claim_keys("b", [(again.source, again.cue, again.content)])
    assert ([c.key for c in review.claims], review.key) == ([key], said.key)
    # the first is killed: what it had spoken for is work again
    store.add_story(Story("a", 2, "", status=Status.CANCELLED), NOW)
    assert ("b", 1) in store.waiting_stories(NOW)
    store.add_claims(second, [again, more])
    assert {e.key for e in store.entries(states=("waiting", "pushed"))} == {again.key, more.key}


def test_an_item_that_takes_anothers_place_is_its_next_version(store: Store):
    for _ in range(2):  # and delivered twice it is stored once
        for story in (Story("a", 1, "One."), Story("b", 1, "Two.", replaces="a"), Story("c", 1, "Three.", replaces="b")):
            store.add_story(story, NOW)
    assert store.waiting_stories(NOW) == [("a", 3)]
    assert store.story_states() == {"new": 1, "superseded": 2}
    store.add_story(Story("c", 2, "", status=Status.CANCELLED), NOW)
    assert store.story_states() == {"cancelled": 4}
    assert store.add_story(Story("z", 1, "Four.", replaces="unknown"), NOW).state == "new"


statuses = st.sampled_from(list(Status))
stories = st.builds(
    Story,
    guid=st.sampled_from("abc"),
    version=st.integers(1, 3),
    text=st.sampled_from(["One said.", "Two said.", "Three."]),
    status=statuses,
    replaces=st.sampled_from(["", "", "a", "x"]),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(stories, max_size=8))
@pytest.mark.slow
def test_a_batch_does_what_one_by_one_does_and_twice_is_once(tmp_path_factory: pytest.TempPathFactory, batch: list[Story]):
    folder = tmp_path_factory.mktemp("s")
    one, whole = Store(f"sqlite:///{folder}/one.db"), Store(f"sqlite:///{folder}/whole.db")
    single = [one.add_story(story, NOW) for story in batch]
    together = whole.add_stories(batch, NOW)
    assert [(a.story, a.state, a.known) for a in together] == [(a.story, a.state, a.known) for a in single]
    assert one.story_states() == whole.story_states()
    again = whole.add_stories(batch, NOW)
    assert all(a.known for a in again)
    assert one.story_states() == whole.story_states()
    for store in (one, whole):
        store.engine.dispose()


def test_a_new_version_is_linked_anew(store: Store):
    store.add_stories([Story("a", 1, FIRST), Story("b", 1, OTHER)], NOW)
    assert store.link() == 0
    store.add_story(replace(Story("b", 2, SECOND)), NOW)
    assert store.link() == 1
    assert store.link() == 0
    assert store.clusters() == {"a": [("a", 1), ("b", 2)]}
