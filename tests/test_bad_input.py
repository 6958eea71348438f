"""What must not hurt: whatever a wire or an enemy sends is read right or turned away in one line, the same every time."""

from __future__ import annotations

import importlib.util
import json
import resource
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import Unreadable
from schemas.readers import read_stories, read_wire
from schemas.story import Status

_spec = importlib.util.spec_from_file_location("formats", Path(__file__).with_name("test_formats.py"))
assert _spec
assert _spec.loader
formats = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(formats)

SAMPLES = [
    *(content for _, content in formats.G2[:12]),
    *(content for _, content in formats.NEWSML_1),
    formats.nitf(),
    formats.ANPA,
    formats.IPTC_7901,
    formats.ZCZC,
    formats.PAGE,
    *(content for _, content in formats.OTHER),
    *(json.dumps(value) for _, value in formats.JSON),
]


def outcome(data: bytes) -> list[dict] | str:
    try:
        stories = read_stories(data, "any")
    except Unreadable as error:
        return str(error)
    for story in stories:
        assert story.guid
        assert story.status is not Status.USABLE or any(map(str.isalpha, story.text))
        assert all(story.text[p.start : p.end] == p.text for p in story.paragraphs)
        json.dumps(story.to_dict(), ensure_ascii=False).encode()
    return [s.to_dict() for s in stories]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(SAMPLES), st.integers(0, 100_000), st.binary(max_size=4), st.booleans())
def test_a_damaged_file_is_stories_or_one_line_and_the_same_twice(sample: str, at: int, instead: bytes, cut: bool):
    whole = sample.encode()
    at %= len(whole)
    data = whole[:at] + instead + (b"" if cut else whole[at + len(instead) :])
    found = outcome(data)
    assert found == outcome(data)
    assert not isinstance(found, str) or "\n" not in found


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_truncated_file_gives_no_half_story(sample: str):
    """XML and JSON that end too soon are turned away; a text that ends too soon cannot be told."""
    if not sample.lstrip().startswith(("<", "{")) or sample == formats.PAGE:
        return
    for part in (2, 3):
        found = outcome(sample.encode()[: len(sample.encode()) * (part - 1) // part])
        assert isinstance(found, str) or all("<" not in str(s["text"]) for s in found)


def test_far_dates_right_to_left_and_other_oddities():
    text = "\u202bقال المتحدث إن الخبز غالٍ.\u202c"
    item = {"uri": "u", "versioncreated": "9999-12-31T23:59:59-14:00", "embargoed": "9999-12-31T23:59:59-14:00", "body_text": text}
    (story,) = read_stories(json.dumps(item).encode(), "a")
    assert (story.text, story.published, story.status) == (text, "", Status.WITHHELD)
    both = read_stories(json.dumps([{"uri": "u", "body_text": "A."}, {"uri": "u", "body_text": "B."}]).encode(), "a")
    assert [s.text for s in both] == ["A.", "B."]


@pytest.mark.parametrize(
    "bomb",
    [
        b"<p>" * 100_000,
        b"<html><body>" + b"<div>" * 100_000 + b"deep",
        b"<NewsML>" * 100_000,
        b"<newsItem>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</newsItem>",
        b'{"a":' * 100_000,
        b"<a b='" + b"&amp;" * 1_000_000 + b"'/>",
        b"ZCZC\n" * 20_000,
        b"\x01" * 500_000,
        b"^" * 1_000_000,
        b"(" * 200_000 + b"Reporting by " + b"a" * 200_000,
        b"1st Ld" + b" " * 500_000,
        b"<?xml version='1.0'?>" * 20_000,
    ],
    ids=lambda bomb: bomb[:12].decode("latin-1"),
)
@pytest.mark.slow
def test_what_is_meant_to_choke_a_reader_does_not(bomb: bytes):
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    outcome(bomb)
    assert time.process_time() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kilobytes


def test_the_rest_of_a_message_is_read_where_an_item_is_broken():
    good = formats.g2(f"<inlineXML>{formats.XHTML}</inlineXML>")
    contents = read_wire(
        f"<newsMessage><itemSet>{good}<newsItem guid='e'/>{good.replace('urn:x:1', 'urn:x:2')}</itemSet></newsMessage>".encode(), "a"
    )
    assert [s.guid for s in contents.stories] == ["urn:x:1", "urn:x:2"]
    assert [str(e)[:24] for e in contents.refused] == ["a: line 1: has no text; "]
