"""Telling formats apart by content, and handing each to its reader.

XML is told by its root element, JSON by its keys; whatever is neither is plain text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lxml import etree

from schemas.errors import Unreadable
from schemas.readers.feed import read_feed
from schemas.readers.json_lines import is_row, read_row
from schemas.readers.markup import local_name
from schemas.readers.newsml_g2 import read_newsml_g2
from schemas.readers.ninjs import is_ninjs, read_ninjs
from schemas.readers.plain import read_plain
from schemas.readers.raw import Raw, unreadable
from schemas.readers.xhtml import read_xhtml

Items = Iterable[Raw | Unreadable]

_MARKUP = re.compile(rb"<(\?xml|!--|!DOCTYPE|[A-Za-z_][\w.:-]*(?:[\s/>]|$))", re.IGNORECASE)
# A DOCTYPE with an internal subset: outside its quoted addresses a bracket opens.
_SUBSET = re.compile(r"<!DOCTYPE(?>[^\[>\"']|\"[^\"]*\"|'[^']*')*+\[")
# The start of an object or a list of them, so that broken JSON is not taken for prose that begins with a bracket.
_JSON = re.compile(r"\{\s*\"|\[\s*\{")
_ROOTS: dict[str, Callable[[Any, str], Items]] = {
    **dict.fromkeys(("newsItem", "newsMessage", "packageItem", "conceptItem", "knowledgeItem", "planningItem"), read_newsml_g2),
    "html": read_xhtml,
}
_FEEDS = {"rss": "rss", "feed": "atom"}


def read_items(data: bytes, name: str) -> Items:
    """The items of a wire file as its format's reader finds them. Errors: Unreadable where the file is broken."""
    content = data.removeprefix(b"\xef\xbb\xbf")
    # UTF-16 without its NULs and byte order mark shows the same ASCII signs, which is all that is looked for.
    if _MARKUP.match(content.lstrip()[:200].translate(None, b"\0\xff\xfe")):
        return _read_markup(content.lstrip(), name)
    text = _decode(content, name)
    rows = _json_rows(text, name)
    return _read_json(rows, name) if rows is not None else [read_plain(text, name)]


def _read_markup(content: bytes, name: str) -> Items:
    root = _parse_xml(content, name)
    tag = local_name(root)
    if tag in _FEEDS:
        return read_feed(content, name, _FEEDS[tag])
    if tag not in _ROOTS:
        raise unreadable(name, f"is XML, but its root element is <{tag[:60]}>")
    return _ROOTS[tag](root, name)


def _parse_xml(content: bytes, name: str) -> Any:
    """The root element. Entities are never expanded in the text, and a document that declares any is refused."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        reason = re.sub(r",? line \d+, column \d+.*", "", " ".join(str(error).split()))
        raise unreadable(name, f"broken XML: {reason}", f"line {error.lineno}") from None
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None and _SUBSET.match(etree.tostring(tree, encoding="unicode")):
        raise unreadable(name, "its DOCTYPE declares things of its own", accepted="accepted: XML without an internal DTD subset")
    return root


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise unreadable(name, f"byte 0x{content[error.start]:02x} is not UTF-8", f"line {line}") from None


def _json_rows(text: str, name: str) -> list[tuple[str, Any]] | None:
    """The values of a JSON document, list or lines, each with its place; None where the text is no JSON at all."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        whole = json.loads(text)
    except RecursionError:
        raise unreadable(name, "its JSON nests too deep") from None
    except ValueError as error:
        if not _JSON.match(text.lstrip()):
            return None
        if getattr(error, "msg", "") == "Extra data":
            return list(_json_lines(text, name))
        raise _broken_json(error, name) from None
    return [(f"item {number}", value) for number, value in enumerate(whole, 1)] if isinstance(whole, list) else [("", whole)]


def _json_lines(text: str, name: str) -> Iterator[tuple[str, Any]]:
    # Not splitlines(): JSON strings may hold U+2028 and others that it breaks at.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except RecursionError:
                raise unreadable(name, "its JSON nests too deep", f"line {number}") from None
            except ValueError as error:
                raise _broken_json(error, name, number) from None


def _broken_json(error: ValueError, name: str, line: int | None = None) -> Unreadable:
    found = line or getattr(error, "lineno", None)
    return unreadable(name, f"broken JSON: {getattr(error, 'msg', error)}", f"line {found}" if found else "")


def _read_json(rows: list[tuple[str, Any]], name: str) -> Items:
    for place, value in rows:
        if is_row(value):
            yield read_row(value, name, place)
        elif is_ninjs(value):
            yield read_ninjs(value, name, place)
        else:
            yield unreadable(name, "is JSON, but neither ninjs nor an object with id and text", place)
