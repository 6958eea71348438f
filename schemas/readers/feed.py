"""RSS 2.0 and Atom, through feedparser."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import feedparser

from schemas.errors import Unreadable
from schemas.readers.markup import best_rendition, body_paragraphs, frozen_body, html_paragraphs, plain_paragraphs
from schemas.readers.raw import Raw, one_line, unless_too_deep

# Where feeds put the whole text when not where the standards say, as feedparser spells it.
FULL_TEXT = re.compile(r"(?:^|_)(?:full-?text|turbo_content|body|body-?text|text|articlebody|story|storytext|content_?html)$")


def read_feed(data: bytes, name: str, form: str) -> Iterator[Raw | Unreadable]:
    """The entries of a feed of well-formed XML; form: "rss" or "atom"."""
    # Bytes alone would be tried as the name of a file.
    feed = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    for number, entry in enumerate(feed.entries, 1):
        place = f"item {number}"
        yield unless_too_deep(name, place, _read_entry, entry, feed.feed, name, form, place)


def _read_entry(entry: Any, feed: Any, name: str, form: str, place: str) -> Raw:
    headline = _shown(entry.get("title_detail"))
    bodies = [(body.get("type") != "text/plain", _paragraphs(body)) for body in entry.get("content", ())]
    bodies += [body_paragraphs(inner) for key, inner in entry.items() if isinstance(inner, str) and FULL_TEXT.search(key)]
    summary = _paragraphs(entry.get("summary_detail"))
    # The full text may stand in the description, and "Read more" where it should stand.
    chosen = best_rendition([*bodies, (False, summary)])
    partial = chosen == summary and not any(paragraphs == summary for _, paragraphs in bodies)
    text = frozen_body(chosen, headline)
    return Raw(
        text,
        form,
        name,
        place,
        guid=entry.get("id", "") or entry.get("link", ""),
        headline=headline,
        agency=one_line(entry.get("source", {}).get("title")) or _shown(feed.get("title_detail")),
        byline=entry.get("author", ""),
        language=_language(entry, feed),
        # `in` first: asked for a missing "updated", feedparser warns and gives "published".
        published=entry["updated"] if "updated" in entry else entry.get("published", ""),
        subjects=tuple(tag.get("label") or tag.get("term") or "" for tag in entry.get("tags", ())),
        rights=_shown(entry.get("rights_detail")) or _shown(feed.get("rights_detail")),
        partial=partial,
        notices=("summary only",) if partial else (),
    )


def _paragraphs(detail: Any) -> list[str]:
    """The paragraphs of a feedparser detail: its value with its media type."""
    if not detail:
        return []
    return plain_paragraphs(detail.value) if detail.get("type") == "text/plain" else html_paragraphs(detail.value)


def _shown(detail: Any) -> str:
    return one_line(" ".join(_paragraphs(detail)))


def _language(entry: Any, feed: Any) -> str:
    spoken = [body.get("language") for body in entry.get("content", ())]
    return next(filter(None, spoken), None) or feed.get("language", "")
