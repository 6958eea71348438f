"""The tags of attribution: BIO over source, cue and content."""

from __future__ import annotations

import numpy as np

ROLES = ("source", "cue", "content")
TAGS = ("O", *(f"{prefix}-{role}" for role in ROLES for prefix in "BI"))
OUTSIDE = 0
FORBIDDEN = -1e4
"""Score of a step that BIO does not allow."""


def begin(role: str) -> int:
    """The tag that begins a stretch of a role; the tag after it continues the stretch."""
    return 1 + 2 * ROLES.index(role)


def allowed_steps() -> np.ndarray:
    """(tags, tags) booleans: may the column's tag follow the row's?"""
    allowed = np.ones((len(TAGS), len(TAGS)), dtype=bool)
    for role in ROLES:
        inside = begin(role) + 1
        allowed[:, inside] = False
        allowed[[begin(role), inside], inside] = True
    return allowed
