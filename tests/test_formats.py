"""Wire files as agencies really send them, one table per format: what is written, and what must come of it. All texts are invented."""

from __future__ import annotations

import json

import pytest

from schemas.errors import Unreadable
from schemas.readers import read_stories, read_wire
from schemas.story import Status, Story

LEAD = "LASTRA, March 3 (Meridian) - “Bread is dear,” Mayor Inès Koréc said on Tuesday, 3 per cent up from 2025."
SECOND = "She would not say who pays; the ministry denied it – twice."
TEXT = f"{LEAD}\n\n{SECOND}"
PARAGRAPHS = f"<p>{LEAD}</p><p>{SECOND}</p>"


def read(content: str | bytes | dict | list, name: str = "x") -> list[Story]:
    content = json.dumps(content, ensure_ascii=False) if isinstance(content, dict | list) else content
    return read_stories(content.encode() if isinstance(content, str) else content, name)


def one(content: str | bytes | dict | list) -> Story:
    (story,) = read(content)
    return story


# NewsML-G2


def g2(content: str, meta: str = "", about: str = "", namespace: str = ' xmlns="http://iptc.org/std/nar/2006-10-01/"') -> str:
    return (
        f'<newsItem{namespace} guid="urn:x:1" version="3" xml:lang="en"><itemMeta><itemClass qcode="icls:text"/>{meta}</itemMeta>'
        f"<contentMeta>{about}</contentMeta><contentSet>{content}</contentSet></newsItem>"
    )


XHTML = f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>T</title></head><body>{PARAGRAPHS}</body></html>'
NITF_BODY = f"<nitf><body><body.head><hedline><hl1>T</hl1></hedline></body.head><body.content>{PARAGRAPHS}</body.content></body></nitf>"
G2 = [
    ("XHTML", g2(f"<inlineXML>{XHTML}</inlineXML>")),
    ("no namespace at all", g2(f"<inlineXML>{XHTML}</inlineXML>", namespace="")),
    ("a namespace of another version", g2(f"<inlineXML>{XHTML}</inlineXML>", namespace=' xmlns="http://iptc.org/std/nar/2099-01-01/"')),
    ("NITF without its namespace", g2(f"<inlineXML contenttype='application/nitf+xml'>{NITF_BODY}</inlineXML>")),
    ("plain text", g2(f"<inlineData contenttype='text/plain'>{TEXT}</inlineData>")),
    ("plain text that is markup in CDATA", g2(f"<inlineData contenttype='text/plain'><![CDATA[\n{PARAGRAPHS}]]></inlineData>")),
    ("HTML in CDATA", g2(f"<inlineData contenttype='text/html'><![CDATA[<html><body>{PARAGRAPHS}</body></html>]]></inlineData>")),
    ("escaped HTML in inlineXML", g2(f"<inlineXML>{PARAGRAPHS.replace('<', '&lt;')}</inlineXML>")),
    ("paragraphs right in inlineXML", g2(f"<inlineXML>{PARAGRAPHS}</inlineXML>")),
    ("bare text in a body, parted by empty lines", g2(f"<inlineXML><html><body>{TEXT}</body></html></inlineXML>")),
    (
        "a teaser before the text",
        g2(f"<inlineXML rendition='rnd:short'><p>{LEAD}</p></inlineXML><inlineData contenttype='text/plain'>{TEXT}</inlineData>"),
    ),
    ("plain and marked-up", g2(f"<inlineData contenttype='text/plain'>{LEAD} {SECOND}</inlineData><inlineXML>{XHTML}</inlineXML>")),
    ("an empty rendition first", g2(f"<inlineXML><html><body/></html></inlineXML><inlineXML>{XHTML}</inlineXML>")),
    ("a picture's address first", g2(f"<remoteContent href='a.jpg' contenttype='image/jpeg'/><inlineXML>{XHTML}</inlineXML>")),
    (
        "two content sets",
        g2("").replace("<contentSet></contentSet>", f"<contentSet/><contentSet><inlineXML>{XHTML}</inlineXML></contentSet>"),
    ),
    ("in a message", f"<newsMessage><header/><itemSet><packageItem/>{g2(f'<inlineXML>{XHTML}</inlineXML>')}</itemSet></newsMessage>"),
    ("in an envelope of somebody's own", f"<Envelope><Body>{g2(f'<inlineXML>{XHTML}</inlineXML>')}</Body></Envelope>"),
    ("an item class nobody knows", g2(f"<inlineXML>{XHTML}</inlineXML>").replace("icls:text", "x:breaking")),
]


