"""What a desk's file of actors says of a story's speakers: it informs the judge of roles, and the story's own words go before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from annotators.names import words
from annotators.places import home, places
from annotators.role_words import ROLES, named_roles
from annotators.speakers import Resolution
from schemas.actors import Actors, Listed, plain
from schemas.labels import Role

WEIGHT = 2.0
"""Added to the score of the role that the file gives: it turns a close call, not a clear one."""


def listed_roles(text: str, published: str, resolution: Resolution, actors: Actors | None) -> list[str | None]:
    """For each relation the role that the file gives its speaker on the story's day; None where it says nothing, or several things.

    published: an ISO time, or "" for none. A government's people are `international` in a story about another country.
    """
    if actors is None:
        return [None] * len(resolution.of)
    on, where = _day(published), home(text)
    roles = [_role(actors.find(filter(None, [known.name, *known.phrases])), on, where) for known in resolution.known]
    return [None if k is None else roles[k] for k in resolution.of]


def listed_scores(resolution: Resolution, roles: Sequence[str | None]) -> np.ndarray:
    """(claims, roles) what the file adds to each role's score: nothing where the story itself names another role."""
    added = np.zeros((len(roles), len(ROLES)), dtype=np.float32)
    for i, (k, role) in enumerate(zip(resolution.of, roles, strict=True)):
        if k is not None and role is not None and _told(resolution, k) in (None, role):
            added[i, ROLES.index(role)] = WEIGHT
    return added


def _told(resolution: Resolution, k: int) -> str | None:
    """The one role that the story's words for a speaker tell, its name left out; None for none, or several."""
    known = resolution.known[k]
    name = set(plain(known.name or "").split())
    roles = named_roles([w for phrase in known.phrases for w in words(phrase) if plain(w) not in name])
    return roles.pop() if len(roles) == 1 else None


def _role(found: Sequence[Listed], on: date | None, where: str) -> str | None:
    roles = {_seen_from(listed, role, where) for listed in found if (role := listed.actor.role(on))}
    return str(roles.pop()) if len(roles) == 1 else None


def _seen_from(listed: Listed, role: Role, where: str) -> Role | None:
    """A role as a story about a country sees it."""
    of = {country for _, _, country in places(listed.country)}
    if not where or not of or where in of:
        return role
    return Role.INTERNATIONAL if role == Role.GOVERNMENT else role


def _day(published: str) -> date | None:
    try:
        return date.fromisoformat(published[:10])
    except ValueError:
        return None
