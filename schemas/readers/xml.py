"""XML parsed as untrusted: nothing is fetched, no entity expands, and what wires commonly break is mended and said."""

from __future__ import annotations

import html
import re
from typing import Any

from lxml import etree

from schemas.readers.encoding import MIXED, detect, mixed
from schemas.readers.raw import DEEP, SHALLOW, unreadable

# A DOCTYPE with an internal subset: outside its quoted addresses a bracket opens.
_SUBSET = re.compile(r"<!DOCTYPE(?>[^\[>\"']|\"[^\"]*\"|'[^']*')*+\[")
_DECLARED = re.compile(rb"(<\?xml[^>]*?encoding=)([\"'])[\w.:-]+\2", re.IGNORECASE)
_WIDE = re.compile(rb"<\?xml[^>]*?encoding=[\"']utf-?16", re.IGNORECASE)
_LATIN = re.compile(rb"<\?xml[^>]*?encoding=[\"'](?:iso-?8859-?1|latin-?1|(?:windows-|cp)1252)[\"']", re.IGNORECASE)
_C1 = re.compile(rb"[\x80-\x9f]")
_C1_NUMBER = re.compile(rb"&#0*(?:12[89]|1[3-5]\d);")
_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]*);")
_XML_OWN = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})
_BARE = re.compile(rb"&(?!#\d+;|#x[0-9A-Fa-f]+;|[A-Za-z_:][\w:.-]*;)")
_CDATA = re.compile(rb"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]|&#(?:[0-8]|1[124-9]|2\d|3[01]|x0*(?:[0-8]|[bBcC]|[eEfF]|1[0-9a-fA-F]));")


def parse_xml(content: bytes, name: str, notes: list[str]) -> Any:
    """The root element. What was mended is added to the notes.

    Errors: Unreadable where it is broken beyond that, or its DOCTYPE declares more than single characters.
    """
    seen: set[str] = set()
    if _WIDE.match(content):  # a text written as UTF-8 from a program that thinks in UTF-16: a declaration in plain ASCII belies itself
        content = _DECLARED.sub(rb"\1\2utf-8\2", content, count=1)
    content = _western(content, notes)
    while True:
        try:
            root = etree.fromstring(content, _parser())
            break
        except etree.XMLSyntaxError as error:
            kind = _kind(error)
            mended = None if kind in seen else _mend(content, kind)
            if "Excessive depth" in str(error):
                raise unreadable(name, DEEP, f"line {error.lineno}", SHALLOW) from None
            if mended is None or mended[0] == content:
                reason = re.sub(r",? line \d+, column \d+.*", "", " ".join(str(error).split()))
                raise unreadable(name, f"broken XML: {reason}", f"line {error.lineno}") from None
            seen.add(kind)
            content, note = mended
            notes.append(note)
    _resolve_characters(root, name)
    return root


def _western(content: bytes, notes: list[str]) -> bytes:
    """Mends what no parser complains of: UTF-8 or Windows-1252 under the name of Latin-1, and Windows' numbers for quotation marks."""
    said = "is not in the encoding that it declares: read as {}, which was detected"
    if not content.isascii() and _LATIN.match(content):
        encoding = "utf-8" if _is_utf8(content) else "cp1252" if _C1.search(content) and b"1252" not in content[:100] else ""
        try:
            text = content.decode(encoding) if encoding else ""
        except UnicodeDecodeError:
            text = ""
        if text:
            content = _DECLARED.sub(rb"\1\2utf-8\2", text.encode(), count=1)
            notes.append(said.format(encoding))
    return _C1_NUMBER.sub(lambda found: html.unescape(found[0].decode()).encode("ascii", "xmlcharrefreplace"), content)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
    )


def _kind(error: etree.XMLSyntaxError) -> str:
    """Which of the common faults of wires an error is, or ""."""
    said = str(error)
    if re.match(r"Entity '\w+' not defined", said):
        return "entity"
    if "EntityRef" in said or "xmlParseEntityRef" in said:
        return "ampersand"
    if "not proper UTF-8" in said or "Unsupported encoding" in said or "encoding error" in said or "Invalid bytes" in said:
        return "encoding"
    return "control" if "invalid xmlChar" in said or "invalid Char" in said else ""


def _mend(content: bytes, kind: str) -> tuple[bytes, str] | None:
    if kind == "entity":
        return _ENTITY.sub(_numeric, content), "entities that it does not declare were read as HTML's"
    if kind == "ampersand":
        parts = _CDATA.split(content)
        return b"".join(p if p.startswith(b"<![CDATA[") else _BARE.sub(b"&amp;", p) for p in parts), "bare ampersands were read as such"
    if kind == "encoding":
        text = "" if _is_utf8(content) else mixed(content)
        if text:
            return _DECLARED.sub(rb"\1\2utf-8\2", text.encode(), count=1), MIXED
        encoding = "utf-8" if _is_utf8(content) else detect(content)
        if not encoding:
            return None
        told = _DECLARED.sub(rb"\1\2utf-8\2", content.decode(encoding).encode(), count=1)
        return told, f"is not in the encoding that it declares: read as {encoding}, which was detected"
    return (_CONTROL.sub(b"", content), "control characters were left out") if kind == "control" else None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _numeric(found: re.Match[bytes]) -> bytes:
    text = html.unescape(found[0].decode()) if found[1] not in _XML_OWN else ""
    return "".join(f"&#{ord(c)};" for c in text).encode() if text and not text.startswith("&") else found[0]


def _resolve_characters(root: Any, name: str) -> None:
    """Puts the characters of entities into the tree: HTML's own, and those that the document itself declares, one character each.

    Errors: Unreadable where it declares anything else: another entity could be a bomb or reach outside.
    """
    tree = root.getroottree()
    dtd = tree.docinfo.internalDTD
    declared: dict[str, str] = {}
    if dtd is not None and _SUBSET.match(etree.tostring(tree, encoding="unicode")):
        declared = _declared_characters(dtd, name)
    for entity in list(root.iter(etree.Entity)):
        _replace(entity, declared.get(entity.name) or html.unescape(entity.text))


def _declared_characters(dtd: Any, name: str) -> dict[str, str]:
    entities = list(dtd.iterentities())
    found = {e.name: html.unescape(e.content) for e in entities if e.content is not None}
    if len(found) != len(entities) or any(len(value) != 1 for value in found.values()):
        accepted = "accepted: XML whose DOCTYPE declares single characters at most"
        raise unreadable(name, "its DOCTYPE declares things of its own", accepted=accepted)
    return found


def _replace(entity: Any, text: str) -> None:
    parent, before = entity.getparent(), entity.getprevious()
    if parent is None:
        return
    words = text + (entity.tail or "")
    if before is not None:
        before.tail = (before.tail or "") + words
    else:
        parent.text = (parent.text or "") + words
    entity.tail = None
    parent.remove(entity)
