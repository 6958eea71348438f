# ruff: noqa: E501  files as they come
"""Whole files as agencies send them, with all their clutter: no paragraph of the body may be lost, none of the clutter kept.

In the manner of the big agencies; every name and word is invented. Each case: the file, and what its story must hold beside `BODY`.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

import pytest

from schemas.readers import read_stories

BODY = (  # some paragraphs look like clutter and are none
    "LASTRA, March 3 (Meridian) - “Bread is dear,” Mayor Inès Koréc said on Tuesday 🍞.",
    "It costs 3½ per cent – £1.20 – more than in 2025, she told Meridian & others; AT&T's share fell <2 points>.",
    "Reporting by others was wrong, a spokesman said.",
    "More follows from this than bread, he added.",
    "“Copyright 2026 is nobody's,” Śląsk's governor, Zoë O'Brien-Łuk, told AFP.",
    "Page 2 of the report says so, too.",
    "The talks ended.",
)
PLAIN = (  # what fits Latin-1 and an old wire
    "Lastra (dpa) - Brot ist teuer, sagte Bürgermeisterin Inès Koréc am Dienstag.",
    'Es kostet 3 Prozent mehr als 2025. "Überall wächst der Ärger", so Müller-Groß.',
    "Das Ministerium widersprach: Das stimme nicht.",
)
WINDOWS = ("“Le pain est cher”, a dit Mme Koréc – mardi…", "Il coûte 3 € de plus qu'en 2025, à l'œil nu.")
OLD = (  # what fits ASCII
    "LASTRA (AP) -- Bread is dear, Mayor Ines Korec said on Tuesday, and it will be dearer when the summer comes, she said.",
    "It costs 3 1/2 percent more than in 2025, the ministry said.",
    "''Nobody asked us,'' a spokesman said.",
    "The talks go on.",
)


def paras(body: tuple[str, ...] = BODY, tag: str = "p", more: str = "") -> str:
    return "\n".join(f"<{tag}{more}>{escape(p)}</{tag}>" for p in body)


def g2(inside: str, head: str = "", about: str = "", guid: str = "tag:meridian.example,2026:newsml_L8N2") -> str:
    return f"""<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" xmlns:m="http://meridian.example/ns" guid="{guid}" version="17" standard="NewsML-G2"
 standardversion="2.18" conformance="power" xml:lang="en"><catalogRef href="http://nowhere.invalid/catalog.xml"/>
