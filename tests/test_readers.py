"""Wire files in, stories out: every format, and the texts that come of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.errors import Unreadable
from schemas.readers import read_stories
from schemas.readers.settle import iso_date
from schemas.story import Status, Story, freeze_text

ROOT = Path(__file__).resolve().parents[1]
WIRE = ROOT.parent / "shared" / "corpora" / "wire"
needs_corpora = pytest.mark.skipif(not WIRE.is_dir(), reason=f"no corpora at ../shared/corpora/wire beside {ROOT.name}")


def read(content: str | bytes | dict | list, name: str = "night.wire") -> list[Story]:
    if isinstance(content, dict | list):
        content = json.dumps(content)
    return read_stories(content.encode() if isinstance(content, str) else content, name)


def g2(body: str = "<p>One.</p>", item_meta: str = "", content_meta: str = "", attributes: str = 'guid="urn:x:1" version="3"') -> str:
    """A news item with an XHTML body."""
    inline = (
        f'<inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html></inlineXML>'
    )
    return (
        f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" xml:lang="en" {attributes}><itemMeta>{item_meta}</itemMeta>'
        f"<contentMeta>{content_meta}</contentMeta><contentSet>{inline if body else ''}</contentSet></newsItem>"
    )


def message(*items: str) -> str:
    return f'<newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><itemSet>{"".join(items)}</itemSet></newsMessage>'


def rss(items: str, doctype: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{doctype}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Meridian &amp;amp; Co</title><language>en</language>'
        f"<copyright>© Meridian</copyright>{items}</channel></rss>"
    )


RICH_G2 = g2(
    body="<h1>Bread up</h1><p>LASTRA (Meridian) — <b>Bread</b> rose.<!-- x --></p><figure>A loaf</figure><p>Two.</p>",
    item_meta='<itemClass qcode="ninat:text"/><provider qcode="prov:mer"><name>Meridian</name></provider>'
    "<versionCreated>2026-03-03T09:30:00Z</versionCreated><embargoed>2031-01-01T00:00:00+01:00</embargoed>"
    '<pubStatus qcode="stat:withheld"/><edNote>First\n note.</edNote><edNote>Second.</edNote>',
    content_meta='<urgency>3</urgency><located qcode="g:1"><name>Lastra</name></located><creator><name>Ana</name></creator>'
    "<by>By Ana Vel</by>"
    '<language tag="en-GB"/><subject qcode="m:1"><name xml:lang="de">Wirtschaft</name><name xml:lang="en">economy</name></subject>'
    '<subject qcode="medtop:2"/><headline>Bread up</headline>',
)
RICH_NINJS = {
    "uri": "urn:x:1",
    "version": "3",
    "type": "text",
    "versionCreated": "2026-03-03T09:30:00Z",
    "pubStatus": "withheld",
    "urgency": 3,
    "embargoed": "2031-01-01T00:00:00+01:00",
    "edNote": "First note. Second.",
    "language": "en-GB",
    "located": "Lastra",
    "by": "By Ana Vel",
    "infoSources": [{"name": "Meridian"}],
    "subjects": [{"name": "economy"}, {"code": "2"}],
    "headlines": [{"role": "short", "value": "Up"}, {"role": "main", "value": "Bread up"}],
    "bodies": [
        {"role": "main", "contentType": "text/plain", "value": "Flat."},
        {"role": "main", "contentType": "text/html", "value": "<h1>Bread up</h1><p>LASTRA (Meridian) — <b>Bread</b> rose.<p>Two."},
    ],
}


@pytest.mark.parametrize(("content", "form"), [(RICH_G2, "newsml-g2"), (RICH_NINJS, "ninjs")])
def test_every_field_is_read(content: str | dict, form: str):
    assert read(content, "a.xml") == [
        Story(
            guid="urn:x:1",
            version=3,
            text="LASTRA (Meridian) — Bread rose.\n\nTwo.",
            headline="Bread up",
            agency="Meridian",
            byline="By Ana Vel",
            dateline="LASTRA (Meridian)",
            location="Lastra",
            language="en-GB",
            published="2026-03-03T09:30:00+00:00",
            status=Status.WITHHELD,
            embargo="2031-01-01T00:00:00+01:00",
            note="First note. Second.",
            urgency=3,
            subjects=("economy", "2"),
            format=form,
            source="a.xml",
        )
    ]


def test_html_in_whatever_state_is_read():
    body = "<p>a <dc:x>b</dc:x><o:p></o:p> &nbsp;&bogus; 5 < 6 & more<div>c</i></div>d<p>e"
    assert read({"uri": "u", "body_html": body})[0].text == "a b &bogus; 5 < 6 & more\n\nc\n\nd\n\ne"


def test_rss_gives_each_item_with_its_full_text():
    full, short = read(
        rss(
            "<item><guid>g1</guid><title>A &amp;lt; B</title><dc:creator>Ana</dc:creator><category>economy</category>"
            "<pubDate>Tue, 03 Mar 2026 09:30:00 +0100</pubDate><description>Short.</description>"
            "<content:encoded><![CDATA[<p>He wrote: <q>Bread 🍞!</q></p><script>no()</script>Two.<br><br>Three.]]></content:encoded></item>"
            "<item><guid>g2</guid><title>U</title><description>Only &lt;b&gt;this&lt;/b&gt;.</description></item>"
        )
    )
    assert (full.guid, full.headline, full.agency, full.byline, full.subjects) == ("g1", "A < B", "Meridian & Co", "Ana", ("economy",))
    assert (full.published, full.language, full.rights, full.notices) == ("2026-03-03T09:30:00+01:00", "en", "© Meridian", ())
    assert full.text == "He wrote: “Bread 🍞!”\n\nTwo.\n\nThree."
    assert (short.text, short.notices, short.format) == ("Only this.", ("summary only",), "rss")


def test_atom_dates_a_story_by_its_last_update():
    entry = "<entry><id>e{}</id><title>H</title><published>2026-03-01T00:00:00Z</published>{}</entry>"
    content = (
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Hi.</p></div></content><updated>2026-03-02T00:00:00Z</updated>'
    )
    plain = "<content>1 &lt; 2, he said.\n\nTwo.</content>"
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>{entry.format(1, content)}{entry.format(2, plain)}</feed>'
    first, second = read(feed)
    assert (first.text, first.published, first.format) == ("Hi.", "2026-03-02T00:00:00+00:00", "atom")
    assert (second.text, second.published) == ("1 < 2, he said.\n\nTwo.", "2026-03-01T00:00:00+00:00")


BODIES = [  # what a body holds, and the text it gives
    ("<p>a</p>\n tail <p>b<br/>c</p>", "a\n\ntail\n\nb c"),
    ("<p>a<br/> <br/>b</p>", "a\n\nb"),
    ("<div><p>a</p><ul><li>b</li><li>c</li></ul></div>", "a\n\nb\n\nc"),
    ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
    ("<p>a&#160;b\r\n c&#8212;d</p><p> </p>", "a b c—d"),
    ("<pre>a\nb\n\nc</pre>", "a b\n\nc"),
    ("<p>He said <q>no</q> and <q>“yes”</q>.</p>", "He said “no” and “yes”."),
    ("<p>a<style>p {}</style>b<script>x()</script></p><!-- c -->", "ab"),
    ("<p>cafe\u0301 \U0001f35e x\u00b2</p>", "café \U0001f35e x²"),
]


@pytest.mark.parametrize(("body", "text"), BODIES)
def test_markup_becomes_the_paragraphs_a_reader_sees(body: str, text: str):
    assert read(g2(body))[0].text == text
    assert read({"uri": "u", "body_xhtml": body})[0].text == text


def test_other_newsml_bodies():
    nitf = (
        "<nitf xmlns='http://iptc.org/std/NITF/2006-10-18/'><body><body.head><hedline><hl1>Head</hl1></hedline><byline>By Bo</byline>"
        "<dateline><location>Lastra</location></dateline></body.head><body.content><p>One.</p><media><media-caption>No.</media-caption></media>"
        "<p>Two.</p></body.content><body.end><tagline>No.</tagline></body.end></body></nitf>"
    )
    story = read(g2("").replace("<contentSet>", f"<contentSet><inlineXML>{nitf}</inlineXML>"))[0]
    assert (story.text, story.headline, story.byline, story.location) == ("One.\n\nTwo.", "Head", "By Bo", "Lastra")
    plain = "<contentSet><inlineData encoding='b64'>QUJD</inlineData><inlineData contenttype='text/plain'>One\nline.\n\nTwo.</inlineData>"
    assert read(g2("").replace("<contentSet>", plain))[0].text == "One line.\n\nTwo."


def test_xhtml_with_dublin_core_loses_its_archive_mark():
    page = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><meta name="DC.identifier" content="A-1"/>'
        '<meta name="DC.date" content="1989-07-22"/><meta name="DC.coverage" content="LIMA"/><title>A-1</title></head>'
        "<body><p>A-1 (X Y)</p><p>LIMA, 22 JUL -- A.</p></body></html>"
    )
    doctype = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">'
    story = read(doctype + page.replace("-- A.", "-- A.&nbsp;B."))[0]
    assert (story.guid, story.published, story.location, story.headline) == ("A-1", "1989-07-22", "LIMA", "")
    assert (story.text, story.format) == ("LIMA, 22 JUL -- A. B.", "xhtml")


def test_json_lines_keep_their_texts_unchanged():
    rows = [{"id": "a", "text": " A\u2028b\r\n\r\nc ", "more": 1}, {"id": 7, "text": "<b>B</b>"}]
    stories = read("\ufeff" + "\r\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    assert [(s.guid, s.text, s.format) for s in stories] == [("a", " A\u2028b\r\n\r\nc ", "json-lines"), ("7", "<b>B</b>", "json-lines")]
    assert read(rows[1])[0].guid == "7"


@pytest.mark.parametrize("text", ["a\r\n\r\nb\r", "[REPORT] a", "{a} b", "<3 a", "< a", "a\u2028\x1d", "\n a ", '["a", he said', "a < b"])
def test_plain_text_is_kept_unchanged(text: str):
    story = read_stories(b"\xef\xbb\xbf" + text.encode(), "in/03-bread.v2.txt")[0]
    assert (story.text, story.guid, story.headline, story.format) == (text, "03-bread.v2", "", "text")
    assert (story.source, story.version) == ("in/03-bread.v2.txt", 1)


prose = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(deadline=None)
@given(prose, prose)
@example("", "\x02\x01a")
@example("a", "\x01b\x02c")
@example("\x01", ":")
def test_any_plain_text_comes_back(before: str, after: str):
    text = f"“{before}A{after}"  # opens with a quotation mark, so that no other format can begin here
    assert read(text)[0].text == text


@settings(deadline=None)
@given(st.lists(st.text()))
@example(["e\0\u0301"])
def test_a_frozen_text_stays_frozen(paragraphs: list[str]):
    frozen = freeze_text(paragraphs)
    assert freeze_text(frozen.split("\n\n")) == frozen


DATES = [  # as the wire writes it, as it is kept
    ("2026-03-03T09:30:00.150Z\n", "2026-03-03T09:30:00.150000+00:00"),
    ("2026-03-03T09:30:00", "2026-03-03T09:30:00"),
    ("20260303T093000+0100", "2026-03-03T09:30:00+01:00"),
    ("2026-03-03", "2026-03-03"),
    ("Tue, 03 Mar 2026 09:30:00 GMT", "2026-03-03T09:30:00+00:00"),
    ("2026-13-40", ""),
    ("2026-03", ""),
    ("", ""),
]


@pytest.mark.parametrize(("written", "kept"), DATES)
def test_dates(written: str, kept: str):
    assert iso_date(written) == kept


@pytest.mark.corpora
@needs_corpora
@pytest.mark.slow
def test_the_archive_of_1300_reads_whole():
    stories = [read_stories(f.read_bytes(), f.name)[0] for f in sorted((WIRE / "muc3").glob("*.xhtml"))]
    assert len(stories) == len({s.guid for s in stories}) == 1300
    assert all("-- [" in s.text[:200] and s.location and s.guid not in s.text for s in stories)
    assert sum(s.published != "" for s in stories) == 1240
    assert not any(s.notices for s in stories)


IPTC = {  # of IPTC's own examples: those that hold a story, with its language, version and number of paragraphs; and why others do not
    "LISTING_2_NewsML-G2_Text_Document.xml": ("en-US", 11, 2),
    "1.4-ninjsExMediumText1.json": ("en", 1, 4),
    "1.4-ninjsExSimpleText1.json": ("", 1, 4),
    "2.1-businesswire-newsml-20130731006140.json": ("en", 1, 1),
    "2.1-dpa_text.json": ("de", 2, 9),
    "2.1-ninjsExSimpleText_2.json": ("", 1, 4),
    "3.0-dpa_text.json": ("de", 2, 9),
    "2.1-ntb_text.json": ("nb-NO", 6, 1),  # a description only
    "LISTING_25_An_NITF_marked-up_article_conveyed_in_inlineXML.xml": ("", 1, 1),  # a content set without its item
    "LISTING_1_A_NewsML-G2_News_Item.xml": "has no text",
    "LISTING_24_News_Message_conveying_a_complete_News_Package.xml": "is a packageItem",
    "LISTING_29_Hop_History.xml": "has no text",
    "LISTING_3_Photo_in_NewsML-G2.xml": "is a picture",
    "LISTING_6_Simple_NewsML-G2_Package.xml": "is a packageItem",
    "ap_metadata_example.xml": "is a video",
}


@pytest.mark.corpora
@needs_corpora
@pytest.mark.parametrize("name", IPTC)
def test_iptc_examples(name: str):
    (file,) = (WIRE / "iptc").glob(f"*/{name}")
    expected = IPTC[name]
    if isinstance(expected, str):
        with pytest.raises(Unreadable, match=expected):
            read_stories(file.read_bytes(), name)
    else:
        (story,) = read_stories(file.read_bytes(), name)
        assert (story.language, story.version, len(story.paragraphs)) == expected


def test_the_examples_of_this_repository():
    found = {}
    for file in sorted((ROOT / "examples" / "wire").glob("[0-9]*")):
        if "broken" not in file.name:
            found[file.name] = read_stories(file.read_bytes(), file.name)
    stories = [story for each in found.values() for story in each]
    assert {s.format for s in stories} == {"newsml-g2", "ninjs", "rss", "text"}
    assert {s.status for s in stories if s.version == 2} == {Status.USABLE, Status.CANCELLED}
    assert [s.embargo[:4] for s in stories if s.embargo] == ["2031"]
    assert not any(s.notices for s in stories)
    # Every story opens with its dateline: no headline, byline or caption has slipped into a text.
    assert all(") - " in s.text[:80] or ") — " in s.text[:80] for s in stories if s.status != Status.CANCELLED)
