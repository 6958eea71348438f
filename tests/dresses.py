# ruff: noqa: E501  files as they come
"""One body in the dress of every format, seeded: paragraphs marked up, cluttered, wrapped and encoded as agencies do it. Names are invented."""

from __future__ import annotations

import json
import random
import textwrap
from collections.abc import Callable
from html import escape as html_escape
from xml.sax.saxutils import escape

WORDS = [
    "bread",
    "mayor",
    "Koréc",
    "said",
    "price",
    "Lastra",
    "on",
    "Tuesday",
    "ministry",
    "denied",
    "the",
    "a",
    "of",
    "and",
    "that",
    "it",
    "would",
    "cost",
    "Śląsk",
    "O'Brien-Łuk",
    "naïve",
    "3½",
    "1,200.50",
    "£1.20",
    "10%",
    "U.S.",
    "AT&T",
    "<2",
    "co-operation",
    "“dear,”",
    "‘bread’",
    "—",
    "–",
    "…",
    "€5",
    "№3",
    "2025-26",
    "p.m.",
    "🍞",
    "👩\u200d👩\u200d👧",
    "Ümit",
    "İstanbul",
    "Đà",
    "ß",
    "æ",
    "ñ",
    "don't",
    "it’s",
    "(sic)",
    "[he]",
    "a/b",
    "#4",
    "@x",
    "_y",
    "*z",
]
PLAIN_WORDS = [
    "bread",
    "mayor",
    "Korec",
    "said",
    "price",
    "Lastra",
    "on",
    "Tuesday",
    "ministry",
    "denied",
    "the",
    "a",
    "of",
    "that",
    "it",
    "would",
    "cost",
    "U.S.",
    "1,200.50",
    "co-operation",
    "(sic)",
]
TRAPS = (  # paragraphs that look like clutter and are none
    "More follows from this than bread, he added.",
    "Page 2 of the report says so, too.",
    "Copyright 2026 is nobody's, Koréc told AFP.",
    "Reporting by others was wrong, a spokesman said.",
    "By then, bread was dear.",
    "Adds to it that bread is dear, she said.",
    "Kill the story, he told them.",
    "Keywords: they matter.",
    "1. Bread.",
    "- Bread.",
    "Ends of bread are sold apart.",
    "Yes.",
    "“No,” she said. “No.”",
)
Rng = random.Random


def body(rng: Rng, words: list[str] | tuple[str, ...] = tuple(WORDS), traps: bool = True) -> list[str]:
    """Three to nine paragraphs; the last one ends as a sentence does."""
    made = [f"LASTRA, March 3 (Meridian) - Bread {rng.randrange(1000)} is dear, {' '.join(rng.choices(words, k=12))}."]
    for number in range(rng.randint(2, 8)):
        if traps and rng.random() < 0.25:
            made.append(rng.choice(TRAPS))
        else:
            made.append(f"P{number} {' '.join(rng.choices(words, k=rng.randint(3, 30)))}, she said.")
    return made


# Words within a paragraph


def inline(text: str, rng: Rng, tags: tuple[str, ...], prefix: str = "") -> str:
    """Some words of a paragraph in elements, cut by comments and instructions, written as numbers, and broken over lines."""
    out = []
    for word in text.split(" "):
        kind, safe = rng.random(), escape(word)
        if kind < 0.06:
            tag = rng.choice(tags)
            name, _, attributes = tag.partition(" ")
            safe = f"<{prefix}{name}{' ' * bool(attributes)}{attributes}>{safe}</{prefix}{name}>"
        elif kind < 0.08:
            safe = "".join(f"&#{ord(c)};" if rng.random() < 0.5 else f"&#x{ord(c):x};" for c in word)
        elif kind < 0.10:
            safe += "<!-- a > b -->"
        elif kind < 0.12:
            safe = "<b/>" + safe if not prefix else safe
        out.append(safe)
    return "".join(w + rng.choice((" ", " ", " ", "\n", "\n    ", "&#160;", "  \t")) for w in out[:-1]) + out[-1]