<rightsInfo><copyrightHolder literal="Meridian"/><copyrightNotice>(c) Meridian 2026</copyrightNotice></rightsInfo>
<itemMeta><itemClass qcode="icls:text" rtr:x="1" xmlns:rtr="urn:r"/><provider literal="meridian.example"/><versionCreated>2026-03-03T09:30:00.000Z</versionCreated>
<firstCreated>2026-03-03T09:00:00Z</firstCreated><pubStatus qcode="stat:usable"/><role qcode="itemRole:N"/>{head}</itemMeta>
<contentMeta><urgency>3</urgency><by>Ann Ode</by><subject qcode="M:AA"/><subject type="cpnat:abstract" qcode="N2:POL"><name xml:lang="en">Politics</name></subject>
<headline>UPDATE 2-Bread is dear, mayor says</headline><slugline separator="-">LASTRA-BREAD/ (UPDATE 2)</slugline>{about}</contentMeta>
<contentSet>{inside}</contentSet></newsItem>"""


def message(*items: str) -> str:
    sets = "".join(f"<itemSet>{item}</itemSet>" for item in items)
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<newsMessage xmlns='http://iptc.org/std/nar/2006-10-01/'><header><sent>2026-03-03T09:30:01Z</sent><catalogRef href='http://nowhere.invalid/c.xml'/></header>{sets}</newsMessage>"


XHTML = f"""<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Bread</title><meta name="x" content="y"/></head><body>{paras()}
<p>(Reporting by Ann Ode in Lastra, additional reporting by B. Ée; Editing by C. Dé)</p><p> </p><p>((ann.ode@meridian.example; +1 555 0100))</p></body></html>"""
NITF = """<nitf version="-//IPTC//DTD NITF 3.4//EN"><head><docdata><doc-id id-string="L8N2" regsrc="Meridian"/><date.issue norm="20260303T093000Z"/>
<urgency ed-urg="3"/><doc.copyright holder="Meridian" year="2026"/></docdata></head><body><body.head><hedline><hl1>Bread is dear</hl1><hl2>Second line</hl2></hedline>
<byline>By Ann Ode</byline><dateline><location>LASTRA</location></dateline></body.head><body.content>{}</body.content>
<body.end><tagline>Editing by C. Dé</tagline></body.end></body></nitf>"""
NAMESPACED = '<nitf xmlns="http://iptc.org/std/NITF/2006-10-18/"'
MEDIA = '<media media-type="image"><media-reference source="a.jpg"/><media-caption><p>A loaf in a shop.</p></media-caption></media>'
TABLE = "<table><tr><th>Year</th><th>Price</th></tr><tr><td>2025</td><td>1.16</td></tr></table>"


def marked(body: tuple[str, ...] = BODY) -> str:
    """Paragraphs with what agencies mark up within them."""
    text = paras(body)
    for name in ("Inès Koréc", "Meridian", "AFP"):
        text = text.replace(name, f'<a href="http://x.example/?a=1&amp;b=2"><em><span class="n">{name}</span></em></a>')
    return text


def newsml1(data: str, kind: str = "") -> str:
    return f"""<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE NewsML PUBLIC "urn:newsml:iptc.org:20021018:NewsMLv1.2:1" "http://nowhere.invalid/NewsML_1.2.dtd" [ ]>
<NewsML Version="1.2"><Catalog Href="http://nowhere.invalid/c.xml"/><NewsEnvelope><DateAndTime>20260303T093000Z</DateAndTime><Priority FormalName="4"/></NewsEnvelope>
<NewsItem xml:lang="fr"><Identification><NewsIdentifier><ProviderId>meridian.example</ProviderId><DateId>20260303</DateId><NewsItemId>TX-PAR-1</NewsItemId>
<RevisionId PreviousRevision="0" Update="N">1</RevisionId><PublicIdentifier>urn:newsml:meridian.example:20260303:TX-PAR-1:1</PublicIdentifier></NewsIdentifier><NameLabel>pain</NameLabel></Identification>
<NewsManagement><NewsItemType FormalName="News"/><FirstCreated>20260303T090000Z</FirstCreated><ThisRevisionCreated>20260303T093000Z</ThisRevisionCreated><Status FormalName="Usable"/><Urgency FormalName="4"/></NewsManagement>
<NewsComponent><NewsLines><HeadLine>Le pain est cher</HeadLine><DateLine>Lastra, 3 mars 2026 (Meridian) -</DateLine><SlugLine>pain-prix</SlugLine></NewsLines>
<NewsComponent Duid="T"><Role FormalName="Main"/><ContentItem><MediaType FormalName="Text"/>{kind}<DataContent>{data}</DataContent></ContentItem></NewsComponent>
<NewsComponent><Role FormalName="Caption"/><ContentItem><MediaType FormalName="Photo"/><DataContent/></ContentItem></NewsComponent></NewsComponent></NewsItem></NewsML>"""


def latin1(text: str) -> bytes:
    return text.encode("iso8859-1", "xmlcharrefreplace")


def ninjs(**fields: Any) -> str:
    row = {
        "uri": "urn:x:1",
        "type": "text",
        "version": "2",
        "pubstatus": "usable",
        "versioncreated": "2026-03-03T09:30:00Z",
        "headline": "Bread",
    }
    return json.dumps(row | fields, ensure_ascii=False)


def rss(item: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet href="http://nowhere.invalid/x.xsl" type="text/xsl"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>Meridian</title><link>http://m.example/</link><item><title>Bread &amp; prices</title><link>http://m.example/1</link><guid isPermaLink="false">m-1</guid>
<pubDate>Tue, 03 Mar 2026 09:30:00 +0000</pubDate><dc:creator>Ann Ode</dc:creator><media:content url="a.jpg"/><media:description>A loaf.</media:description>{item}</item></channel></rss>"""


