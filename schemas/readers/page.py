"""HTML pages: the article in them, and what their metadata say of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from schemas.errors import Unreadable
from schemas.readers.article import article_paragraphs
from schemas.readers.markup import frozen_body, html_root
from schemas.readers.raw import DEEP, SHALLOW, Raw, TooDeep, one_line, unreadable

_ARTICLES = frozenset(
    {"NewsArticle", "Article", "ReportageNewsArticle", "BlogPosting", "LiveBlogPosting", "AnalysisNewsArticle", "OpinionNewsArticle"}
)


def read_page(text: str, name: str) -> Raw | Unreadable:
    """The article of a page, with what its metadata say of it."""
    try:
        root = html_root(text)
    except TooDeep:
        return unreadable(name, DEEP, accepted=SHALLOW)
    if root is None:
        return unreadable(name, "is HTML without anything in it")
    metas, linked = _metas(root), _linked(root)
    headline = _first(
        linked.get("headline"), metas.get("og:title"), _words(root, ".//article//h1"), _words(root, ".//h1"), _words(root, ".//title")
    )
    paragraphs = _article(root, text, linked)
    return Raw(
        frozen_body(paragraphs, headline),
        "html",
        name,
        guid=_first(linked.get("@id"), linked.get("url"), _attribute(root, ".//link[@rel='canonical']", "href"), metas.get("og:url")),
        headline=headline,
        agency=_first(_named(linked.get("publisher")), metas.get("og:site_name"), metas.get("dc.publisher")),
        byline=_first(
            _named(linked.get("author")), metas.get("author"), metas.get("article:author"), metas.get("dc.creator"), _byline(root)
        ),
        language=_first(linked.get("inLanguage"), root.get("lang"), metas.get("og:locale")).replace("_", "-"),
        published=_first(
            linked.get("dateModified"),
            linked.get("datePublished"),
            metas.get("article:modified_time"),
            metas.get("article:published_time"),
            metas.get("date"),
            metas.get("dc.date"),
            _attribute(root, ".//time[@datetime]", "datetime"),
        ),
        subjects=tuple(filter(None, (one_line(word) for word in _first(metas.get("news_keywords"), metas.get("keywords")).split(",")))),
        rights=_first(linked.get("copyrightNotice"), metas.get("copyright"), metas.get("dc.rights")),
    )


def _article(root: Any, text: str, linked: dict[str, Any]) -> list[str]:
    """The article's paragraphs; those of the page's linked data where a script would write most of them."""
    own, told = article_paragraphs(root, text), _listed(linked.get("articleBody"))
    return told if _size(told) > _size(own) * 1.5 else own


def _listed(body: Any) -> list[str]:
    return [line for line in body.split("\n") if line.strip()] if isinstance(body, str) else []


def _size(paragraphs: list[str]) -> int:
    return sum(len(paragraph.split()) for paragraph in paragraphs)


def _metas(root: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in root.iter("meta"):
        key = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower()
        found.setdefault(key, one_line(meta.get("content")))
    return found


def _linked(root: Any) -> dict[str, Any]:
    """The article of the page's linked data (JSON-LD), or {}."""
    for script in root.iterfind(".//script[@type='application/ld+json']"):
        try:
            value = json.loads(script.text or "")
        except (ValueError, RecursionError):
            continue
        for thing in _things(value):
            kinds = thing.get("@type")
            if any(kind in _ARTICLES for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)):
                return thing
    return {}


def _things(value: Any) -> Iterator[dict[str, Any]]:
    for thing in value if isinstance(value, list) else [value]:
        if isinstance(thing, dict):
            yield thing
            inside = thing.get("@graph")
            yield from (inner for inner in (inside if isinstance(inside, list) else ()) if isinstance(inner, dict))


def _named(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_named, value)))
    return one_line(value.get("name")) if isinstance(value, dict) else one_line(value)


def _first(*values: Any) -> str:
    return next(filter(None, map(one_line, values)), "")


def _byline(root: Any) -> str:
    found = next((e for e in root.iter() if re.search(r"\bby-?line\b", e.get("class", "").lower())), None)
    words = one_line(" ".join("".join(found.itertext()).split())) if found is not None else ""
    return words if len(words) < 200 else ""


def _words(root: Any, path: str) -> str:
    found = root.find(path)
    return one_line("".join(found.itertext())) if found is not None else ""


def _attribute(root: Any, path: str, name: str) -> str:
    found = root.find(path)
    return one_line(found.get(name)) if found is not None else ""
