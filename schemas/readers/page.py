"""HTML pages: the article in them, and what their metadata say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from schemas.errors import Unreadable
from schemas.readers.markup import frozen_body, html_root, paragraphs_of
from schemas.readers.raw import DEEP, SHALLOW, Raw, TooDeep, one_line, unreadable

_CHROME = ("nav", "aside", "footer", "form", "script", "iframe", "button", "menu")
_ARTICLES = frozenset(
    {"NewsArticle", "Article", "ReportageNewsArticle", "BlogPosting", "LiveBlogPosting", "AnalysisNewsArticle", "OpinionNewsArticle"}
)


def read_page(text: str, name: str) -> Raw | Unreadable:
    """The article of a page: all of a page that has nothing beside it, else what trafilatura finds, held against the page's own marks."""
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
        byline=_first(_named(linked.get("author")), metas.get("author"), metas.get("article:author"), metas.get("dc.creator")),
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
    body = root.find(".//body")
    whole = paragraphs_of(root if body is None else body)
    if not any(next(root.iter(tag), None) is not None for tag in _CHROME):
        return whole
    marked = _container(root)
    own = paragraphs_of(marked) if marked is not None else []
    candidates = [_extracted(text), own, _listed(linked.get("articleBody"))]
    most = max(map(_size, candidates))
    # trafilatura leaves out what looks like chrome, and sometimes the story: then the page's own marks are better
    return next((c for c in candidates if _size(c) and _size(c) * 3 >= most * 2), whole)


def _container(root: Any) -> Any:
    """The element that the page marks as its article; None where it marks none, or several."""
    for path in (".//*[@itemprop='articleBody']", ".//article", ".//main"):
        found = root.findall(path)
        if len(found) == 1:
            return found[0]
    return None


def _extracted(text: str) -> list[str]:
    from trafilatura import bare_extraction

    found = bare_extraction(text, include_comments=False, include_tables=True, favor_recall=True, deduplicate=False, with_metadata=False)
    return [line.lstrip("- ") for line in (found.text or "").split("\n")] if found is not None and hasattr(found, "text") else []


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


def _words(root: Any, path: str) -> str:
    found = root.find(path)
    return one_line("".join(found.itertext())) if found is not None else ""


def _attribute(root: Any, path: str, name: str) -> str:
    found = root.find(path)
    return one_line(found.get(name)) if found is not None else ""
