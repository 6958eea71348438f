"""Stretches of text: offsets count code points, and the words are always the slice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import BadData
from schemas.spans import Span, cut, shift

TEXT = "🗞 Lukashenka: “Так”, he said."


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (0, 1, "🗞"),  # one code point, though two in UTF-16 and four bytes in UTF-8
        (2, 12, "Lukashenka"),
        (15, 18, "Так"),
        (0, len(TEXT), TEXT),
    ],
)
def test_cut(start: int, end: int, words: str) -> None:
    assert cut(TEXT, start, end) == Span(start, end, words)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (3, 3),  # empty
        (5, 3),  # backwards
        (-1, 3),  # Python would count this from the end
        (0, len(TEXT) + 1),  # Python would cut this off
        (len(TEXT), len(TEXT) + 1),
    ],
)
def test_cut_refuses(start: int, end: int) -> None:
    with pytest.raises(BadData, match=f"from {start} to {end} does not lie in a text of {len(TEXT)} characters"):
        cut(TEXT, start, end)


def test_spans_sort_by_place() -> None:
    assert sorted([Span(5, 6, "a"), Span(0, 9, "b"), Span(0, 2, "c")]) == [Span(0, 2, "c"), Span(0, 9, "b"), Span(5, 6, "a")]


def test_to_dict_is_the_command_lines_contract() -> None:
    assert cut(TEXT, 15, 18).to_dict() == {"start": 15, "end": 18, "text": "Так"}


@given(st.text(), st.text(min_size=1), st.text(), st.data())
def test_shift_there_and_back(before: str, passage: str, after: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(passage) - 1))
    spans = (cut(passage, start, data.draw(st.integers(start + 1, len(passage)))),)
    moved = shift(spans, len(before), before + passage + after)
    assert [s.text for s in moved] == [s.text for s in spans]
    assert shift(moved, -len(before), passage) == spans


def test_shift_takes_any_iterable() -> None:
    assert shift((s for s in [Span(0, 2, "ab")]), 1, "xab") == (Span(1, 3, "ab"),)


def test_shift_refuses_other_words() -> None:
    with pytest.raises(BadData, match="'said' became 'sang'"):
        shift([Span(0, 4, "said")], 3, "he sang")


def test_shift_refuses_to_leave_the_text() -> None:
    with pytest.raises(BadData, match="from 4 to 8 does not lie"):
        shift([Span(0, 4, "said")], 4, "he said")
