"""What a new version of a story changed in a passage, in a line for whoever reviews it again."""

from __future__ import annotations

import difflib

from schemas.story import BREAK

_MOST = 3
"""Changes named at most."""
_ALIKE = 0.5
"""Similarity below which a paragraph is a new one."""


def what_changed(before: str, passage: str, version: int) -> str:
    """The changes from an older text to a passage of version `version`; "" where the passage stands in it as it is."""
    if passage in before:
        return ""
    old = " ".join(filter(None, (_closest(before, paragraph) for paragraph in BREAK.split(passage))))
    if not old:
        return f"New in version {version} of the story."
    changes = list(_changes(old.split(), passage.split()))
    named = "; ".join(changes[:_MOST]) + (f"; and {len(changes) - _MOST} more" if len(changes) > _MOST else "")
    return f"Changed in version {version} of the story: {named}." if changes else ""


def _closest(before: str, paragraph: str) -> str:
    """The older paragraph that this one was, or "" where it is new."""
    words = paragraph.split()
    alike = [(difflib.SequenceMatcher(None, old.split(), words, autojunk=False).ratio(), old) for old in BREAK.split(before)]
    ratio, old = max(alike, default=(0.0, ""))
    return old if ratio >= _ALIKE else ""


def _changes(old: list[str], new: list[str]):  # noqa: ANN202
    for what, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        was, now = " ".join(old[a:b]), " ".join(new[c:d])
        if what == "replace":
            yield f"“{was}” is now “{now}”"
        elif what == "delete":
            yield f"“{was}” is gone"
        elif what == "insert":
            yield f"“{now}” was added"
