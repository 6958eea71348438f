"""XHTML with Dublin Core in its meta elements, one item a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from schemas.readers.markup import frozen_body, paragraphs_of
from schemas.readers.raw import Raw, one_line

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def has_dublin_core(root: Any) -> bool:
    """Whether a page carries Dublin Core of its own item."""
    return any(meta.get("name", "").lower() == "dc.identifier" for meta in root.iterfind("{*}head/{*}meta"))


def read_xhtml(root: Any, name: str) -> Iterator[Raw]:
    """The item of an XHTML page. A first paragraph of only its identifier and a bracket is an archive's mark, not text."""
    core: dict[str, list[str]] = {}
    for meta in root.iterfind("{*}head/{*}meta"):
        core.setdefault(meta.get("name", "").lower(), []).append(meta.get("content", ""))

    def first(term: str) -> str:
        return core.get(f"dc.{term}", [""])[0]

    guid, title = one_line(first("identifier")), one_line(first("title") or root.findtext("{*}head/{*}title"))
    headline = title if title != guid else ""
    body = root.find("{*}body")
    paragraphs = paragraphs_of(body) if body is not None else []
    if guid and paragraphs and re.fullmatch(re.escape(guid) + r"\s*(\([^()]*\))?", one_line(paragraphs[0])):
        del paragraphs[0]
    yield Raw(
        frozen_body(paragraphs, headline),
        "xhtml",
        name,
        guid=guid,
        headline=headline,
        agency=first("publisher"),
        byline=first("creator"),
        location=first("coverage"),
        language=first("language") or root.get(_LANG) or root.get("lang", ""),
        published=first("date"),
        subjects=tuple(core.get("dc.subject", ())),
        rights=first("rights"),
    )
