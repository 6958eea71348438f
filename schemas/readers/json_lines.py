"""JSON lines of {"id", "text", ...}: texts of a corpus, kept unchanged; other keys are the corpus's own."""

from __future__ import annotations

from typing import Any

from schemas.errors import Unreadable
from schemas.readers.raw import UNICODE, Raw, one_line, unreadable, verbatim_fault


def is_row(value: Any) -> bool:
    """Whether a JSON value is such a row, and not ninjs."""
    return isinstance(value, dict) and isinstance(value.get("text"), str) and "uri" not in value


def read_row(row: dict[str, Any], name: str, place: str) -> Raw | Unreadable:
    """The item of one row."""
    if fault := verbatim_fault(row["text"]):
        return unreadable(name, fault, place, UNICODE)
    return Raw(row["text"], "json-lines", name, place, guid=one_line(row.get("id")))