@pytest.mark.parametrize(("form", "content"), G2, ids=[form for form, _ in G2])
def test_newsml_g2_bodies_wherever_they_stand(form: str, content: str):
    story = next(s for s in read(content) if s.guid)
    assert story.text == TEXT
    assert (story.guid, story.version, story.format) == ("urn:x:1", 3, "newsml-g2")
    assert story.dateline == "LASTRA, March 3 (Meridian)"


def test_newsml_g2_by_reference_takes_what_came_with_it_and_nothing_else():
    item = g2("<remoteContent href='text.html' contenttype='text/html'/>").encode()
    came = {"text.html": PARAGRAPHS.encode()}
    assert read_wire(item, "x", came.get).stories[0].text == TEXT
    with pytest.raises(Unreadable, match="has no text"):
        read_wire(item, "x", {}.get)


def test_newsml_g2_fields_of_habit():
    meta = (
        '<provider literal="reuters.com"/><versionCreated>\n 2026-03-03 12:35:40 </versionCreated><edNote role="x">Adds quote</edNote>'
        '<signal qcode="sig:update"/><link rel="irel:evolvedFrom" residref="urn:x:0"/>'
    )
    about = (
        "<headline dir='ltr'>UPDATE\n 2-Bread is dear</headline><dateline>LASTRA</dateline><slugline>ARD-BREAD/ (UPDATE 2)</slugline><by/>"
        '<creator literal="IK"/><located literal="Lastra"/>'
    )
    story = one(g2(f"<inlineXML>{XHTML}</inlineXML>", meta, about))
    assert (story.agency, story.published, story.note, story.byline) == ("reuters.com", "2026-03-03T12:35:40", "Adds quote", "IK")
    assert (story.headline, story.change, story.slug, story.dateline) == (
        "UPDATE 2-Bread is dear",
        "update",
        "ARD-BREAD/ (UPDATE 2)",
        "LASTRA",
    )
    assert (story.replaces, story.location, story.version) == ("urn:x:0", "Lastra", 3)


def test_newsml_g2_with_only_a_description_is_partial():
    story = one(g2("", about=f"<description role='drol:summary'>{SECOND}</description>"))
    assert (story.text, story.partial) == (SECOND, True)


# NewsML 1.x


def newsml(content: str, manage: str = '<Status FormalName="Usable"/>', lines: str = "", more: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="iso-8859-1"?><NewsML><NewsEnvelope><DateAndTime>20260303T130037Z</DateAndTime></NewsEnvelope>'
        "<NewsItem><Identification><NewsIdentifier><ProviderId>meridian.example</ProviderId><DateId>20260303</DateId>"
        '<NewsItemId>b1</NewsItemId><RevisionId PreviousRevision="1" Update="N">2</RevisionId>'
        "<PublicIdentifier>urn:newsml:meridian.example:20260303:b1:2</PublicIdentifier></NewsIdentifier><NameLabel>bread</NameLabel>"
        f"</Identification><NewsManagement><ThisRevisionCreated>20260303T125902Z</ThisRevisionCreated>{manage}</NewsManagement>"
        f"<NewsComponent><NewsLines><HeadLine>Bread is dear</HeadLine><ByLine>Ana Vel</ByLine><DateLine>Lastra, 3 March (Meridian)</DateLine>{lines}"  # noqa: E501
        '</NewsLines><AdministrativeMetadata><Provider><Party FormalName="MERIDIAN"/></Provider></AdministrativeMetadata><DescriptiveMetadata>'  # noqa: E501
        '<Language FormalName="en"/><SubjectCode><Subject FormalName="04000000"/></SubjectCode><Location><Property FormalName="City" '
        f'Value="Lastra"/></Location></DescriptiveMetadata>{content}</NewsComponent>{more}</NewsItem></NewsML>'
    )


def item1(data: str, media: str = "Text", extra: str = "") -> str:
    return f'<ContentItem><MediaType FormalName="{media}"/>{extra}<DataContent>{data}</DataContent></ContentItem>'


