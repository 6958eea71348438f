"""Claims carried from one version of a story to the next."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.store import Store
from schemas.carrying import Anchors, carry
from schemas.claim import Claim, claim_keys
from schemas.reviews import Review
from schemas.spans import Span, cut
from schemas.story import Story

OLD = "LASTRA (M) - Bread is dear, the mayor said. “At least 4 died,” police said.\n\nIt rained."
NOW = "2026-03-04T02:00:00+00:00"


def span(text: str, words: str) -> Span:
    at = text.index(words)
    return cut(text, at, at + len(words))


def claim(text: str, source: str, cue: str, content: str, version: int = 1, by: str = "model:a") -> Claim:
    parts = [tuple(span(text, words) for words in [w] if w) for w in (source, cue, content)]
    (key,) = claim_keys("g", [(parts[0], parts[1], parts[2])])
    return Claim(key, "g", version, True, parts[2], parts[1], parts[0], None, "indirect", "named", None, None, None, 0.9, by)


MOVED = [  # what comes in the place of the old text, the words looked for, whether they stand there
    (OLD, "the mayor", True),
    (OLD.replace("LASTRA (M) - ", "LASTRA (M) - More came. "), "the mayor", True),
    (OLD.replace("the mayor", "Mayor Koréc"), "the mayor", False),
    (OLD.replace("4 died", "6 died"), "At least 4 died", False),
    (OLD.replace("4 died", "6 died"), "police", True),
    (OLD.replace("is dear", "is\n\ndear"), "Bread is dear", True),  # the words stand, the white space does not
    ("Nothing of it.", "the mayor", False),
    ("", "the mayor", False),
]


@pytest.mark.parametrize(("new", "words", "stands"), MOVED)
def test_words_are_found_again_where_they_stand(new: str, words: str, stands: bool):
    found = Anchors(OLD, new).span(span(OLD, words))
    assert (found is not None) is stands
    assert found is None or (new[found.start : found.end] == found.text and found.text.split() == words.split())


words = st.lists(st.sampled_from(["a", "b", "c", ".", "“", "said", "é"]), max_size=30)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(["a", "b", "c", ".", "“", "said", "é"]), max_size=30),
    st.lists(st.sampled_from(["a", "b", "c", ".", "“", "said", "é"]), max_size=30),
    st.data(),
)
def test_whatever_changes_a_moved_span_slices_to_its_words(old: list[str], new: list[str], data: st.DataObject):
    before, after = " ".join(old), "  ".join(new)
    if not before:
        return
    start = data.draw(st.integers(0, len(before) - 1))
    given_span = cut(before, start, data.draw(st.integers(start + 1, len(before))))
    found = Anchors(before, after).span(given_span)
    assert found is None or (after[found.start : found.end] == found.text and found.text.split() == given_span.text.split())
    whole = cut(before, 0, len(before))
    assert Anchors(before, before).span(whole) == whole


def test_what_changed_is_said():
    new = OLD.replace("4 died", "6 died").replace("It rained.", "It snowed, the weather office said.")
    old = [claim(OLD, "the mayor", "said", "Bread is dear"), claim(OLD, "police", "said", "At least 4 died")]
    found = [
        claim(new, "the mayor", "said", "Bread is dear", 2),
        claim(new, "police", "said", "At least 6 died", 2),
        claim(new, "the weather office", "said", "It snowed", 2),
    ]
    carried = carry(old, [], found, {1: Anchors(OLD, new)}, 2)
    assert carried.kept == ()
    assert carried.notices == {
        found[1].key: "Changed since version 1: content: “At least 4 died” is now “At least 6 died”.",
        found[2].key: "New since version 1.",
    }


def review(key: str) -> Review:
    return Review(1, key, 1, "human:1", NOW, (), {}, (), "", 3.0, False)


@pytest.fixture
def annotated(tmp_path: Path) -> tuple[Store, list[Claim]]:
    store = Store(f"sqlite:///{tmp_path}/a.db")
    store.add_story(Story("g", 1, OLD), NOW)
    found = [claim(OLD, "the mayor", "said", "Bread is dear"), claim(OLD, "police", "said", "At least 4 died")]
    store.add_claims(Story("g", 1, OLD), found)
    store.mark_pushed({c.key: n for n, c in enumerate(found, 1)})
    return store, found


def test_only_what_is_new_or_changed_is_new_work(annotated: tuple[Store, list[Claim]]):
    store, old = annotated
    new = OLD.replace("4 died", "6 died")
    story = Story("g", 2, new)
    store.add_story(story, NOW)
    store.add_claims(story, [claim(new, "the mayor", "said", "Bread is dear", 2), claim(new, "police", "said", "At least 6 died", 2)])
    entries = {e.key: e for e in store.entries()}
    assert entries[old[0].key].state == "pushed"
    assert entries[old[1].key].state == "closed"
    (fresh,) = [e for e in entries.values() if e.key not in {c.key for c in old}]
    assert (fresh.state, fresh.notice) == ("waiting", "Changed since version 1: content: “At least 4 died” is now “At least 6 died”.")
    store.engine.dispose()


def test_a_decision_outlives_a_model_that_finds_the_same_words_otherwise(annotated: tuple[Store, list[Claim]]):
    store, old = annotated
    store.add_reviews([review(old[0].key)], {})
    new = OLD.replace("LASTRA (M) - ", "LASTRA (M) - More came. ")
    story = Story("g", 2, new)
    store.add_story(story, NOW)
    # another model: the source is one word shorter
    store.add_claims(
        story, [claim(new, "mayor", "said", "Bread is dear", 2, "model:b"), claim(new, "police", "said", "At least 4 died", 2, "model:b")]
    )
    states = {e.key: e.state for e in store.entries()}
    assert states == {old[0].key: "pushed", old[1].key: "pushed"}
    (row,) = store.reviewed()
    assert row[1].key == old[0].key
    store.engine.dispose()


def test_a_third_version_is_held_against_where_each_claim_was_last_shown(annotated: tuple[Store, list[Claim]]):
    store, _ = annotated
    for version, died in ((2, "6 died"), (3, "7 died")):
        new = OLD.replace("4 died", died)
        story = Story("g", version, new)
        store.add_story(story, NOW)
        found = [claim(new, "the mayor", "said", "Bread is dear", version), claim(new, "police", "said", f"At least {died}", version)]
        store.add_claims(story, found)
    notices = {e.notice for e in store.entries(states=("waiting",))}
    assert notices == {"Changed since version 2: content: “At least 6 died” is now “At least 7 died”."}
    new = OLD.replace("Bread is dear", "Bread is cheap").replace("4 died", "7 died")
    story = Story("g", 4, new)
    store.add_story(story, NOW)
    store.add_claims(story, [claim(new, "the mayor", "said", "Bread is cheap", 4), claim(new, "police", "said", "At least 7 died", 4)])
    assert "Changed since version 1: content: “Bread is dear” is now “Bread is cheap”." in {e.notice for e in store.entries()}
    store.engine.dispose()
