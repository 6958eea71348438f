"""What the wire readers refuse, leave out, or read with a notice."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.errors import Unreadable
from schemas.readers import MAX_BYTES, read_stories
from schemas.story import Status, Story

EXAMPLES = {f.name: f.read_bytes() for f in sorted((Path(__file__).resolve().parents[1] / "examples" / "wire").glob("[0-9]*"))}
G2 = 'xmlns="http://iptc.org/std/nar/2006-10-01/"'


def read(content: str | bytes | dict | list) -> list[Story]:
    if isinstance(content, dict | list):
        content = json.dumps(content)
    return read_stories(content.encode() if isinstance(content, str) else content, "night.wire")


def refusal(content: str | bytes | dict | list) -> str:
    with pytest.raises(Unreadable) as caught:
        read(content)
    return str(caught.value)


def item(meta: str = "", text: str = "One.", guid: str = "1") -> str:
    content = f"<contentSet><inlineXML><p>{text}</p></inlineXML></contentSet>"
    return f'<newsItem {G2} guid="{guid}"><itemMeta>{meta}</itemMeta>{content}</newsItem>'


def message(*items: str) -> str:
    return f"<newsMessage {G2}><itemSet>{''.join(items)}</itemSet></newsMessage>"


PICTURE = item('<itemClass qcode="ninat:picture"/>')

REFUSED = [  # what comes, and what must be said of it
    ("", "night.wire: has no text; accepted: a text with letters"),
    ("1, 2 — 3\n", "has no letters in its text"),
    ("a\nb\0c", "its text holds a NUL in line 2"),
    (b"a\nb\nc\x92d\0", "night.wire: line 3: byte 0x92 is not UTF-8, and no other encoding fits; accepted: NewsML-G2, NewsML 1"),
    (b"\xff\xfea\0b", "line 1: byte 0x62 is not the UTF-16 that its byte order mark says"),
    (b"a" * (MAX_BYTES + 1), "has 20,000,001 bytes; accepted: up to 20,000,000 bytes a file; split it"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "is a JPEG picture"),
    (b"%PDF-1.7\n", "is a PDF"),
    ("<newsItem>\n<a>\n", "night.wire: line 3: broken XML: Premature end of data in tag a"),
    (EXAMPLES["16-gathering-ban-broken.xml"], "night.wire: line 46: broken XML: Premature end of data in tag p"),
    ("<rss>\0</rss>", "line 1: broken XML"),
    ("<svg/>", "is XML, but its root element is <svg>"),
    ("<html><head/></html>", "has no text"),
    ("<rss version='2.0'><channel/></rss>", "night.wire: is an empty list of items"),
    (message(), "is an empty list of items"),
    (PICTURE, "is a picture, not a text; accepted: text items"),
    (message("<packageItem/>", "<newsItem> ... </newsItem>"), "not a newsItem; accepted: text items (items refused after it: 1)"),
    (item(text=""), "has no text"),
    (item('<pubStatus qcode="stat:canceled"/>', "", guid=""), "is cancelled and names no guid"),
    ('<!DOCTYPE rss [<!ENTITY x "yes">]><rss version="2.0"/>', "its DOCTYPE declares things of its own"),
    ('<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><html><body>a &x;</body></html>', "its DOCTYPE declares things"),
    ('<!DOCTYPE html [<!ENTITY % x SYSTEM "http://localhost/"> %x;]><html><body>a</body></html>', "its DOCTYPE declares things"),
    ([], "is an empty list of items"),
    ('{"uri": "u",\n"body_text": ', "line 2: broken JSON: Expecting value"),
    ('{"id": 1, "te\n{"id": 2, "te', "line 1: broken JSON: Invalid control character"),
    ('{"id": 1, "text": "a\\ud800"}', "its text holds a lone surrogate in line 1"),
    ({"id": 1, "text": "a\nb\0"}, "its text holds a NUL in line 2"),
    ({"id": 1}, "is JSON, but neither ninjs nor an object with id and text"),
    ({"uri": "u", "type": "video", "body_text": "a"}, "is of type 'video', not a text"),
    ({"uri": "u", "body_text": " \n"}, "has no text"),
]


@pytest.mark.parametrize(("content", "said"), REFUSED)
def test_what_is_no_story_is_refused_in_one_line(content: str | bytes | dict, said: str):
    line = refusal(content)
    assert said in line
    assert line.startswith("night.wire: ")
    assert "accepted: " in line
    assert "\n" not in line


def test_an_entity_bomb_does_not_go_off():
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE html [<!ENTITY a0 "ha">{entities}]><html title="&a9;"><body>&a9;</body></html>'
    assert "broken XML: Maximum entity amplification factor exceeded" in refusal(bomb)


ODD = [  # what is odd in an item, what is made of it, and the notice
    ({"pubstatus": "canceled", "body_text": ""}, {"status": Status.CANCELLED, "text": ""}, ""),
    ({"pubstatus": "spiked"}, {"status": Status.WITHHELD}, "status 'spiked' is not known: held back as withheld"),
    ({"embargoed": ""}, {"status": Status.WITHHELD, "embargo": ""}, "embargo '' names no end: held back as withheld"),
    ({"embargoed": "Friday noon"}, {"status": Status.WITHHELD}, "embargo 'Friday noon' names no end"),
    ({"embargoed": None}, {"status": Status.USABLE, "embargo": ""}, ""),
    ({"version": "0"}, {"version": 1}, "version '0' is not a positive number: taken as 1"),
    ({"version": 12}, {"version": 12}, ""),
    ({"versioncreated": "soon"}, {"published": ""}, "date 'soon' is neither ISO 8601 nor RFC 822"),
    ({"urgency": 12}, {"urgency": None}, ""),
    ({"headline": "a\ud800\0b\n c"}, {"headline": "ab c"}, ""),
    ({"body_text": None, "body_html": "a\ud800\0b \ufeff\U0001f35e"}, {"text": "ab \ufeff\U0001f35e"}, ""),
    ({"body_text": "H", "headline": "H"}, {"text": "H"}, ""),
    (
        {"uri": None, "body_text": "a"},
        {"guid": "urn:onrecord:sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
        "no guid",
    ),
    ({"body_text": "a " * 150_000}, {"text": ("a " * 150_000).strip()}, ""),
]


@pytest.mark.parametrize(("oddity", "fields", "notice"), ODD)
def test_what_is_odd_is_settled_and_noted(oddity: dict, fields: dict, notice: str):
    story = read({"uri": "u", "body_text": "Text."} | oddity)[0]
    assert {name: getattr(story, name) for name in fields} == fields
    assert [notice in n for n in story.notices] == ([True] if notice else [])


def test_a_newsml_embargo_without_an_end_holds_a_story_back():
    assert read(item("<embargoed/>"))[0].status == Status.WITHHELD


def test_items_that_are_no_stories_are_left_out_and_named():
    first, second = read(message(PICTURE, item(), *[PICTURE] * 4, item(guid="2")))
    assert (first.guid, second.guid, second.notices) == ("1", "2", ())
    assert first.notices[0] == "left out beside it: night.wire: line 1: is a picture, not a text; accepted: text items"
    assert first.notices[-1] == "left out beside it: 2 more items"


def test_a_file_name_that_is_no_unicode_does_no_harm():
    assert read_stories(b"A", "caf\udce9.txt")[0].guid == "caf\\udce9"


def check_outcome(data: bytes) -> None:
    """Whatever comes is stories or one line, never another error."""
    with contextlib.suppress(Unreadable):
        for story in read_stories(data, "any"):
            assert story.guid
            assert story.status != Status.USABLE or any(map(str.isalpha, story.text))
            json.dumps(story.to_dict(), ensure_ascii=False).encode()


@settings(deadline=None)
@given(st.binary() | st.text().map(lambda t: t.encode("utf-8", "replace")))
@example(b"[" * 200_000)
@example(b'{"a":' * 200_000)
@example(b"<a>" * 200_000)
@example(b'{"uri": "u", "body_html": "' + b"<i>" * 9_000 + b'deep"}')
@example(b'{"uri": 1e999, "version": true, "bodies": [1, {"value": []}], "headlines": {"a": 1}, "urgency": [], "body_text": 5}')
@example(b'{"uri": "u", "version": ' + b"9" * 5_000 + b"}")
@pytest.mark.slow
def test_whatever_comes_is_stories_or_one_line(data: bytes):
    check_outcome(data)


@settings(deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.integers(0, 100_000), st.binary(max_size=4), st.booleans())
def test_a_damaged_file_is_stories_or_one_line(name: str, at: int, instead: bytes, cut: bool):
    whole = EXAMPLES[name]
    at %= len(whole)
    check_outcome(whole[:at] + instead + (b"" if cut else whole[at + len(instead) :]))