PICTURE1 = '<NewsComponent><Role FormalName="Caption"/>' + item1("<p>A loaf.</p>") + "</NewsComponent>"
NEWSML_1 = [
    ("paragraphs", newsml(f"<NewsComponent>{item1(PARAGRAPHS)}</NewsComponent>")),
    ("in the outer component", newsml(item1(PARAGRAPHS))),
    ("NITF", newsml(f"<NewsComponent>{item1(NITF_BODY)}</NewsComponent>")),
    ("XHTML", newsml(f"<NewsComponent>{item1(XHTML)}</NewsComponent>")),
    ("plain text", newsml(f"<NewsComponent>{item1(TEXT)}</NewsComponent>")),
    ("HTML in CDATA", newsml(f"<NewsComponent>{item1(f'<![CDATA[{PARAGRAPHS}]]>')}</NewsComponent>")),
    ("no media type", newsml(f"<ContentItem><DataContent>{PARAGRAPHS}</DataContent></ContentItem>")),
    ("beside a picture", newsml(PICTURE1 + f"<NewsComponent>{item1(PARAGRAPHS)}</NewsComponent>")),
    (
        "in two parts",
        newsml(f"<NewsComponent>{item1(f'<p>{LEAD}</p>')}</NewsComponent><NewsComponent>{item1(f'<p>{SECOND}</p>')}</NewsComponent>"),
    ),
    ("twice", newsml(f"<NewsComponent>{item1(PARAGRAPHS)}{item1(TEXT)}</NewsComponent><NewsComponent>{item1(PARAGRAPHS)}</NewsComponent>")),
]


@pytest.mark.parametrize(("form", "content"), NEWSML_1, ids=[form for form, _ in NEWSML_1])
def test_newsml_1_bodies_wherever_they_stand(form: str, content: str):
    story = one(content.encode("cp1252").replace(b"iso-8859-1", b"windows-1252"))
    assert story.text == TEXT
    assert (story.guid, story.version, story.format) == ("urn:newsml:meridian.example:20260303:b1", 2, "newsml-1")
    assert (story.headline, story.byline, story.dateline) == ("Bread is dear", "Ana Vel", "Lastra, 3 March (Meridian)")
    assert (story.agency, story.language, story.location, story.subjects) == ("MERIDIAN", "en", "Lastra", ("04000000",))
    assert (story.published, story.status) == ("2026-03-03T12:59:02+00:00", Status.USABLE)


def test_newsml_1_status_embargo_and_pictures():
    body = f"<NewsComponent>{item1(PARAGRAPHS)}</NewsComponent>"
    ends = '<StatusWillChange><FutureStatus FormalName="Usable"/><DateAndTime>20310101T000000Z</DateAndTime></StatusWillChange>'
    assert one(newsml(body, f'<Status FormalName="Embargoed"/>{ends}')).embargo == "2031-01-01T00:00:00+00:00"
    assert one(newsml(body, '<Status FormalName="Embargoed"/>')).status is Status.WITHHELD
    assert one(newsml("", '<Status FormalName="Canceled"/>')).status is Status.CANCELLED
    with pytest.raises(Unreadable, match="is a Photo, not a text"):
        read(newsml(f"<NewsComponent>{item1('', 'Photo')}</NewsComponent>"))


# NITF


def nitf(body: str = PARAGRAPHS, docdata: str = "", attributes: str = "") -> str:
    return (
        '<?xml version="1.0"?><!DOCTYPE nitf SYSTEM "nitf-3-3.dtd"><nitf version="-//IPTC//DTD NITF 3.3//EN"><head><title>t</title><tobject>'  # noqa: E501
        f'<tobject.subject tobject.subject.refnum="04000000" tobject.subject.type="Economy"/></tobject><docdata {attributes}>'
        f'<doc-id regsrc="AP" id-string="D8A"/><urgency ed-urg="4"/><date.issue norm="20260303T191044Z"/><ed-msg info="Adds quote"/>'
        f'<du-key key="ARD-Bread" version="2"/><key-list><keyword key="bread"/></key-list><doc.copyright holder="AP" year="2026"/>{docdata}'
        "</docdata></head><body><body.head><hedline><hl1>Bread is dear</hl1></hedline><byline>By ANA VEL<byttl>Meridian Writer</byttl></byline>"  # noqa: E501
        "<distributor>The Meridian Press</distributor><dateline><location>LASTRA</location></dateline><abstract><p>Short.</p></abstract>"
        f"</body.head>{body}<body.end><tagline>Bo Rees helped.</tagline></body.end></body></nitf>"
    )


