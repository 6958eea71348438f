"""The query language of Label Studio's Data Manager, as far as it is used here: which tasks a request means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from schemas.errors import BadInput

T = TypeVar("T")
Filter = tuple[str, str, str, Any]
"""Column, operator, type and value."""
UNTOUCHED: tuple[Filter, ...] = (
    ("total_annotations", "equal", "Number", 0),
    ("cancelled_annotations", "equal", "Number", 0),
    ("draft_exists", "equal", "Boolean", False),
)
"""What nobody has worked on: no annotation, no skip, no draft."""
_KEYS = 100  # they travel in the address


def having(keys: list[str]) -> Filter:
    """Tasks with one of these keys, 100 at most."""
    return ("data.key", "in_list", "List", keys)


def later(column: str, since: str) -> Filter:
    """Tasks whose time in a column is after `since`, ISO 8601 with a zone. Errors: BadInput for another text."""
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise BadInput(f"{since!r} is not a time; give ISO 8601 with a zone, such as 2026-01-31T06:00:00Z")
    return (column, "greater", "Datetime", moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def query(filters: Iterable[Filter], **more: Any) -> dict[str, Any]:
    """A query for what passes all filters; more: `ordering`, `selectedItems`."""
    items = [{"filter": f"filter:tasks:{column}", "operator": does, "type": kind, "value": value} for column, does, kind, value in filters]
    return {"filters": {"conjunction": "and", "items": items}, **more}


def chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Keys, each once, as many at a time as one query takes."""
    return batched(list(dict.fromkeys(keys)))


def batched(values: Sequence[T]) -> Iterator[list[T]]:
    """Values in their order, as many at a time as one query takes."""
    for start in range(0, len(values), _KEYS):
        yield list(values[start : start + _KEYS])