HTML_INLINE = (
    "b",
    "i",
    "em",
    "strong",
    "a href='http://x.example/?a=1&amp;b=2'",
    "span class='x'",
    "abbr",
    "small",
    "u",
    "mark",
    "time",
    "font color='red'",
)
NITF_INLINE = ("em", "person", "org", "location", "chron", "a href='x'", "money", "event", "num", "virtloc", "object.title", "lang", "sup")
CLUTTER = (
    "<p/>",
    "<p> </p>",
    "<p>&#160;</p>",
    "<hr/>",
    "<br/>",
    "<!-- <p>hidden</p> -->",
    "<figure><img src='a.jpg'/><figcaption>A loaf.</figcaption></figure>",
    "<img src='a.jpg' alt='A loaf.'/>",
    "<script>var a = 'no';</script>",
    "<style>p { color: red }</style>",
    "<div><iframe src='x'></iframe></div>",
    "<a name='x'></a>",
    "<p><br/></p>",
)
NITF_CLUTTER = (
    "<p/>",
    "<media media-type='image'><media-metadata name='id' value='1'/><media-reference source='a.jpg'/><media-caption><p>A loaf.</p></media-caption>"
    "<media-producer>Bo Rees</media-producer></media>",
    "<hr/>",
    "<!-- x -->",
    "<p> </p>",
)


def blocks(made: list[str], rng: Rng, prefix: str = "", clutter: tuple[str, ...] = CLUTTER, tags: tuple[str, ...] = HTML_INLINE) -> str:
    """Paragraphs in one of the ways in which bodies have them, sometimes another for some of them, with clutter between."""
    marked = [inline(p, rng, tags, prefix) for p in made]
    p = prefix
    ways: list[Callable[[list[str]], str]] = [
        lambda ps: "\n".join(f"<{p}p>{x}</{p}p>" for x in ps),
        lambda ps: "".join(f"<{p}p class='a'>\n  {x}\n</{p}p>" for x in ps),
        lambda ps: "".join(f"<{p}div><{p}p>{x}</{p}p></{p}div>" for x in ps),
        lambda ps: "".join(f"<{p}div>{x}</{p}div>" for x in ps),
        lambda ps: f"<{p}p>{f'<{p}br/><{p}br/>'.join(ps)}</{p}p>",
        lambda ps: f"<{p}div>{f'<{p}br/>{chr(10)} <{p}br/>'.join(ps)}</{p}div>",
        lambda ps: f"<{p}div>{f'<{p}br/>'.join(ps)}</{p}div>" if any(len(x) > 100 for x in made) and ps == marked else ways[0](ps),
        lambda ps: f"<{p}ul>{''.join(f'<{p}li>{x}</{p}li>' for x in ps)}</{p}ul>",
        lambda ps: f"<{p}ol>{''.join(f'<{p}li><{p}p>{x}</{p}p></{p}li>' for x in ps)}</{p}ol>",
        lambda ps: f"<{p}blockquote>{''.join(f'<{p}p>{x}</{p}p>' for x in ps)}</{p}blockquote>",
        lambda ps: "".join(f"<{p}h2>{x}</{p}h2>" for x in ps),
        lambda ps: f"<{p}table><{p}tbody>{''.join(f'<{p}tr><{p}td>{x}</{p}td></{p}tr>' for x in ps)}</{p}tbody></{p}table>",
        lambda ps: f"<{p}section><{p}div>{''.join(f'<{p}p>{x}</{p}p>' for x in ps)}</{p}div></{p}section>",
        lambda ps: f"<{p}dl>{''.join(f'<{p}dt>{x}</{p}dt>' if n % 2 else f'<{p}dd>{x}</{p}dd>' for n, x in enumerate(ps))}</{p}dl>",
    ]
    if clutter is NITF_CLUTTER:
        ways = [
            ways[0],
            ways[7],
            lambda ps: f"<block>{''.join(f'<p>{x}</p>' for x in ps)}</block>",
            lambda ps: f"<block><block><p>{'</p></block><block><p>'.join(ps)}</p></block></block>",
            lambda ps: "".join(f"<hl2>{x}</hl2>" for x in ps),
            lambda ps: f"<bq><block>{''.join(f'<p>{x}</p>' for x in ps)}</block></bq>",
            lambda ps: f"<table>{''.join(f'<tr><td>{x}</td></tr>' for x in ps)}</table>",
        ]
    out, at = [], 0
    while at < len(marked):
        size = rng.choice((1, 2, len(marked)))
        out.append(ways[0 if rng.random() < 0.4 else rng.randrange(len(ways))](marked[at : at + size]))
        if rng.random() < 0.4 and not prefix:
            out.append(rng.choice(clutter))
        at += size
    return rng.choice(("", "\n", "\n   ")).join(out)


