"""Telling formats apart by content, and handing each to its reader.

XML is told by its root element, JSON by its keys, telegraph formats by their marks; whatever is none of them is plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from lxml import etree

from schemas.errors import Unreadable
from schemas.readers.encoding import binary, decode
from schemas.readers.feed import FULL_TEXT, read_feed
from schemas.readers.json_items import json_values, read_json
from schemas.readers.markup import local_name
from schemas.readers.newsml_1 import read_newsml_1
from schemas.readers.newsml_g2 import read_newsml_g2
from schemas.readers.nitf import read_nitf
from schemas.readers.other_xml import inner_items, read_other_xml
from schemas.readers.page import read_page
from schemas.readers.plain import read_plain
from schemas.readers.raw import Beside, Raw, unreadable
from schemas.readers.wire_text import is_wire_text, read_wire_text
from schemas.readers.xhtml import has_dublin_core, read_xhtml
from schemas.readers.xml import parse_xml

Items = Iterable[Raw | Unreadable]

_MARKUP = re.compile(rb"<(\?xml|!--|!DOCTYPE|[A-Za-z_][\w.:-]*(?:[\s/>]|$))", re.IGNORECASE)
_HTML = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!DOCTYPE\s+html|html|head|body|p|div|article|section|span|h[1-6]|br|b|i|em|strong|a|ul|ol|dl|table|center|blockquote"
    r"|title|meta|link|style|script|font|main|header|figure|img|hr|pre|small|big|u|nobr|frameset)\b",
    re.IGNORECASE | re.DOTALL,
)
_SUBSET = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<!DOCTYPE[^>\[]*\[", re.IGNORECASE)
_AROUND = bytes(range(33)) + b"\x7f"
_HEADERS = re.compile(rb"\A(?:HTTP/[\d.]+ [^\n]*\n)?(?:[A-Za-z-]{2,40}:[^\n]*\n){1,50}\r?\n(?=\s*[<{])")
_PROLOG = re.compile(rb"\A<\?xml[^>]*\?>")
_MARKS = re.compile(rb"<!\[CDATA\[|\]\]>|<\?xml\s+version")
_G2 = ("newsItem", "newsMessage", "packageItem", "conceptItem", "knowledgeItem", "planningItem", "contentSet")
_BESIDE = ("{http://search.yahoo.com/mrss/}*", "{http://search.yahoo.com/mrss}*", "{http://www.itunes.com/dtds/podcast-1.0.dtd}*")
_FEEDS = {"rss": "rss", "RDF": "rss", "feed": "atom"}


def read_items(data: bytes, name: str, beside: Beside | None = None) -> Items:
    """The items of a wire file as its format's reader finds them. Errors: Unreadable where the file is broken."""
    if reason := binary(data):
        raise unreadable(name, reason)
    notes: list[str] = []
    content = _unwrapped(data.removeprefix(b"\xef\xbb\xbf"))
    # UTF-16 without its NULs and byte order mark shows the same ASCII signs, which is all that is looked for.
    if _MARKUP.match(content[:200].translate(None, b"\0\xff\xfe")):
        return _noted(_read_markup(content, name, notes, beside), notes)
    text = decode(content, name, notes)
    if is_wire_text(text):
        return _noted(read_wire_text(text, name), notes)
    values = json_values(text, name)
    return _noted(read_json(values, name) if values is not None else [read_plain(text, name)], notes)


def _unwrapped(data: bytes) -> bytes:
    """Markup or JSON without what a line, a disk or a web server put around it: telegraph marks, padding, headers."""
    if data[:2] in (b"<\0", b"{\0", b"[\0"):  # UTF-16 without its mark
        return b"\xff\xfe" + data
    if data[:2] in (b"\0<", b"\0{", b"\0["):
        return b"\xfe\xff" + data
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data
    inner = _HEADERS.sub(b"", data.lstrip(_AROUND), count=1).lstrip(_AROUND)
    if not inner.startswith((b"<", b"{", b"[")):
        return data
    kept = inner.rstrip(_AROUND)
    return kept if inner[len(kept) :].strip() else inner


def _noted(items: Items, notes: list[str]) -> Iterator[Raw | Unreadable]:
    """The items, each with what had to be done to the file."""
    for item in items:
        yield replace(item, notices=(*notes, *item.notices)) if isinstance(item, Raw) and notes else item


