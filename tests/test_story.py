"""Stories: the text is frozen once, and everything derived from it stays true to it."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.story import Status, Story, freeze_text


def story(text: str, **fields: object) -> Story:
    return Story(**{"guid": "urn:x:1", "version": 1, "text": text, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("paragraphs", "frozen"),
    [
        (["One.", "Two."], "One.\n\nTwo."),
        (["  One\n  line,\tfolded. "], "One line, folded."),
        (["non\u00a0breaking"], "non breaking"),
        (["cafe\u0301"], "café"),  # NFC
        (["e\u200b\x00\u0301"], "e\u200b\u0301"),  # what cannot be seen but is no control character stays
        (["e\x00\u0301"], "é"),  # a control character does not keep a letter from its accent
        (["a\x07b\ud800c"], "abc"),  # control characters and lone surrogates
        (["a\x1fb"], "a b"),  # a separator is white space to Python
        (["One.", " ", "", "\x00", "Two."], "One.\n\nTwo."),  # empty paragraphs
        (["“Curly” — dashes… stay"], "“Curly” — dashes… stay"),
        ([], ""),
    ],
)
def test_freeze_text(paragraphs: list[str], frozen: str) -> None:
    assert freeze_text(paragraphs) == frozen


@given(st.lists(st.text()))
@example(["e\x00\u0301"])
@pytest.mark.slow
def test_freezing_twice_changes_nothing(paragraphs: list[str]) -> None:
    frozen = freeze_text(paragraphs)
    again = [p.text for p in story(frozen).paragraphs]
    assert freeze_text(again) == frozen == "\n\n".join(again)
    assert unicodedata.is_normalized("NFC", frozen)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in frozen.replace("\n\n", " "))


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("", []),
        ("One.", ["One."]),
        ("One.\n\nTwo.", ["One.", "Two."]),
        ("One\nline break.\n \t\n\n Two.\n\n", ["One\nline break.", "Two."]),  # a line break alone parts nothing
        ("\n\nOne.", ["One."]),
    ],
)
def test_paragraphs(text: str, paragraphs: list[str]) -> None:
    assert [p.text for p in story(text).paragraphs] == paragraphs


@given(st.text(alphabet="ab \t\n🗞"))
def test_paragraphs_are_slices_and_leave_out_only_white_space(text: str) -> None:
    at = 0
    for paragraph in story(text).paragraphs:
        assert text[paragraph.start : paragraph.end] == paragraph.text != ""
        assert text[at : paragraph.start].strip() == ""
        at = paragraph.end
    assert text[at:].strip() == ""


@pytest.mark.parametrize(
    ("text", "other", "same"),
    [
        # one story, filed by two agencies
        ("MINSK, May 14 (Reuters) - Police fired, he said.", "MINSK (AP) — Police fired, he said.", True),
        ("MINSK, May 14 -- Police fired,\n\nhe said!", "POLICE FIRED he said", True),  # case, punctuation and breaks
        # a dash in a sentence is no dateline's: that has a date or an agency
        ("Dow up - markets calm.", "Dow down - markets calm.", False),
        ("Police fired, he said.", "Police fired, she said.", False),
        # a hyphen within a word is no dateline's dash
        ("A two-day strike.", "A day strike.", False),
        # only the opening is a dateline: a dash further on parts nothing
        (f"{'word ' * 40}he said - or sang.", f"{'other ' * 40}he said - or sang.", False),
    ],
)
def test_body_digest(text: str, other: str, same: bool) -> None:
    assert (story(text).body_digest == story(other).body_digest) is same


def test_digest_is_of_the_text_alone() -> None:
    assert story("One.").digest == story("One.", guid="urn:x:2", version=9, headline="H").digest
    assert story("One.").digest != story("One. ").digest
    assert len(story("\ud800").digest) == len(story("\ud800").body_digest) == 64  # broken text has one too


@given(
    st.builds(
        Story,
        guid=st.text(),
        version=st.integers(1),
        text=st.text(),
        status=st.sampled_from(Status),
        urgency=st.none() | st.integers(1, 9),
        subjects=st.lists(st.text()).map(tuple),
        notices=st.lists(st.text()).map(tuple),
    )
)
def test_round_trip_through_json(original: Story) -> None:
    assert Story.from_dict(json.loads(json.dumps(original.to_dict()))) == original


def test_from_dict_leaves_out_what_it_does_not_know() -> None:
    read = Story.from_dict({"guid": "urn:x:1", "version": 1, "text": "One.", "of a later release": 1})
    assert read == story("One.")
    assert read.status is Status.USABLE