NITF = [
    ("body.content", f"<body.content>{PARAGRAPHS}</body.content>"),
    ("in blocks", f"<body.content><block id='Main'><p>{LEAD}</p></block><block><p>{SECOND}</p></block></body.content>"),
    ("no body.content", PARAGRAPHS),
    ("names marked up", f"<body.content>{PARAGRAPHS.replace('Inès Koréc', '<person>Inès <i>Koréc</i></person>')}</body.content>"),
    (
        "a picture beside it",
        f"<body.content><p>{LEAD}</p><media><media-caption>A loaf.</media-caption></media><p>{SECOND}</p></body.content>",
    ),
    ("preformatted", f"<body.content><pre>{TEXT}</pre></body.content>"),
]


@pytest.mark.parametrize(("form", "body"), NITF, ids=[form for form, _ in NITF])
def test_nitf_alone(form: str, body: str):
    story = one(nitf(body))
    assert story.text == TEXT
    assert (story.guid, story.version, story.headline, story.byline) == ("D8A", 2, "Bread is dear", "By ANA VEL, Meridian Writer")
    assert (story.agency, story.dateline, story.location, story.urgency) == ("The Meridian Press", "LASTRA", "LASTRA", 4)
    assert (story.published, story.note, story.subjects) == ("2026-03-03T19:10:44+00:00", "Adds quote", ("Economy", "bread"))
    assert (story.signoff, story.slug, story.rights, story.format) == ("Bo Rees helped.", "ARD-Bread", "AP", "nitf")


def test_nitf_statuses():
    assert one(nitf(attributes='management-status="withheld"')).status is Status.WITHHELD
    held = one(nitf(docdata='<date.release norm="20310101T000000Z"/>', attributes='management-status="embargoed"'))
    assert (held.embargo, held.status) == ("2031-01-01T00:00:00+00:00", Status.USABLE)
    told, killed = read(nitf(attributes='management-doc-idref="D7" management-idref-status="canceled"'))
    assert (told.guid, told.status) == ("D8A", Status.USABLE)
    assert (killed.guid, killed.status) == ("D7", Status.CANCELLED)


# Telegraph formats

ANPA = """\x16\x16\x01a0523\x1f-----\r
r i \x1fBC-ML--Ardesia-Bread 03-03 0456\r
^BC-ML--Ardesia-Bread, 1st Ld-Writethru,416<
^Bread is dear, mayor says <
^Eds: Adds quote.<
^By ANA VEL=
^Meridian Writer=
\t   LASTRA, Ardesia (AP) _ ``Bread is dear,'' the mayor said on Tuesday,
3 per cent up from 2025.
\t   She would not say who pays.
\t   ___

\t   Bo Rees helped in Port.

\t   AP-WF-03-03-26 1509GMT<
\x03"""
IPTC_7901 = """\x01eca0124 3 i 93  dpa 1888\r
\r
Ardesia/bread/\r
EXTRA\r
Bread is dear, mayor says, and the ministry will not say\r
who pays =\r
\r
By Ana Vel, dpa =\r
\r
Lastra (dpa) - "Bread is dear," the mayor said on Tuesday, 3 per\r
cent up from 2025.\r
\r
She would not say who pays.\r
\r
dpa grj rmo\r
\r
032101 GMT Mar 26\r
\x03"""
ZCZC = """ZCZC1234/SXA
XCI12345_SXA_QBXB
R POL S0A QBXB
Il pane e' caro, dice la sindaca
(ANSA) - LASTRA, 3 MAR - "Il pane e' caro", ha detto la sindaca.
   Non ha detto chi paga. (ANSA).
03-MAR-26 15:30 NNNN
NNNN
"""