def lines(made: list[str], rng: Rng, *, wrapped: bool = False) -> str:
    """Paragraphs as plain text has them: empty lines between, or cut into lines and indented."""
    if not wrapped:
        single = "\n" if max(map(len, made)) > 100 else "\n\n"  # shorter lines could be cut ones
        return rng.choice(("\n\n", single, "\n \n", "\n\n\n", "\r\n\r\n", "\n\n   ")).join(made)
    lead, width = rng.choice(("   ", "\t", "     ")), rng.choice((60, 69, 80))
    return "\n".join(
        line for p in made for line in textwrap.wrap(p, width, initial_indent=lead, break_on_hyphens=False, break_long_words=False)
    )


# Formats: each takes a body and gives a file

XML = "<?xml version='1.0' encoding='UTF-8'?>\n"
NAR = "http://iptc.org/std/nar/2006-10-01/"
XHTML = "http://www.w3.org/1999/xhtml"


def g2_content(made: list[str], rng: Rng) -> str:
    html = f'<html xmlns="{XHTML}"><head><title>T</title></head><body>{{}}</body></html>'
    kind = rng.randrange(9)
    if kind == 0:
        return f"<inlineXML contenttype='application/xhtml+xml'>{html.format(blocks(made, rng))}</inlineXML>"
    if kind == 1:
        return f"<inlineXML><h:html xmlns:h='{XHTML}'><h:head><h:title>T</h:title></h:head><h:body>{blocks(made, rng, 'h:')}</h:body></h:html></inlineXML>"
    if kind == 2:
        return f"<inlineXML contenttype='application/nitf+xml'>{nitf_root(made, rng)}</inlineXML>"
    if kind == 3:
        return f"<inlineData contenttype='text/plain'>{escape(lines(made, rng))}</inlineData>"
    if kind == 4:
        return f"<inlineData contenttype='text/html'><![CDATA[{blocks(made, rng)}]]></inlineData>"
    if kind == 5:
        return f"<inlineData contenttype='text/html'>{escape(html.format(blocks(made, rng)))}</inlineData>"
    if kind == 6:
        return f"<inlineXML>{blocks(made, rng)}</inlineXML>"
    if kind == 7:
        short = f"<inlineData rendition='rnd:short' contenttype='text/plain'>{escape(made[0])}</inlineData>"
        return f"<remoteContent href='a.jpg' contenttype='image/jpeg'/>{short}<inlineXML>{html.format(blocks(made, rng))}</inlineXML>"
    other = html.format("<p>" + "Une autre langue en plus de mots. " * 60 + "</p>")
    return f"<inlineXML xml:lang='en'>{html.format(blocks(made, rng))}</inlineXML><inlineXML xml:lang='fr'>{other}</inlineXML>"


def g2(made: list[str], rng: Rng) -> bytes:
    n = rng.choice(("", "", "", "n:"))
    namespace = rng.choice((f' xmlns="{NAR}"', ' xmlns="http://iptc.org/std/nar/2099-01-01/"', "")) if not n else f' xmlns:n="{NAR}"'
    content = g2_content(made, rng)
    if n:  # a prefix on the standard's own elements
        for tag in ("inlineXML", "inlineData", "remoteContent"):
            content = content.replace(f"<{tag}", f"<n:{tag}").replace(f"</{tag}", f"</n:{tag}")
    item = (
        f'<{n}newsItem{namespace} guid="urn:x:1" version="3" xml:lang="en" standard="NewsML-G2" standardversion="{rng.choice(("2.0", "2.12", "2.33"))}">'
        f'<{n}catalogRef href="http://nowhere.invalid/c"/><{n}itemMeta><{n}itemClass qcode="ninat:text"/><{n}provider qcode="p:m"/>'
        f"<{n}versionCreated>2026-03-03T09:30:00Z</{n}versionCreated></{n}itemMeta><{n}contentMeta><{n}headline>Bread is dear</{n}headline>"
        f"</{n}contentMeta><{n}contentSet>{content}</{n}contentSet></{n}newsItem>"
    )
    if not n and rng.random() < 0.5:
        item = f'<newsMessage xmlns="{NAR}"><header><sent>2026-03-03T09:30:00Z</sent></header><itemSet>{item}</itemSet></newsMessage>'
    return encoded_xml(item, rng)


