"""JSON: an item, a list, lines of them, or a wrapper of somebody's own around them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from schemas.errors import Unreadable
from schemas.readers.json_lines import is_row, read_row
from schemas.readers.ninjs import is_ninjs, read_ninjs
from schemas.readers.raw import Raw, unless_too_deep, unreadable

# The start of an object or a list of them, so that broken JSON is not taken for prose that begins with a bracket.
_JSON = re.compile(r"\{\s*\"|\[\s*\{")
_DEEPEST = 4
Placed = tuple[str, Any]
"""A value and where in the file it stands."""


def json_values(text: str, name: str) -> list[Placed] | None:
    """The values of a JSON document, list or lines; None where the text is no JSON at all."""
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
            return _one_after_another(text) or list(_lines(text, name))
        try:  # line ends and tabs that should have been escaped
            whole = json.loads(text, strict=False)
        except ValueError:
            raise _broken(error, name) from None
    return [(f"item {number}", value) for number, value in enumerate(whole, 1)] if isinstance(whole, list) else [("", whole)]


def _one_after_another(text: str) -> list[Placed]:
    """The values of a text that is nothing but JSON values; [] for another."""
    values: list[Placed] = []
    decoder, at = json.JSONDecoder(), 0
    try:
        while at < len(text):
            value, end = decoder.raw_decode(text, at)
            values.append((f"line {text.count(chr(10), 0, at) + 1}" if at < 1_000_000 else f"item {len(values) + 1}", value))
            at = end + len(text[end : end + 1000]) - len(text[end : end + 1000].lstrip())
    except (ValueError, RecursionError):
        return []
    return values


def read_json(values: list[Placed], name: str) -> Iterator[Raw | Unreadable]:
    """The items of JSON values; of what is none, those inside it."""
    for place, value in values:
        found = list(_items(value, place, _DEEPEST))
        for where, item in found:
            yield unless_too_deep(name, where, read_row if is_row(item) else read_ninjs, item, name, where)
        if not found:
            yield (
                value
                if isinstance(value, Unreadable)
                else unreadable(name, "is JSON, but neither ninjs nor an object with id and text", place)
            )


def _items(value: Any, place: str, deep: int) -> Iterator[Placed]:
    if is_row(value) or is_ninjs(value):
        yield place, value
    elif deep and isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                yield from _items(inner, f"{place} {key}".strip()[:80], deep - 1)
    elif deep and isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _items(inner, f"{place} {number}".strip(), deep - 1)


def _lines(text: str, name: str) -> Iterator[Placed]:
    """The values of lines; a broken line turns away itself only, unless it is the only one."""
    # Not splitlines(): JSON strings may hold U+2028 and others that it breaks at.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            place = f"line {number}"
            try:
                yield place, json.loads(line)
            except RecursionError:
                yield place, unreadable(name, "its JSON nests too deep", place)
            except ValueError as error:
                yield place, _broken(error, name, number)


def _broken(error: ValueError, name: str, line: int | None = None) -> Unreadable:
    found = line or getattr(error, "lineno", None)
    return unreadable(name, f"broken JSON: {getattr(error, 'msg', error)}", f"line {found}" if found else "")