def test_anpa():
    story = one(ANPA)
    assert story.text == (
        "LASTRA, Ardesia (AP) _ ``Bread is dear,'' the mayor said on Tuesday, 3 per cent up from 2025.\n\nShe would not say who pays."
        "\n\n___\n\nBo Rees helped in Port."
    )
    assert (story.headline, story.byline, story.agency) == ("Bread is dear, mayor says", "By ANA VEL, Meridian Writer", "AP")
    assert (story.note, story.change, story.version, story.format) == ("Eds: Adds quote.", "writethru", 2, "anpa")
    assert (story.published, story.signoff) == ("2026-03-03T15:09:00+00:00", "AP-WF-03-03-26 1509GMT<")
    bare = one(ANPA.translate(dict.fromkeys(range(9))))  # marks lost on the way
    assert bare.text == story.text
    original = one(ANPA.replace(", 1st Ld-Writethru", ""))
    assert (original.guid, original.version) == (story.guid, 1)


def test_iptc_7901():
    story = one(IPTC_7901)
    assert (
        story.text == 'Lastra (dpa) - "Bread is dear," the mayor said on Tuesday, 3 per cent up from 2025.\n\nShe would not say who pays.'
    )
    assert (story.headline, story.byline) == ("Bread is dear, mayor says, and the ministry will not say who pays", "By Ana Vel, dpa")
    assert (story.agency, story.urgency, story.subjects, story.slug) == ("dpa", 3, ("i",), "Ardesia/bread/")
    assert (story.published, story.guid) == ("2026-03-03T21:01:00+00:00", "urn:onrecord:iptc7901:eca0124:2026-03-03")
    assert story.signoff == "dpa grj rmo 032101 GMT Mar 26"
    assert one(IPTC_7901.replace("\x01", "").replace("\x03", "")).text == story.text
    assert [s.text for s in read(IPTC_7901 + IPTC_7901)] == [story.text] * 2


def test_zczc():
    story = one(ZCZC)
    assert "Il pane e' caro, dice la sindaca" in story.text
    assert "Non ha detto chi paga." in story.text
    assert "NNNN" not in story.text
    assert [n for n in story.notices if n.startswith("header line")] == [
        "header line: ZCZC1234/SXA",
        "header line: XCI12345_SXA_QBXB",
        "header line: R POL S0A QBXB",
    ]
    assert one("ZCZC AAP\nA TEXT IN CAPITALS\nNNNN\n").text == "A TEXT IN CAPITALS"
    both = read(ZCZC + ZCZC.replace("pane", "vino"))
    assert ["vino" in s.text for s in both] == [False, True]


@pytest.mark.parametrize(
    "text", ["ABC123 is a plate.\n\nIt is.", "a1234\nb c d\n", "Zczc he said.", f"{TEXT}\n", "e0001 2 x 12 Words\nnot a header"]
)
def test_prose_is_not_taken_for_a_telegram(text: str):
    assert one(text).text == text


# JSON

JSON = [
    ("ninjs 1", {"uri": "urn:x:1", "version": "3", "body_html": PARAGRAPHS}),
    ("ninjs 2", {"uri": "urn:x:1", "version": "3", "bodies": [{"role": "main", "contenttype": "text/html", "value": PARAGRAPHS}]}),
    ("ninjs 3", {"uri": "urn:x:1", "version": "3", "bodies": [{"contentType": "application/xhtml+xml", "value": PARAGRAPHS}]}),
    (
        "of Superdesk",
        {"guid": "urn:x:1", "version": 3, "type": "text", "headline": "H", "body_html": PARAGRAPHS, "associations": {"a": {}}},
    ),
    ("called text, marked up", {"uri": "urn:x:1", "version": "3", "body_text": PARAGRAPHS}),
    ("a shortened markup", {"uri": "urn:x:1", "version": "3", "body_html": f"<p>{LEAD}</p>", "body_text": TEXT}),
    ("in a list under a key", {"_items": [{"uri": "urn:x:1", "version": "3", "body_html": PARAGRAPHS}]}),
    ("deep in an answer", {"data": {"item": {"uri": "urn:x:1", "version": 3, "type": "text", "bodyXhtml": PARAGRAPHS}}}),
    ("linked data", {"@type": "NewsArticle", "@id": "urn:x:1", "version": 3, "articleBody": TEXT}),
]


