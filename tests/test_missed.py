"""Claims that were typed instead of marked: found in the passage, or said why not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.missed import read_missed

TEXT = (
    "The governor said schools\nwould open. “Pumps”, teachers said, “are needed”; the mayor’s office said so. "
    "It was reported that he resaid it."
)

CASES = [
    # as it stands
    ("the mayor's office | said | so", ["the mayor’s office"], ["said"], ["so"]),
    # the cue next to the content, the source next to the cue; case and line breaks do not count
    ("THE GOVERNOR | said | schools would open", ["The governor"], ["said"], ["schools\nwould open"]),
    ("teachers|said|are needed", ["teachers"], ["said"], ["are needed"]),
    # several stretches
    ("teachers | said | pumps … are needed", ["teachers"], ["said"], ["Pumps", "are needed"]),
    ("teachers | said | pumps ... are needed", ["teachers"], ["said"], ["Pumps", "are needed"]),
    # typed quotation marks for the printed ones
    ('teachers | said | "are needed"', ["teachers"], ["said"], ["“are needed”"]),
    # nobody named
    (" | was reported | he resaid it", [], ["was reported"], ["he resaid it"]),
]


@pytest.mark.parametrize(("line", "source", "cue", "content"), CASES)
def test_lines_that_can_be_read(line: str, source: list[str], cue: list[str], content: list[str]) -> None:
    ((found,), why) = read_missed([line], TEXT)
    assert [[span.text for span in part] for part in found] == [source, cue, content]
    assert why == {}


FAULTS = [
    ("teachers said are needed", "is not of the form source | cue | content"),
    ("teachers | | are needed", "only the source may be empty"),
    ("teachers | said | a | b", "is not of the form"),
    ("pupils | said | are needed", "'pupils' does not stand in the passage"),
    ("teachers | sai | are needed", "'sai' does not stand in the passage"),  # part of a word
    ("teachers | said | are needed … pumps", "does not stand"),  # not in this order
    ("teachers | said | …", "does not stand"),
    ("", "is not of the form"),
]


@pytest.mark.parametrize(("line", "why"), FAULTS)
def test_lines_that_cannot_be_read(line: str, why: str) -> None:
    found, faults = read_missed([line, "teachers | said | are needed"], TEXT)
    assert len(found) == 1  # the other line is read all the same
    assert why in faults[line]


@given(st.text(alphabet="aab .|…'\n", max_size=30), st.text(alphabet="ab .…'\n", max_size=40))
def test_whatever_is_typed(line: str, text: str) -> None:
    found, why = read_missed([line], text)
    assert len(found) + len(why) == 1
    assert all(text[span.start : span.end] == span.text for relation in found for part in relation for span in part)
