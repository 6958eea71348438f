# ruff: noqa: E501  files as they come
"""What agencies, lines and servers put around a body, split it into or escape it with: no word of it may be lost, nothing kept twice."""

from __future__ import annotations

import base64
import json

import pytest

from schemas.readers import read_wire

P = (
    "LASTRA (Meridian) - Bread is dear, the mayor of Lastra said on Tuesday, and dearer than last year.",
    "She would not say who pays for the bread that everybody eats.",
    "“No,” she said.",
    "The ministry denied it twice, in writing and before the press, on Monday.",
)
MARKED = "".join(f"<p>{p}</p>" for p in P)
LINES = "\n\n".join(P)
ESCAPED = MARKED.replace("<", "&lt;")
LINKS = "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(20))
TEASERS = "".join(
    f"<div><h3><a href='/{n}'>Other story {n}</a></h3><p>Another story's first sentence, number {n}, is here.</p></div>" for n in range(8)
)
TABLE = "<table><tr><th>Year</th></tr><tr><td>2025</td></tr></table>"


def g2(content: str, guid: str = "g") -> str:
    return (
        f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="{guid}" version="1" xml:lang="en"><itemMeta/><contentMeta/>'
        f"<contentSet>{content}</contentSet></newsItem>"
    )


def html(content: str) -> str:
    return f'<inlineXML><html xmlns="http://www.w3.org/1999/xhtml"><body>{content}</body></html></inlineXML>'


def newsml_1(components: str) -> str:
    return f"<NewsML><NewsItem><NewsComponent EquivalentsList='yes'>{components}</NewsComponent></NewsItem></NewsML>"


def part(content: str, language: str) -> str:
    return f"<NewsComponent xml:lang='{language}'><ContentItem><DataContent>{content}</DataContent></ContentItem></NewsComponent>"


def rss(item: str) -> str:
    return f"<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/' xmlns:x='urn:x'><channel><item><guid>1</guid><title>B</title>{item}</item></channel></rss>"


def page(content: str) -> str:
    return f"<!DOCTYPE html><html><head><meta charset=utf-8><title>Bread</title></head><body><nav><ul>{LINKS}</ul></nav>{content}</body></html>"


def iptc(text: str) -> str:
    return f"\x01dpa0123 4 pl 120 dpa 0456\n\nBread/Lastra/\nBread is dear =\n\x02{text}\n\x03\x04"