@pytest.mark.parametrize(("form", "value"), JSON, ids=[form for form, _ in JSON])
def test_json_items(form: str, value: dict):
    story = one(value)
    assert (story.guid, story.version, story.text, story.partial) == ("urn:x:1", 3, TEXT, False)


def test_a_broken_line_turns_away_itself_only():
    lines = '{"id": 1, "text": "a"}\n{"id": 2, "te\n{"id": 3, "text": "b"}\n'
    contents = read_wire(lines.encode(), "x")
    assert [s.guid for s in contents.stories] == ["1", "3"]
    assert [str(error)[:22] for error in contents.refused] == ["x: line 2: broken JSON"]


# XML of no standard, and feeds

OTHER = [
    (
        "escaped HTML",
        f"<RBNews><NewsID>9a</NewsID><headline>H</headline><content>{PARAGRAPHS.replace('<', '&lt;')}</content><town>Haag</town></RBNews>",
    ),
    ("elements", f"<story id='9a'><title>H</title><date>2026-03-03</date><body>{PARAGRAPHS}</body></story>"),
    (
        "an old corpus",
        f"<DOC id='9a' type='story'><HEADLINE>H</HEADLINE><DATELINE>L</DATELINE><TEXT>{PARAGRAPHS.replace('p>', 'P>')}</TEXT></DOC>",
    ),
    (
        "another",
        f"<newsitem itemid='9a'><title>H</title><headline>H</headline><text>{PARAGRAPHS}</text><metadata><x/></metadata></newsitem>",
    ),
]


@pytest.mark.parametrize(("form", "content"), OTHER, ids=[form for form, _ in OTHER])
def test_xml_of_no_standard_is_read_and_said_so(form: str, content: str):
    story = one(content)
    assert (story.text, story.guid, story.headline) == (TEXT, "9a", "H")
    assert "is no format that is known" in story.notices[0]


FEEDS = [
    ("whole in the description", f"<description>{PARAGRAPHS.replace('<', '&lt;')}</description>", True),
    ("Yandex", f"<description>D.</description><yandex:full-text xmlns:yandex='http://news.yandex.ru'>{TEXT}</yandex:full-text>", False),
    (
        "content",
        f"<description>D.</description><c:encoded xmlns:c='http://purl.org/rss/1.0/modules/content/'><![CDATA[{PARAGRAPHS}]]></c:encoded>",
        False,
    ),
]


@pytest.mark.parametrize(("form", "body", "partial"), FEEDS, ids=[form for form, *_ in FEEDS])
def test_feeds(form: str, body: str, partial: bool):
    story = one(
        f'<rss version="2.0"><channel><title>M</title><item><link>http://m.example/1</link><title>H</title>{body}</item></channel></rss>'
    )
    assert (story.text, story.guid, story.partial) == (TEXT, "http://m.example/1", partial)


def test_other_feeds():
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>M</title></channel>'
        f"<item rdf:about='urn:x:1'><title>H</title><description>{SECOND}</description></item></rdf:RDF>"
    )
    assert (one(rdf).text, one(rdf).guid) == (SECOND, "urn:x:1")
    entry = f'<entry xmlns="http://www.w3.org/2005/Atom"><id>urn:x:1</id><title>H</title><content type="html">{PARAGRAPHS.replace("<", "&lt;")}</content></entry>'  # noqa: E501
    assert (one(entry).text, one(entry).guid) == (TEXT, "urn:x:1")
    inside = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>a</id><content type="text/xml">{NITF_BODY}</content></entry></feed>'
    assert (one(inside).text, one(inside).format) == (TEXT, "nitf")


# HTML pages