def _read_markup(content: bytes, name: str, notes: list[str], beside: Beside | None) -> Items:
    """The items of a document, or of several in one file; what is no XML may be a page."""
    documents = _documents(content)
    if len(documents) > 1:
        return _several(documents, name, notes, beside)
    try:
        root = parse_xml(content, name, notes)
    except Unreadable as error:
        text = _html_text(content, name, notes)
        if text is not None:
            return [read_page(text, name)]
        if "Extra content at the end" not in str(error):
            raise
        # Roots one after another, without a declaration between.
        root = parse_xml(b"<items>" + _PROLOG.sub(b"", content, count=1) + b"</items>", name, notes)
    return read_root(root, content, name, beside)


def read_root(root: Any, content: bytes, name: str, beside: Beside | None = None) -> Items:
    """The items under a root element."""
    tag = local_name(root)
    readers = _readers(name, beside)
    if tag in _FEEDS or tag == "entry":
        inside = inner_items(root, {t: readers[t] for t in ("newsItem", "nitf", "NewsML")})
        return _each(inside, readers) if inside else read_feed(_whole_feed(root, content), name, _FEEDS.get(tag, "atom"))
    if tag in readers:
        return readers[tag](root)
    if tag.lower() == "html" or _HTML.match(f"<{tag} "):
        return (
            read_xhtml(root, name) if has_dublin_core(root) else [read_page(etree.tostring(root, encoding="unicode", method="html"), name)]
        )
    inside = inner_items(root, readers)
    return _each(inside, readers) if inside else read_other_xml(root, name)


def _readers(name: str, beside: Beside | None) -> dict[str, Callable[[Any], Items]]:
    return {
        **dict.fromkeys(_G2, lambda root: read_newsml_g2(root, name, beside)),
        **dict.fromkeys(("NewsML", "NewsItem"), lambda root: read_newsml_1(root, name)),
        "nitf": lambda root: read_nitf(root, name),
    }


def _each(elements: list[Any], readers: dict[str, Callable[[Any], Items]]) -> Iterator[Raw | Unreadable]:
    for element in elements:
        yield from readers[local_name(element)](element)


def _whole_feed(root: Any, content: bytes) -> bytes:
    """What feedparser is given: the tree as it was mended, in UTF-8, a lone entry in a feed of its own.

    Without the captions of media, which feedparser takes for the description, and the description for the whole text.
    """
    for element in [e for e in root.iter(*_BESIDE) if e.getparent() is not None]:
        if local_name(element) == "text" and local_name(element.getparent()) in ("item", "entry"):
            element.tag = "fulltext"  # a transcript
        else:
            element.getparent().remove(element)
    for element in root.iter("{*}*"):
        if isinstance(element.tag, str) and FULL_TEXT.search(local_name(element).lower()):
            element.attrib.clear()  # feedparser keeps the attributes of elements that it does not know, or their words
    if local_name(root) != "entry":
        return etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return b'<feed xmlns="http://www.w3.org/2005/Atom">' + etree.tostring(root, encoding="utf-8") + b"</feed>"


def _documents(content: bytes) -> list[bytes]:
    """The documents of a file: several where XML declarations stand in it, each with its document, one after another."""
    outside: list[int] = []
    quoted = False
    for mark in _MARKS.finditer(content):
        if mark[0].startswith(b"<?xml"):
            outside += [] if quoted else [mark.start()]
        else:
            quoted = mark[0] != b"]]>"
    if len(outside) < 2 or outside[0] != 0:
        return [content]
    return [content[a:b].rstrip() for a, b in zip(outside, [*outside[1:], len(content)], strict=True)]


def _several(documents: list[bytes], name: str, notes: list[str], beside: Beside | None) -> Iterator[Raw | Unreadable]:
    for number, document in enumerate(documents, 1):
        place = f"document {number}"
        try:
            for item in _read_markup(document, name, notes, beside):
                yield replace(item, place=", ".join(filter(None, (place, item.place)))) if isinstance(item, Raw) else item
        except Unreadable as error:
            yield error


def _html_text(content: bytes, name: str, notes: list[str]) -> str | None:
    """The text of a page that is no XML; None where it does not begin as a page."""
    said = re.search(rb"<meta[^>]{0,200}charset=[\"']?([\w-]+)", content[:4000], re.IGNORECASE)
    try:
        text = content.decode(said[1].decode()) if said else decode(content, name, notes)
    except (LookupError, UnicodeDecodeError):
        text = decode(content, name, notes)
    return text if _HTML.match(text) and not _SUBSET.match(text) else None
