"""XML of no standard: the standards' items inside a wrapper of somebody's own, else what its elements' names say, and it is said so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from schemas.errors import Unreadable
from schemas.readers.markup import body_paragraphs, frozen_body, local_name, paragraphs_of
from schemas.readers.raw import Raw, one_line, unless_too_deep, unreadable

Items = Iterable["Raw | Unreadable"]
_BODIES = (
    "bodytext",
    "body_text",
    "articlebody",
    "fulltext",
    "full-text",
    "storytext",
    "story_text",
    "newstext",
    "maintext",
    "content_html",
    "bodyhtml",
    "body_html",
    "body.content",
    "body",
    "text",
    "content",
    "story",
    "article",
    "html",
    "main",
    "description",
)
_HEADLINES = ["headline", "hedline", "hl1", "head", "title", "titel", "titre", "titulo", "heading"]
_FIELDS = {
    "guid": ["guid", "newsid", "storyid", "docid", "docno", "uri", "identifier", "id", "newsitemid", "itemid", "articleid"],
    "version": ["version", "revision", "rev"],
    "agency": ["agency", "provider", "source", "origin", "publisher", "credit", "creditline"],
    "byline": ["byline", "author", "by", "reporter", "writer", "creator"],
    "dateline": ["dateline"],
    "location": ["town", "city", "location", "place", "located"],
    "language": ["language", "lang"],
    "published": ["versioncreated", "publishdate", "pubdate", "published", "date", "datetime", "updated", "timestamp", "created"],
    "note": ["ednote", "editorsnote", "note", "notes"],
    "urgency": ["urgency", "priority"],
    "rights": ["copyright", "rights", "copyrightnotice"],
    "slug": ["slug", "slugline", "strapline", "keyword"],
}
# Roots of things that are no news, whatever elements they hold.
_NO_NEWS = re.compile("svg|schema|stylesheet|urlset|sitemapindex|opml|plist|project|manifest|math|collection|wsdl|definitions")


def inner_items(root: Any, readers: dict[str, Callable[[Any], Items]]) -> list[Any]:
    """The elements inside an unknown wrapper that a reader knows, outermost ones only."""
    found: list[Any] = []
    for element in root.iter():
        if isinstance(element.tag, str) and local_name(element) in readers and not any(a in found for a in element.iterancestors()):
            found.append(element)
    return found


def read_other_xml(root: Any, name: str) -> Iterator[Raw | Unreadable]:
    """The documents of unknown XML: each element that holds a body by its name, or the root."""
    tag = local_name(root)[:60]
    units = [] if _NO_NEWS.fullmatch(tag.lower()) else _units(root)
    if not units:
        yield unreadable(name, f"is XML, but its root element is <{tag}>")
    for unit, body in units:
        yield unless_too_deep(name, f"line {unit.sourceline}", _read_unit, unit, body, tag, name)


def _read_unit(unit: Any, body: Any, tag: str, name: str) -> Raw:
    headline = _named(unit, _HEADLINES, body)
    fields: dict[str, Any] = {field: _named(unit, names, body) for field, names in _FIELDS.items()}
    said = f"<{tag}> is no format that is known: its <{local_name(body)[:60]}> was taken as the text"
    text = frozen_body(_paragraphs(body), headline)
    return Raw(text, "xml", name, f"line {unit.sourceline}", headline=headline, notices=(said,), **fields)


def _units(root: Any) -> list[tuple[Any, Any]]:
    """Each document with its body: where several children of the root hold one, those, else the root."""
    children = [(child, body) for child in root if isinstance(child.tag, str) and (body := _body(child, strict=True)) is not None]
    if len(children) > 1 and len({c.tag for c, _ in children}) == 1:
        return children
    body = _body(root, strict=False)
    return [(root, body)] if body is not None else []


def _body(unit: Any, *, strict: bool) -> Any:
    """The element whose name says body, the most telling name first, with the most words; strict: not the unit itself."""
    best, words = None, 0
    for name in _BODIES:
        for element in unit.iterdescendants() if strict else unit.iter():
            if isinstance(element.tag, str) and local_name(element).lower() == name:
                size = len("".join(element.itertext()).split())
                if size > words * 1.2:
                    best, words = element, size
    return best if best is not None and any(c.isalpha() for c in "".join(best.itertext())) else None


def _paragraphs(body: Any) -> list[str]:
    if len(body) and any(isinstance(e.tag, str) for e in body):
        return paragraphs_of(body)
    return body_paragraphs("".join(body.itertext()))[1]


def _named(unit: Any, names: list[str], body: Any) -> str:
    """The words of the first element or attribute of the unit outside its body that has one of the names."""
    inside = set(body.iterdescendants()) if body is not unit else set()
    outside = [e for e in unit.iter() if isinstance(e.tag, str) and e is not body and e not in inside]
    for name in names:
        for element in outside:
            if local_name(element).lower() == name and (said := one_line(" ".join("".join(element.itertext()).split()))):
                return said[:500]
        for key, value in unit.attrib.items():
            if key.rpartition("}")[2].lower() == name and value.strip():
                return one_line(value)
    return ""