def nitf_root(made: list[str], rng: Rng, namespace: str = "") -> str:
    content = f"<body.content>{blocks(made, rng, clutter=NITF_CLUTTER, tags=NITF_INLINE)}</body.content>"
    if rng.random() < 0.2:
        half = len(made) // 2
        content = "".join(
            f"<body.content>{blocks(part, rng, clutter=NITF_CLUTTER, tags=NITF_INLINE)}</body.content>"
            for part in (made[:half], made[half:])
        )
    return (
        f"<nitf{namespace}><head><title>Bread</title><docdata><doc-id id-string='urn:x:1'/><du-key key='BREAD' version='3'/></docdata></head><body>"
        f"<body.head><hedline><hl1>Bread is dear</hl1><hl2>Dear</hl2></hedline><byline>By Ann Ode</byline></body.head>{content}"
        "<body.end><tagline>Bo Rees helped.</tagline></body.end></body></nitf>"
    )


def nitf(made: list[str], rng: Rng) -> bytes:
    doctype = rng.choice(("", '<!DOCTYPE nitf SYSTEM "http://nowhere.invalid/nitf-3-4.dtd">'))
    return encoded_xml(nitf_root(made, rng, rng.choice(("", ' xmlns="http://iptc.org/std/NITF/2006-10-18/"'))), rng, doctype)


def newsml_1(made: list[str], rng: Rng) -> bytes:
    data = rng.choice(
        (
            lambda: blocks(made, rng),
            lambda: f"<![CDATA[{blocks(made, rng)}]]>",
            lambda: nitf_root(made, rng),
            lambda: f'<html xmlns="{XHTML}"><head><title>T</title></head><body>{blocks(made, rng)}</body></html>',
            lambda: escape(lines(made, rng)),
            lambda: escape(blocks(made, rng)),
        )
    )()
    item = f"<ContentItem><MediaType FormalName='Text'/><DataContent>{data}</DataContent></ContentItem>"
    picture = (
        "<NewsComponent><Role FormalName='Caption'/><ContentItem><DataContent><p>A loaf.</p></DataContent></ContentItem></NewsComponent>"
    )
    item = rng.choice(
        (item, f"<NewsComponent>{item}</NewsComponent>", f"{picture}<NewsComponent><NewsComponent>{item}</NewsComponent></NewsComponent>")
    )
    return encoded_xml(
        "<NewsML Version='1.2'><NewsEnvelope><DateAndTime>20260303T093000Z</DateAndTime></NewsEnvelope><NewsItem><Identification><NewsIdentifier>"
        "<ProviderId>m</ProviderId><DateId>20260303</DateId><NewsItemId>1</NewsItemId><RevisionId>3</RevisionId></NewsIdentifier></Identification>"
        "<NewsManagement><Status FormalName='Usable'/></NewsManagement><NewsComponent><NewsLines><HeadLine>Bread is dear</HeadLine></NewsLines>"
        f"{item}</NewsComponent></NewsItem></NewsML>",
        rng,
    )


def encoded_xml(text: str, rng: Rng, doctype: str = "") -> bytes:
    ends = rng.choice(("\n", "\n", "\r\n"))
    kind = rng.choice(("utf-8", "utf-8", "none", "bom", "utf-16", "iso-8859-1", "us-ascii", "windows-1252", "latin-1 that is utf-8"))
    told = {"bom": "UTF-8", "latin-1 that is utf-8": "iso-8859-1"}.get(kind, kind)
    declared = "" if kind == "none" else f'<?xml version="1.0" encoding="{told}"?>\n'
    whole = (declared + doctype + text).replace("\r\n", "\n").replace("\n", ends)
    if kind in ("iso-8859-1", "us-ascii", "windows-1252") and "<![CDATA[" not in whole:
        return whole.encode(kind, "xmlcharrefreplace")
    if kind in ("iso-8859-1", "us-ascii", "windows-1252"):
        whole = whole.replace(f'encoding="{kind}"', 'encoding="UTF-8"')
    return whole.encode("utf-16") if kind == "utf-16" else (b"\xef\xbb\xbf" if kind == "bom" else b"") + whole.encode()


