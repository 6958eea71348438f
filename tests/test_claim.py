"""Claims: keys that outlive a new version, and the command line's contract."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.claim import Choice, Claim, claim_keys
from schemas.spans import Span, cut

TEXT = "“No,” the minister said on Friday. “Never.” A deputy agreed."
Spans = tuple[Span, ...]


def spans(*words: str, text: str = TEXT) -> Spans:
    return tuple(cut(text, text.index(w), text.index(w) + len(w)) for w in words)


def claim(**fields: object) -> Claim:
    values: dict = {
        "key": "k",
        "story_id": "urn:x:1",
        "story_version": 2,
        "attributed": True,
        "content": spans("No", "Never"),
        "cue": spans("said"),
        "source": spans("the minister"),
        "speaker": None,
        "quotation": "direct",
        "naming": "unnamed",
        "role": Choice("government", 0.9),
        "modality": None,
        "stance": Choice("neutral", 0.5),
        "score": 0.75,
        "by": "model:1",
    }
    return Claim(**values | fields)


def test_spans_in_the_order_of_the_text() -> None:
    assert [s.text for s in claim().spans] == ["No", "the minister", "said", "Never"]


def test_quoted() -> None:
    assert claim().quoted == "No … Never"


def test_round_trip_through_json() -> None:
    assert Claim.from_dict(json.loads(json.dumps(claim().to_dict()))) == claim()


def test_contract() -> None:
    row = json.loads(json.dumps(claim().to_contract()))
    # the keys and their order as the design's example has them
    assert list(row) == [
        *("story_id", "story_version", "claim_id", "attributed", "content", "cue", "source", "speaker"),
        *("quotation", "naming", "role", "modality", "stance", "score", "by"),
    ]
    assert row["claim_id"] == "k"
    assert row["source"] == [{"start": 6, "end": 18, "text": "the minister"}]
    assert row["role"] == {"label": "government", "score": 0.9}
    assert row["modality"] is None


def relation(source: Spans = (), cue: Spans = (), content: Spans = ()) -> tuple[Spans, Spans, Spans]:
    return source, cue, content


SAID = relation(spans("the minister"), spans("said"), spans("No"))


@pytest.mark.parametrize(
    ("guid", "other", "same"),
    [
        ("urn:x:1", relation(*SAID), True),
        # elsewhere in the text, as in a new version with another first paragraph
        ("urn:x:1", tuple(tuple(Span(s.start + 99, s.end + 99, s.text) for s in part) for part in SAID), True),
        # broken into lines otherwise
        ("urn:x:1", relation((Span(0, 13, "the\n minister"),), *SAID[1:]), True),
        ("urn:x:2", SAID, False),  # another story
        ("urn:x:1", relation(spans("A deputy"), *SAID[1:]), False),  # another source
        ("urn:x:1", relation((), *SAID[1:]), False),
        ("urn:x:1", relation(SAID[1], SAID[0], SAID[2]), False),  # the same words in other parts
        ("urn:x:1", relation(SAID[0], SAID[1], spans("No", "Never")), False),
    ],
)
def test_key_is_of_the_words(guid: str, other: tuple[Spans, Spans, Spans], same: bool) -> None:
    assert (claim_keys("urn:x:1", [SAID]) == claim_keys(guid, [other])) is same


def test_two_stretches_are_not_one() -> None:
    one, two = (Span(0, 3, "a b"),), (Span(0, 1, "a"), Span(2, 3, "b"))
    assert claim_keys("g", [((), (), one)]) != claim_keys("g", [((), (), two)])


def test_the_same_words_again_get_another_key() -> None:
    other = relation(spans("A deputy"), spans("agreed"))
    first, between, second = claim_keys("urn:x:1", [SAID, other, SAID])
    assert len({first, between, second}) == 3
    # and each is the same where the claim between them is gone
    assert claim_keys("urn:x:1", [SAID, SAID]) == [first, second]


words = st.lists(st.sampled_from(["he", "said", "no", "yes"]).map(lambda w: Span(0, len(w), w)), max_size=2).map(tuple)


@given(st.lists(st.tuples(words, words, words), max_size=12))
def test_keys_never_collide_within_a_story(relations: list[tuple[Spans, Spans, Spans]]) -> None:
    keys = claim_keys("urn:x:1", relations)
    assert len(set(keys)) == len(keys) == len(relations)
    assert all(len(key) == 24 and int(key, 16) >= 0 for key in keys)