CHROME = "<nav><a href='/'>Home</a> <a href='/world'>World</a></nav>"
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>Bread is dear | Meridian</title><meta charset="utf-8">
<meta property="og:title" content="Bread is dear"><meta property="og:site_name" content="Meridian"><meta name="author" content="Ana Vel">
<meta property="article:published_time" content="2026-03-03T09:30:00Z"><link rel="canonical" href="https://m.example/bread"></head>
<body>{CHROME}<article><h1>Bread is dear</h1><p>{LEAD}<p>{SECOND}<p>{LEAD.replace("Bread", "Milk")}</article>
<aside><a href="/b">More</a></aside>
<footer>© Meridian</footer></body></html>"""


def test_a_page_gives_its_article_without_what_stands_around_it():
    story = one(PAGE)
    assert story.text == f"{TEXT}\n\n{LEAD.replace('Bread', 'Milk')}"
    assert (story.headline, story.agency, story.byline, story.language) == ("Bread is dear", "Meridian", "Ana Vel", "en")
    assert (story.guid, story.published, story.format) == ("https://m.example/bread", "2026-03-03T09:30:00+00:00", "html")


@pytest.mark.parametrize(
    "page", [f"<html><body><h1>H</h1>{PARAGRAPHS}", PARAGRAPHS, f"<div>{PARAGRAPHS}</div>", f"<!-- x --><body>{PARAGRAPHS}<br></body>"]
)
def test_a_page_of_nothing_but_the_story_is_kept_whole(page: str):
    assert one(page).text == TEXT


def test_a_page_says_its_encoding():
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=windows-1252"><body>{PARAGRAPHS}<br>'
    assert one(page.encode("cp1252")).text == TEXT


# Encodings

ENCODED = [  # a text, an encoding that is no UTF-8, what the reader must find
    (TEXT, "cp1252", "cp1252"),
    ("Décès à Lastra : l'opératrice définitivement condamnée, a indiqué le cabinet.", "iso8859_1", "cp1252"),
    ("Президент заявил во вторник, что хлеб подорожал на три процента по сравнению с прошлым годом.", "cp1251", "cp1251"),
    ("Президент заявил во вторник, что хлеб подорожал на три процента по сравнению с прошлым годом.", "koi8_r", "koi8_r"),
    ("新华社北京3月3日电 外交部发言人星期二表示，面包价格比去年上涨百分之三。" * 3, "gb18030", "gb18030"),
]


@pytest.mark.parametrize(("text", "encoding", "found"), ENCODED)
def test_what_is_not_utf_8_is_detected_and_said(text: str, encoding: str, found: str):
    story = one(text.encode(encoding))
    assert story.text == text
    assert any(f"read as {found}, which was detected" in n for n in story.notices)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_is_believed(encoding: str):
    story = one(TEXT.encode(encoding))
    assert (story.text, story.notices) == (TEXT, ())


MENDED = [  # what is wrong with the XML, and what is said
    (g2(f"<inlineXML>{XHTML}</inlineXML>").replace("Bread", "R&D&nbsp;Bread"), "entities that it does not declare were read as HTML's"),
    (g2(f"<inlineXML>{XHTML}</inlineXML>").replace("Bread", "R & D Bread"), "bare ampersands were read as such"),
    (g2(f"<inlineXML>{XHTML}</inlineXML>").replace("Bread", "\x01Bread"), "control characters were left out"),
    ('<?xml version="1.0" encoding="utf-8"?>' + g2(f"<inlineXML>{XHTML}</inlineXML>"), "read as cp1252, which was detected"),
    ('<?xml version="1.0" encoding="utf-16"?>' + g2(f"<inlineXML>{XHTML}</inlineXML>"), ""),
]


@pytest.mark.parametrize(("content", "said"), MENDED)
def test_what_wires_commonly_break_is_mended_and_said(content: str, said: str):
    story = one(content.encode("cp1252" if "cp1252" in said else "utf-8"))
    assert story.text.replace("R&D\xa0", "").replace("R&D ", "").replace("R & D ", "") == TEXT
    assert said in " ".join(story.notices)


def test_declared_characters_are_read_and_nothing_else_that_is_declared():
    doctype = '<!DOCTYPE nitf [<!ENTITY mdash "&#8212;"><!ELEMENT p ANY>]>'
    assert one(doctype + nitf(f"<body.content>{PARAGRAPHS.replace('–', '&mdash;')}</body.content>").split('dtd">')[1]).text == TEXT.replace(
        "–", "—"
    )


def test_several_documents_in_one_file():
    document = '<?xml version="1.0" encoding="UTF-8"?>\n' + g2(f"<inlineXML>{XHTML}</inlineXML>")
    contents = read_wire(f"{document}\n{document.replace('urn:x:1', 'urn:x:2')}\n{document[:-20]}".encode(), "x")
    assert [s.guid for s in contents.stories] == ["urn:x:1", "urn:x:2"]
    assert "broken XML" in str(contents.refused[0])