ITEM = g2(html(MARKED))
FRENCH = f"<p>{'Le pain est cher. ' * 60}</p>"
NOTEPAD = "<h2>Notizblock</h2><p>Redaktionelle Hinweise</p><p>Die folgenden Informationen sind nicht zur Veröffentlichung bestimmt</p><p>Ann Ode, +49 30 1234</p>"
ONCE: list[tuple[str, str | bytes]] = [
    ("Ctrl-Z at the end", ITEM + "\x1a"),
    ("NULs at the end", ITEM.encode() + b"\0" * 40),
    ("telegraph marks around", f"\x01\x02{ITEM}\n\x03\x04\n"),
    ("a web server's headers", f"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n\r\n<?xml version='1.0'?>{ITEM}"),
    ("a mail's header", f"Content-Type: text/xml\r\n\r\n{ITEM}"),
    ("UTF-16 without its mark", ITEM.encode("utf-16-le")),
    ("UTF-16, the other end first", ITEM.encode("utf-16-be")),
    ("ninjs in UTF-16 without its mark", json.dumps({"uri": "a", "body_html": MARKED}, ensure_ascii=False).encode("utf-16-le")),
    ("JSON with line ends in a string", f'{{"uri": "a", "body_text": "{LINES}"}}'),
    (
        "ninjs, a lead beside the main body",
        json.dumps(
            {
                "uri": "a",
                "bodies": [
                    {"role": "lead", "value": P[0]},
                    {"role": "main", "contentType": "text/html", "value": "".join(f"<p>{p}</p>" for p in P[1:])},
                ],
            }
        ),
    ),
    (
        "ninjs, a lead that is in the main body, too",
        json.dumps({"uri": "a", "bodies": [{"role": "lead", "value": P[0]}, {"role": "main", "value": MARKED}]}),
    ),
    ("ninjs, a body of paragraphs", json.dumps({"uri": "a", "body": list(P)})),
    ("ninjs, a body in an object", json.dumps({"uri": "a", "body": {"html": MARKED}})),
    ("ninjs, bodies by role", json.dumps({"uri": "a", "bodies": {"main": {"contentType": "text/html", "value": MARKED}}})),
    ("ninjs, escaped XHTML", json.dumps({"uri": "a", "body_xhtml": ESCAPED.replace(">", "&gt;")})),
    ("G2, escaped twice", g2(f"<inlineXML>{ESCAPED.replace('&', '&amp;')}</inlineXML>")),
    ("G2, CDATA in paragraphs", g2(html("".join(f"<p><![CDATA[{p}]]></p>" for p in P)))),
    ("G2, a page in CDATA", g2(f"<inlineXML><![CDATA[<html><body>{MARKED}</body></html>]]></inlineXML>")),
    (
        "G2, words in base64",
        g2(f'<inlineData contenttype="text/plain" encoding="base64">{base64.b64encode(LINES.encode()).decode()}</inlineData>'),
    ),
    ("G2, words that name their encoding", g2(f'<inlineData contenttype="text/plain" encoding="utf-8">{LINES}</inlineData>')),
    (
        "G2, an agency's own elements",
        g2(f"<inlineXML><story xmlns='urn:own'><absatz>{'</absatz><absatz>'.join(P)}</absatz></story></inlineXML>"),
    ),
    ("G2, words right in the body", g2(html(f"{P[0]}<p>{P[1]}</p>{P[2]}<br/><br/>{P[3]}"))),
    (
        "G2, header and footer",
        g2(html(f"<article><header><p>{P[0]}</p></header><p>{P[1]}</p><p>{P[2]}</p><footer><p>{P[3]}</p></footer></article>")),
    ),
    ("G2, an aside", g2(html(f"<p>{P[0]}</p><aside><p>{P[1]}</p></aside><p>{P[2]}</p><p>{P[3]}</p>"))),
    ("G2, dpa's notes at the end", g2(html(MARKED + NOTEPAD))),
    ("G2, single breaks", g2(html("<br/>".join(P)))),
    ("NewsML 1, a text in two languages", newsml_1(part(MARKED, "en") + part(FRENCH, "fr"))),
    (
        "NITF, a note within",
        f"<nitf><body><body.content><p>{P[0]}</p><fn><body.content><p>{P[1]}</p></body.content></fn><p>{P[2]}</p><p>{P[3]}</p></body.content></body></nitf>",
    ),
    (
        "NITF, subheads, tables, quotations",
        f"<nitf><body><body.content><p>{P[0]}</p><hl2>{P[1]}</hl2><table><caption>{P[2]}</caption><tr><td>{P[3]}</td></tr></table></body.content></body></nitf>",
    ),
    ("HTML that begins with its title", f"<TITLE>Bread</TITLE>\n{MARKED}"),
    ("HTML that begins with a picture", f"<img src=a>{MARKED}"),
    ("HTML that begins preformatted", f"<pre>\n{LINES}</pre>"),
    ("RSS, a transcript", rss(f"<media:text type='html'>{ESCAPED}</media:text>")),
    ("RSS, an element of its own", rss(f"<description>s</description><story lang='en'>{ESCAPED}</story>")),
    ("RSS, another", rss(f"<description>s</description><x:articleBody>{ESCAPED}</x:articleBody>")),
    (
        "Atom, by reference, all in the summary",
        f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><content src='http://x/a' type='text/html'/><summary type='html'>{ESCAPED}</summary></entry></feed>",
    ),
    (
        "Atom 0.3",
        f"<feed version='0.3' xmlns='http://purl.org/atom/ns#'><entry><id>1</id><content type='text/html' mode='escaped'>{ESCAPED}</content></entry></feed>",
    ),
    ("IPTC 7901, text behind the end of text", iptc(f"{P[0]}\n\x03\n" + "\n\n".join(P[1:]))),
    ("a page, all in a form", f"<html><body><form><div><ul>{LINKS}</ul></div><div>{MARKED}</div><div>© 2026</div></form></body></html>"),
    (
        "a page, columns of a table",
        f"<html><body><table><tr><td>{LINKS}</td><td><font>{'<br><br>'.join(P)}</font></td></tr></table></body></html>",
    ),
    ("a page, single breaks", page(f"<div>{'<br>'.join(P)}</div>")),
    (
        "a page, its lead apart",
        page(f"<div><h1>Bread</h1><p class=lead>{P[0]}</p><div>{''.join(f'<p>{p}</p>' for p in P[1:])}</div></div>"),
    ),
    ("a page, other stories beside it", page(f"<article>{MARKED}</article><div class=more>{TEASERS}</div>")),
    (
        "a page, credits in its footer",
        page(f"<article><header><h1>Bread</h1></header>{MARKED}<footer><p>Reporting by Ann Ode; Editing by Bo Rees</p></footer></article>"),
    ),
    ("a page, very deep", page("<div>" * 1_500 + MARKED)),
]


@pytest.mark.parametrize("content", [c for _, c in ONCE], ids=[name for name, _ in ONCE])
def test_the_body_comes_out_once(content: str | bytes):
    (story,) = read_wire(content if isinstance(content, bytes) else content.encode(), "a").stories
    assert story.text.split("\n\n") == list(P)


SEVERAL = [
    ("roots one after another", ITEM + ITEM.replace('"g"', '"h"')),
    ("objects one after another", json.dumps({"uri": "g", "body_html": MARKED}) + json.dumps({"uri": "h", "body_html": MARKED})),
    ("objects over many lines", "\n".join(json.dumps({"uri": uri, "body_html": MARKED}, indent=2) for uri in "gh")),
]


@pytest.mark.parametrize("content", [c for _, c in SEVERAL], ids=[name for name, _ in SEVERAL])
def test_several_in_a_file(content: str):
    stories = read_wire(content.encode(), "a").stories
    assert [s.guid for s in stories] == ["g", "h"]
    assert all(s.text == LINES for s in stories)


def test_an_address_in_a_telegram_is_no_title():
    (story,) = read_wire(iptc(f"{P[0]}\n\nhttp://x.example/?a=\n\n{P[1]}").replace("Bread is dear =\n", "").encode(), "a").stories
    assert story.text.split("\n\n")[-3:] == [P[0], "http://x.example/?a=", P[1]]


def test_dpas_notes_do_not_hold_a_story_back():
    (story,) = read_wire(g2(html(MARKED + NOTEPAD)).encode(), "a").stories
    assert (story.status, story.signoff[:10]) == ("usable", "Notizblock")