def ninjs(made: list[str], rng: Rng) -> bytes:
    html = blocks(made, rng)
    short = {"description_text": made[0], "description_html": f"<p>{escape(made[0])}</p>"} if rng.random() < 0.5 else {}
    content = rng.choice(
        (
            lambda: {"body_html": html},
            lambda: {"body_xhtml": f"<html><head><title>T</title></head><body>{html}</body></html>"},
            lambda: {"body_text": lines(made, rng)},
            lambda: {"body_text": lines(made, rng, wrapped=True)},
            lambda: {"body_text": " ".join(made), "body_html": html},
            lambda: {"body_html": f"<p>{escape(made[0])}</p>", "body_text": lines(made, rng)},
            lambda: {"bodies": [{"role": "main", "contenttype": "text/html", "value": html}]},
            lambda: {"bodies": [{"contentType": "text/plain", "value": lines(made, rng)}]},
            lambda: {
                "bodies": [
                    {"role": "summary", "contentType": "text/plain", "value": made[0]},
                    {"role": "main", "contentType": "application/xhtml+xml", "value": html},
                ]
            },
            lambda: {"bodyXhtml": html},
            lambda: {"articleBody": lines(made, rng)},
        )
    )()
    item = {"uri": "urn:x:1", "version": "3", "type": "text", "headline": "Bread is dear", **short, **content}
    item["renditions"] = [{"href": "a.jpg", "contenttype": "image/jpeg"}]
    item["associations"] = rng.choice(
        ({}, {"p": {"uri": "p", "type": "picture", "body_text": "A loaf."}}, [{"uri": "p", "bodies": [{"value": "A loaf."}]}])
    )
    text = json.dumps(rng.choice((item, [item], {"_items": [item]})), ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, 1)))
    return rng.choice((text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16"), f"\n {text}\n".encode()))


def json_lines_of_ninjs(made: list[str], rng: Rng) -> bytes:
    items = [{"uri": f"urn:x:{n}", "version": "3", "headline": "Bread is dear", "body_html": blocks(made, rng)} for n in (1, 2)]
    return rng.choice(("\n", "\r\n")).join(json.dumps(item, ensure_ascii=rng.random() < 0.5) for item in items).encode()


def rss(made: list[str], rng: Rng) -> bytes:
    content = blocks(made, rng)
    body = rng.choice(
        (
            f"<description>{escape(escape(made[0]))}</description><content:encoded><![CDATA[{content}]]></content:encoded>",
            f"<content:encoded>{escape(content)}</content:encoded><description>Short.</description>",
            f"<description><![CDATA[{content}]]></description>",
            f"<description><![CDATA[{content}]]></description><content:encoded>Read more.</content:encoded>",
            f"<description>Short.</description><full-text>{escape(content)}</full-text>",
        )
    )
    media = rng.choice(
        ("", "<media:group><media:content url='a'><media:description>A loaf.</media:description></media:content></media:group>")
    )
    item = f"<item><guid isPermaLink='false'>urn:x:1</guid><title>Bread is dear</title>{body}{media}</item>"
    return encoded_xml(
        "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:media='http://search.yahoo.com/mrss/'><channel>"
        f"<title>Meridian</title>{item}{item.replace('urn:x:1', 'urn:x:2')}</channel></rss>",
        rng,
    )


def atom(made: list[str], rng: Rng) -> bytes:
    content = rng.choice(
        (
            lambda: f"<content type='html'>{escape(blocks(made, rng))}</content>",
            lambda: f"<content type='html'><![CDATA[{blocks(made, rng)}]]></content>",
            lambda: f"<content type='xhtml'><div xmlns='{XHTML}'>{blocks(made, rng)}</div></content>",
            lambda: f"<content type='xhtml'><h:div xmlns:h='{XHTML}'>{blocks(made, rng, 'h:')}</h:div></content>",
            lambda: f"<content type='text'>{escape(lines(made, rng))}</content>",
        )
    )()
    entry = f"<entry><id>urn:x:1</id><title>Bread is dear</title><updated>2026-03-03T09:30:00Z</updated><summary>Short.</summary>{content}</entry>"
    return encoded_xml(f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Meridian</title><id>f</id>{entry}</feed>", rng)


def page(made: list[str], rng: Rng) -> bytes:
    links = "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(15))
    content = blocks(made, rng)
    around = rng.choice(
        (
            f"<article><h1>Bread is dear</h1>{content}</article>",
            f"<main><article><header><h1>Bread is dear</h1></header><div itemprop='articleBody'>{content}</div></article></main>",
            f"<div class='story'><h1>Bread is dear</h1><div class='story-body'>{content}</div></div>",
            f"<div id='c'><div><div>{content}</div></div></div>",
            f"<form action='x'><h1>Bread is dear</h1><div>{content}</div></form>",
            f"<table><tr><td>{content}</td></tr></table>",
        )
    )
    nav = rng.choice((f"<nav><ul>{links}</ul></nav>", "<nav><a href='/'>Home</a></nav>", ""))
    foot = (
        rng.choice(("<footer><p>© 2026 Meridian</p></footer>", "<aside><h3>Most read</h3><ul>" + links + "</ul></aside>", ""))
        if nav
        else ""
    )
    text = (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>Bread is dear | Meridian</title><meta property='og:title' content='Bread is dear'>"
        f"<link rel='canonical' href='urn:x:1'></head><body>{nav}{around}{foot}<script>var a;</script></body></html>"
    )
    return text.encode()


def iptc(made: list[str], rng: Rng) -> bytes:
    ends = rng.choice(("\n", "\r\n", "\r\r\n", "\r"))
    text = lines(made, rng, wrapped=rng.random() < 0.5).replace("\r\n", "\n")
    option = rng.choice(("", "(Zusammenfassung)\n", "Eil\n", "URGENT\n"))
    whole = (
        f"\x16\x16\x01{rng.choice(('dpa0123', 'eca 0456', 'bdt0099'))} {rng.randint(1, 6)} {rng.choice(('pl', 'wi', 'i'))} 120 dpa 0456\n\nBread/Lastra/\n{option}"
        f"Bread is dear =\n{rng.choice(('', 'By Ann Ode, dpa =' + chr(10)))}\x02\n{text}\n\ndpa ab cd\n\x03\n030930 GMT Mar 26\n\x04"
    )
    return whole.replace("\n", ends).encode(rng.choice(("utf-8", "iso8859-1")), "ignore")


def anpa(made: list[str], rng: Rng) -> bytes:
    ends = rng.choice(("\n", "\r\n"))
    text = lines(made, rng, wrapped=rng.random() < 0.7).replace("\r\n", "\n")
    if rng.random() < 0.4:  # typesetting marks within lines
        text = "".join(c + (rng.choice("\x1e\x1f\x12\x11\x08") if c == " " and rng.random() < 0.03 else "") for c in text)
    whole = (
        f"\x16\x16\x01a0123\x1f-----\nr i \x1fBC-Bread 03-03 0250\n^BC-Bread,{rng.choice(('', ' 1st Ld-Writethru,'))}250<\n^Bread is dear<\n"
        f"{rng.choice(('', '^Eds: Adds quote.<' + chr(10)))}^By ANN ODE=\n^Meridian Writer=\n{rng.choice(('', chr(2)))}{text}\n\x03\nAP-NY-03-03-26 0930GMT<\x04"
    )
    return whole.replace("\n", ends).encode("ascii", "ignore")


def zczc(made: list[str], rng: Rng) -> bytes:
    return f"ZCZC\nLAS0123 4 LAS\n\n{lines(made, rng)}\n\nNNNN\n".replace("\r\n", "\n").replace("\n", rng.choice(("\n", "\r\n"))).encode()


def own_xml(made: list[str], rng: Rng) -> bytes:
    content = rng.choice(
        (
            blocks(made, rng),
            escape(blocks(made, rng)),
            f"<![CDATA[{blocks(made, rng)}]]>",
            "".join(f"<para>{escape(p)}</para>" for p in made),
        )
    )
    return encoded_xml(f"<story><id>urn:x:1</id><headline>Bread is dear</headline><body>{content}</body></story>", rng)


def dublin_core(made: list[str], rng: Rng) -> bytes:
    return encoded_xml(
        f'<html xmlns="{XHTML}"><head><title>B</title><meta name="DC.identifier" content="urn:x:1"/></head><body>{blocks(made, rng)}</body></html>',
        rng,
    )


def fragment(made: list[str], rng: Rng) -> bytes:
    """HTML as people write it: tags never closed, attributes bare, entities by name."""
    return "\n".join(f"<P ALIGN=left>{html_escape(p, quote=False).replace('é', '&eacute;').replace('—', '&mdash')}" for p in made).encode()


UNICODE = (g2, nitf, newsml_1, ninjs, json_lines_of_ninjs, rss, atom, page, own_xml, dublin_core, zczc)
"""Formats that carry every character."""
NARROW = (iptc, anpa)
"""Those of old lines, with few characters."""
