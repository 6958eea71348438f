"""ninjs 1.x to 3.x, IPTC's news in JSON.

3.x spells in camel case what 2.x and 1.x spell in lower case, and 1.x has single values where later ones have lists:
keys are read in lower case, and both shapes are asked for.
"""

from __future__ import annotations

import re
from typing import Any

from schemas.errors import Unreadable
from schemas.readers.markup import frozen_body, html_paragraphs, plain_paragraphs
from schemas.readers.raw import TEXTS, Raw, one_line, unreadable

Json = dict[str, Any]

_BODY = re.compile("bod(ies|y_.+)")
_TEXTS = frozenset({"", "text", "composite"})


def is_ninjs(value: Any) -> bool:
    """Whether a JSON value is a ninjs object: it has an address or a body."""
    return isinstance(value, dict) and any(key == "uri" or _BODY.fullmatch(key) for key in value)


def read_ninjs(value: Json, name: str, place: str) -> Raw | Unreadable:
    """The item of one ninjs object."""
    item = _lower(value)
    kind = one_line(item.get("type"))
    if kind not in _TEXTS:
        return unreadable(name, f"is of type {kind[:60]!r}, not a text", place, TEXTS)

    def line(*keys: str) -> str:
        return next(filter(None, (one_line(item.get(key)) for key in keys)), "")

    headline = line("headline") or _main(item, "headlines")
    return Raw(
        _text(item, headline),
        "ninjs",
        name,
        place,
        guid=line("uri"),
        version=line("version"),
        headline=headline,
        agency=next(iter(_names(item, "infosource", "infosources")), "") or line("creditline", "copyrightholder"),
        byline=line("byline", "by"),
        location=line("located"),
        language=line("language"),
        published=line("versioncreated"),
        status=line("pubstatus"),
        embargo=line("embargoed") if item.get("embargoed") is not None else None,
        note=line("ednote"),
        urgency=line("urgency"),
        subjects=tuple(_names(item, "subject", "subjects")),
        rights=" ".join(filter(None, (line("copyrightnotice") or line("copyrightholder"), line("usageterms")))),
    )


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


def _text(item: Json, headline: str) -> str:
    """The frozen text of the first body that has one; marked-up ones come first, since they know their paragraphs."""
    bodies = [(key, inner) for key, inner in item.items() if key.startswith("body_") and isinstance(inner, str)]
    for body in _objects(item, "bodies"):
        if isinstance(body.get("value"), str):
            kind = one_line(body.get("contenttype")) or one_line(body.get("role"))
            bodies.append((kind, body["value"]))
    bodies.sort(key=lambda body: not _is_markup(*body))
    texts = (frozen_body((html_paragraphs if _is_markup(*body) else plain_paragraphs)(body[1]), headline) for body in bodies)
    return next(filter(None, texts), "")


def _is_markup(kind: str, value: str) -> bool:
    """Whether a body is marked up: by what it is called, or, where that says nothing, by its look."""
    said = kind.lower()
    return "html" in said or "xml" in said or ("text" not in said and bool(re.search(r"</?(p|div|br)\b[^<>]*>", value)))