def atom(content: str) -> str:
    return f"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><id>f</id><title>Meridian</title><updated>2026-03-03T09:30:00Z</updated><entry><id>urn:x:1</id>
<title type="html">Bread &amp;amp; prices</title><updated>2026-03-03T09:30:00Z</updated><author><name>Ann Ode</name></author><summary>Bread is dear.</summary>{content}</entry></feed>"""


def page(article: str, head: str = "") -> str:
    chrome = "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(20))
    return f"""<!doctype html><html lang=en><head><meta charset=utf-8><title>Bread is dear | Meridian</title>{head}<style>p{{}}</style><script>var a = "<p>x</p>";</script></head>
<body><div id=cookie>We use cookies. <button>Accept all</button></div><nav><ul>{chrome}</ul></nav><main>{article}</main><aside><h3>Most read</h3><ul>{chrome}</ul></aside>
<footer><p>Sign up for our newsletter</p><p>© 2026 Meridian. All rights reserved.</p></footer></body></html>"""


IPTC = (
    "\x16\x16\x01dpa0123 4 pl 120 dpa 0456\n\nBrot/Preise/Lastra/\n(Zusammenfassung)\nBrot ist teuer =\n\x02\n{}\n\n"
    "dpa ab xx cd\n\x03\n030930 Mrz 26\n\x04"
)
ANPA = "\x16\x16\x01a0123\nr i BC-Bread 03-03 0250\n^BC-Bread, 1st Ld-Writethru,0250<\n^Bread is dear, mayor says<\n^Eds: UPDATES with ministry.<\n^By ANN ODE=\n^Associated Writer=\n\x02{}\n\x03\nAP-NY-03-03-26 0930GMT<\x04"


def indented(body: tuple[str, ...], width: int = 60, lead: str = "   ", end: str = "\n") -> str:
    """Paragraphs as a telegraph line has them: cut into lines, the first indented."""
    import textwrap

    return end.join(line for p in body for line in textwrap.wrap(p, width, initial_indent=lead, break_on_hyphens=False))


EXPECTED = "\n\n".join(BODY)
LINKED = (
    '<script type="application/ld+json">' + json.dumps({"@type": "NewsArticle", "headline": "Bread", "articleBody": EXPECTED}) + "</script>"
)
CASES: list[tuple[str, str | bytes, tuple[str, ...], dict[str, Any]]] = [
    # name, the file, the paragraphs that must come of it, fields
    (
        "G2, XHTML",
        message(g2(f"<inlineXML contenttype='application/xhtml+xml'>{XHTML}</inlineXML>")),
        BODY,
        {"version": 17, "change": "update"},
    ),
    ("G2, NITF", g2(f"<inlineXML contenttype='application/nitf+xml'>{NITF.format(paras())}</inlineXML>"), BODY, {"byline": "Ann Ode"}),
    ("G2, NITF with a namespace", g2(f"<inlineXML>{NITF.format(paras()).replace('<nitf', NAMESPACED)}</inlineXML>"), BODY, {}),
    (
        "G2, NITF with media and blocks",
        g2(f"<inlineXML>{NITF.format(f'<block>{MEDIA}{marked(BODY[:3])}</block><block>{marked(BODY[3:])}</block>')}</inlineXML>"),
        BODY,
        {},
    ),
    (
        "G2, CRLF and a byte order mark",
        b"\xef\xbb\xbf" + message(g2(f"<inlineXML>{XHTML}</inlineXML>")).replace("\n", "\r\n").encode(),
        BODY,
        {},
    ),
    ("G2 in UTF-16", message(g2(f"<inlineXML>{XHTML}</inlineXML>")).replace("UTF-8", "UTF-16").encode("utf-16"), BODY, {}),
    ("G2 that says Latin-1 and is UTF-8", message(g2(f"<inlineXML>{XHTML}</inlineXML>")).replace("UTF-8", "iso-8859-1").encode(), BODY, {}),
    (
        "G2, a picture's item after it",
        message(g2(f"<inlineXML>{XHTML}</inlineXML>"), g2("<remoteContent href='a.jpg'/>", guid="p").replace("icls:text", "ninat:picture")),
        BODY,
        {},
    ),
    (
        "G2, marked-up words",
        g2(f"<inlineXML><html xmlns='http://www.w3.org/1999/xhtml'><body>{marked()}</body></html></inlineXML>"),
        BODY,
        {},
    ),
    (
        "G2, paragraphs by div",
        g2(f"<inlineXML><html xmlns='http://www.w3.org/1999/xhtml'><body><div>{paras(tag='div')}</div></body></html></inlineXML>"),
        BODY,
        {},
    ),
    (
        "G2, paragraphs by two breaks",
        g2(
            f"<inlineXML><html xmlns='http://www.w3.org/1999/xhtml'><body><p>{'<br/><br/>'.join(map(escape, BODY))}</p></body></html></inlineXML>"
        ),
        BODY,
        {},
    ),
    ("G2, plain, one break a paragraph", g2(f"<inlineData contenttype='text/plain'>{escape(EXPECTED)}</inlineData>"), BODY, {}),
    ("G2, twice escaped", g2(f"<inlineData contenttype='text/html'>{escape(paras())}</inlineData>"), BODY, {}),
    (
        "G2, lists and headings",
        g2(
            f"<inlineXML><html xmlns='http://www.w3.org/1999/xhtml'><body><h2>{escape(BODY[0])}</h2><ul>{paras(BODY[1:3], 'li')}</ul><blockquote>{paras(BODY[3:5])}</blockquote>{paras(BODY[5:])}</body></html></inlineXML>"
        ),
        BODY,
        {},
    ),
    ("G2, comments and instructions in words", g2(f"<inlineXML>{XHTML.replace('costs', 'co<!-- x -->s<?pi y?>ts')}</inlineXML>"), BODY, {}),
    (
        "NewsML 1.2, paragraphs",
        latin1(newsml1(paras())),
        BODY,
        {"language": "fr", "slug": "pain-prix", "guid": "urn:newsml:meridian.example:20260303:TX-PAR-1"},
    ),
    ("NewsML 1.2, marked up", latin1(newsml1(marked())), BODY, {}),
    ("NewsML 1.2, NITF", latin1(newsml1(NITF.format(paras()), '<Format FormalName="NITF3.1"/>')), BODY, {}),
    ("NewsML 1.2, Windows' signs under the name of Latin-1", newsml1(paras(WINDOWS)).encode("cp1252"), WINDOWS, {}),
    (
        "NewsML 1.2, Windows' signs as numbers",
        newsml1(paras(WINDOWS).replace("“", "&#147;").replace("”", "&#148;").replace("€", "&#128;")).encode("cp1252"),
        WINDOWS,
        {},
    ),
    ("NewsML 1.2, UTF-8 under the name of Latin-1", newsml1(paras()).encode(), BODY, {}),
    ("NewsML 1.2, Latin-1 that is Latin-1", newsml1(paras(PLAIN)).encode("iso8859-1"), PLAIN, {}),
    ("NewsML 1.2, initials at the end", latin1(newsml1(paras() + "<p>ab-cde/fg/hij</p>")), BODY, {"signoff": "ab-cde/fg/hij"}),
    (
        "ninjs 1, HTML",
        ninjs(body_html=f"<div>{paras()}<figure><img src='a.jpg'/><figcaption>A loaf.</figcaption></figure></div>"),
        BODY,
        {},
    ),
    ("ninjs 1, text", ninjs(body_text=EXPECTED), BODY, {}),
    ("ninjs 1, XHTML whole", ninjs(body_xhtml=XHTML), BODY, {}),
    (
        "ninjs 2, with pictures",
        ninjs(
            bodies=[{"role": "main", "contenttype": "text/html", "value": marked()}],
            associations=[{"uri": "p", "type": "picture", "body_text": "A loaf."}],
        ),
        BODY,
        {},
    ),
    (
        "ninjs 3, several bodies",
        ninjs(
            bodies=[
                {"role": "summary", "contentType": "text/plain", "value": BODY[0]},
                {"role": "main", "contentType": "application/xhtml+xml", "value": paras()},
            ]
        ),
        BODY,
        {},
    ),
    ("ninjs, a byte order mark", b"\xef\xbb\xbf" + ninjs(body_html=paras()).encode(), BODY, {}),
    ("ninjs, escaped to ASCII", json.dumps(json.loads(ninjs(body_html=paras()))), BODY, {}),
    ("ninjs in UTF-16", ninjs(body_html=paras()).encode("utf-16"), BODY, {}),
    ("NITF alone, a table", NITF.format(paras(BODY[:3]) + TABLE + paras(BODY[3:])), (*BODY[:3], "Year Price", "2025 1.16", *BODY[3:]), {}),
    (
        "NITF alone, a DOCTYPE",
        '<?xml version="1.0"?><!DOCTYPE nitf SYSTEM "http://nowhere.invalid/nitf.dtd">' + NITF.format(paras()),
        BODY,
        {"headline": "Bread is dear"},
    ),
    ("NITF alone, AP's blocks", NITF.format(f'<block id="Main">{paras()}</block>'), BODY, {}),
    (
        "RSS, content:encoded",
        rss(f"<description>Bread is dear.</description><content:encoded><![CDATA[{paras()}<img src='x'/>]]></content:encoded>"),
        BODY,
        {"partial": False},
    ),
    ("RSS, content:encoded escaped", rss(f"<content:encoded>{escape(paras())}</content:encoded>"), BODY, {"partial": False}),
    ("RSS, marked up", rss(f"<content:encoded><![CDATA[<div>{marked()}</div>]]></content:encoded>"), BODY, {"partial": False}),
    ("RSS, a summary", rss(f"<description>{escape(escape(BODY[0]))}</description>"), BODY[:1], {"partial": True}),
    (
        "Atom, xhtml",
        atom(f"<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>{paras()}</div></content>"),
        BODY,
        {"partial": False},
    ),
    (
        "Atom, a prefix",
        atom(f"<content type='xhtml'><h:div xmlns:h='http://www.w3.org/1999/xhtml'>{paras(tag='h:p')}</h:div></content>"),
        BODY,
        {},
    ),
    ("Atom, html", atom(f"<content type='html'>{escape(paras())}</content>"), BODY, {}),
    ("Atom, text", atom(f"<content type='text'>{escape(EXPECTED)}</content>"), BODY, {}),
    (
        "a page, article",
        page(f"<article><h1>Bread is dear</h1><p class=byline>By Ann Ode</p>{paras()}</article>"),
        BODY,
        {"language": "en"},
    ),
    ("a page, divs", page(f"<div class='story-body'><h1>Bread is dear</h1>{paras()}</div>"), BODY, {}),
    ("a page, its text in JSON-LD", page(f"<div class=c>{paras()}</div>", LINKED), BODY, {"headline": "Bread"}),
    ("IPTC 7901, Latin-1", IPTC.format("\n\n".join(PLAIN)).encode("iso8859-1"), PLAIN, {"format": "iptc7901", "urgency": 4}),
    (
        "IPTC 7901, lines cut and CRLF",
        IPTC.format(indented(PLAIN)).replace("\n", "\r\n").encode("iso8859-1"),
        PLAIN,
        {"headline": "Brot ist teuer"},
    ),
    (
        "IPTC 7901, code page 1252",
        IPTC.format("\n\n".join((*PLAIN, "„Nein“, hieß es – für 3 €."))).encode("cp1252"),
        (*PLAIN, "„Nein“, hieß es – für 3 €."),
        {},
    ),
    ("ANPA", ANPA.format(indented(OLD)), OLD, {"format": "anpa", "version": 2, "agency": "AP"}),
    ("ANPA, pages and MORE", ANPA.format(indented(OLD[:2]) + "\n\n   MORE\n\n   Page 2\n\n" + indented(OLD[2:])), OLD, {}),
    ("ANPA, tabs and CRLF", ANPA.format(indented(OLD, lead="\t")).replace("\n", "\r\n"), OLD, {}),
    ("ZCZC", "ZCZC\nLAS123\n\nBread is dear\n\n" + "\n\n".join(OLD) + "\n\nNNNN\n", ("Bread is dear", *OLD), {}),
    (
        "a page, body under headings and boxes",
        page(
            f"<article><h1>Bread is dear</h1><figure><img src=a><figcaption>A loaf in a shop.</figcaption></figure>{paras(BODY[:4])}<aside>Related: <a href=/x>Milk</a></aside>{paras(BODY[4:])}</article>"
        ),
        BODY,
        {},
    ),
    ("a page in Latin-1", page(f"<article>{paras(PLAIN)}</article>").replace("utf-8", "iso-8859-1").encode("iso8859-1"), PLAIN, {}),
    (
        "a page, XHTML with a DOCTYPE",
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">'
        + f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Bread</title></head><body>{paras().replace(" – ", "&nbsp;&ndash; ")}</body></html>',
        BODY,
        {},
    ),
    (
        "dpa's Latin-1 in IPTC 7901 with two messages",
        (IPTC.format("\n\n".join(PLAIN)) + "\n" + IPTC.format("Noch eine Meldung, sagte Übel.")).encode("iso8859-1"),
        PLAIN,
        {},
    ),
    ("ANPA, an empty line between", ANPA.format("\n\n".join(OLD)), OLD, {}),
    (
        "ANPA, no take-out of quotes at the margin",
        ANPA.format(indented(("''Bread,'' she said.", *OLD))),
        ("''Bread,'' she said.", *OLD),
        {},
    ),
    (
        "G2, a line of Reuters' keywords and a desk",
        g2(f"<inlineXML>{XHTML.replace('</body>', '<p>Keywords: LASTRA BREAD/</p></body>')}</inlineXML>"),
        BODY,
        {},
    ),
    ("plain text", EXPECTED, BODY, {}),
    ("plain text, CRLF, to the character", EXPECTED.replace("\n", "\r\n"), (EXPECTED.replace("\n", "\r\n"),), {}),
    ("JSON lines", json.dumps({"id": "1", "text": EXPECTED}), BODY, {}),
    (
        "XHTML with Dublin Core",
        f'<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><title>B</title><meta name="DC.identifier" content="1"/></head><body>{paras()}</body></html>',
        BODY,
        {},
    ),
]


@pytest.mark.parametrize(("content", "paragraphs", "fields"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_no_body_text_is_lost_and_no_clutter_kept(content: str | bytes, paragraphs: tuple[str, ...], fields: dict[str, Any]):
    data = content if isinstance(content, bytes) else content.encode()
    story = read_stories(data, "night.dat")[0]
    assert story.text.split("\n\n") == list(paragraphs)
    assert {name: getattr(story, name) for name in fields} == fields
    assert story == read_stories(data, "night.dat")[0]
