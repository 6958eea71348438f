"""ninjs 1.x to 3.x, IPTC's news in JSON.

3.x spells in camel case what 2.x and 1.x spell in lower case, and 1.x has single values where later ones have lists:
keys are read in lower case, and both shapes are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from schemas.errors import Unreadable
from schemas.readers.markup import best_rendition, body_paragraphs, frozen_body
from schemas.readers.raw import NOT_TEXTS, TEXTS, Raw, one_line, unreadable
from schemas.story import fold

Json = dict[str, Any]

_BODY = re.compile("bod(ies|y_.+|y)|articlebody|bodyxhtml|bodytext|fulltext|content_html")
# A body whose role is this begins the story, and is not in the main one.
_LEAD = re.compile("lead|lede|intro|introduction|standfirst|preamble", re.IGNORECASE)
_ADDRESSES = ("uri", "guid", "altid", "@id", "id", "url")


def is_ninjs(value: Any) -> bool:
    """Whether a JSON value is a ninjs object: it has an address or a body."""
    if not isinstance(value, dict):
        return False
    keys = {key.lower() for key in value}
    return "uri" in keys or any(map(_BODY.fullmatch, keys)) or ("guid" in keys and "headline" in keys)


def read_ninjs(value: Json, name: str, place: str) -> Raw | Unreadable:
    """The item of one ninjs object."""
    item = _lower(value)
    kind = one_line(item.get("type"))
    if kind.lower() in NOT_TEXTS:
        return unreadable(name, f"is of type {kind[:60]!r}, not a text", place, TEXTS)

    def line(*keys: str) -> str:
        return next(filter(None, (one_line(item.get(key)) for key in keys)), "")

    headline = line("headline") or _main(item, "headlines") or line("title", "name")
    text, partial = _text(item, headline)
    return Raw(
        text,
        "ninjs",
        name,
        place,
        guid=line(*_ADDRESSES),
        version=line("version"),
        headline=headline,
        agency=next(iter(_names(item, "infosource", "infosources")), "")
        or _party(item, "publisher", "provider")
        or line("creditline", "source", "copyrightholder"),
        byline=line("byline", "by") or ", ".join(_names(item, "authors")) or _party(item, "author"),
        dateline=line("dateline") or _dateline(item),
        location=line("located") or next(iter(_names(item, "located", "place", "places")), ""),
        language=line("language", "inlanguage"),
        published=line("versioncreated", "datemodified", "datepublished", "versionstored", "contentmodified", "firstcreated", "published"),
        status=line("pubstatus") or None,
        embargo=line("embargoed") if item.get("embargoed") is not None else None,
        note=line("ednote"),
        urgency=line("urgency"),
        subjects=tuple(_names(item, "subject", "subjects")),
        rights=" ".join(filter(None, (line("copyrightnotice") or line("copyrightholder"), line("usageterms")))),
        slug=line("slugline", "slug"),
        signals=tuple(one_line(s) for s in item.get("signals") or () if isinstance(s, str))
        if isinstance(item.get("signals"), list)
        else (),
        replaces=line("evolvedfrom", "rewrite_of"),
        partial=partial,
        notices=tuple(_set_aside(item)),
    )


def _set_aside(item: Json) -> Iterator[str]:
    """Associated items, which are not read, counted."""
    found = item.get("associations")
    if isinstance(found, dict | list) and found:
        yield f"left out beside it: {len(found)} associated items"


def _party(item: Json, *keys: str) -> str:
    """The name of a party, which is an object or a string."""
    values = (item.get(key) for key in keys)
    return next(filter(None, (one_line(v.get("name")) if isinstance(v, dict) else one_line(v) for v in values)), "")


def _dateline(item: Json) -> str:
    value = item.get("dateline")
    return one_line(value.get("text")) if isinstance(value, dict) else ""


def _lower(value: Json) -> Json:
    return {key.lower(): inner for key, inner in value.items()}


def _objects(item: Json, *keys: str) -> list[Json]:
    """The objects in the lists under these keys; whatever is not an object is left out."""
    lists = (item[key] for key in keys if isinstance(item.get(key), list))
    return [_lower(inner) for values in lists for inner in values if isinstance(inner, dict)]


def _names(item: Json, *keys: str) -> list[str]:
    found = _objects(item, *keys)
    return [one_line(each.get("name")) or one_line(each.get("literal")) or one_line(each.get("code")) for each in found]


def _main(item: Json, key: str) -> str:
    """The value of a list's object whose role is "main", else of its first."""
    found = sorted(_objects(item, key), key=lambda each: each.get("role") != "main")
    return one_line(found[0].get("value")) if found else ""


def _body(value: Any) -> str:
    """A body that is a string, paragraphs in a list, or an object that holds one of these."""
    if isinstance(value, list) and all(isinstance(inner, str) for inner in value):
        return "\n\n".join(value)
    if isinstance(value, dict):
        return next(filter(None, (_body(value.get(key)) for key in ("html", "xhtml", "value", "text", "content", "main"))), "")
    return value if isinstance(value, str) else ""


def _text(item: Json, headline: str) -> tuple[str, bool]:
    """The frozen text of the best body, and whether it is only a description, for want of one."""
    bodies = [(key, "", inner) for key, value in item.items() if _BODY.fullmatch(key) and (inner := _body(value))]
    for body in _objects(item, "bodies"):
        if isinstance(body.get("value"), str):
            bodies.append((one_line(body.get("contenttype")) or one_line(body.get("role")), one_line(body.get("role")), body["value"]))
    read = [(role, body_paragraphs(value, kind.lower())) for kind, role, value in bodies]
    chosen = best_rendition([r for role, r in read if not _LEAD.fullmatch(role)] or [r for _, r in read])
    lead = next((paragraphs for role, (_, paragraphs) in read if _LEAD.fullmatch(role)), [])
    text = frozen_body([*(p for p in lead if fold(p) not in map(fold, chosen)), *chosen], headline)
    if text:
        return text, False
    short = [(key, inner) for key, inner in item.items() if key.startswith("description") and isinstance(inner, str)]
    short += [(one_line(d.get("contenttype")), d["value"]) for d in _objects(item, "descriptions") if isinstance(d.get("value"), str)]
    summary = frozen_body(best_rendition([body_paragraphs(value, kind.lower()) for kind, value in short]))
    return summary, bool(summary)
