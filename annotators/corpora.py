"""Reads gold attribution data and says, with the line, what is wrong with it."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotators.tags import ROLES
from schemas.errors import BadData
from schemas.labels import CHOICES

SLIP = 1
"""Code points by which two roles may overlap: a slip of the hand at a border, as PolNeAR has one, loses no word."""

ARTICLE_KEYS = ("id", "text", "attributions", "annotator", "date", "place", "title", "country", "chars")
ATTRIBUTION_KEYS = (*ROLES, *CHOICES, "annotators", "spans_agree")
"""The keys that PolNeAR's files and wire-gold's have. Others are refused: a misspelt key would be passed over in silence."""

Stretches = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Relation:
    """One attribution relation: for each role its stretches, start and end in code points, in order."""

    source: Stretches
    cue: Stretches
    content: Stretches


@dataclass(frozen=True)
class Article:
    """A text with its gold relations. agency: whose it is, where that is known."""

    id: str
    text: str
    relations: tuple[Relation, ...]
    agency: str = ""


def read_articles(path: Path) -> list[Article]:
    """Articles of a JSON-lines file: `id`, `text`, `attributions`.

    Errors: BadData names file, line and fault (offsets out of range, overlapping roles, empty text, missing or unknown keys).
    """
    articles = []
    seen: set[str] = set()
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                article = _article(json.loads(line.decode("utf-8")))
                if article.id in seen:
                    raise BadData(f"the id {article.id!r} stands twice in this file")
            except (BadData, ValueError) as error:
                raise BadData(f"{path}, line {number}: {error}") from error
            seen.add(article.id)
            articles.append(article)
    if not articles:
        raise BadData(f"{path}: no articles in it; expected one JSON object a line with id, text, attributions")
    return articles


def _article(row: Any) -> Article:
    if not isinstance(row, dict) or not {"id", "text", "attributions"} <= row.keys():
        raise BadData("expected an object with the keys id, text, attributions")
    _check_keys(row, ARTICLE_KEYS, "the article")
    text = row["text"]
    if not isinstance(text, str) or not text.strip():
        raise BadData("the text is empty")
    attributions = row["attributions"]
    if not isinstance(attributions, list) or not all(isinstance(r, dict) for r in attributions):
        raise BadData(f"attributions must be a list of objects, not {attributions!r}")
    return Article(str(row["id"]), text, tuple(read_relation(r, text) for r in attributions))


def _check_keys(row: dict[str, Any], known: tuple[str, ...], what: str) -> None:
    unknown = [repr(key) for key in row if key not in known]
    if unknown:
        raise BadData(f"{what} has the unknown key{'s' * (len(unknown) > 1)} {', '.join(unknown)}; known are {', '.join(known)}")


def read_relation(row: dict[str, Any], text: str) -> Relation:
    """A relation of a text from an attribution's JSON. Errors: BadData, as `read_articles` says, without file and line."""
    _check_keys(row, ATTRIBUTION_KEYS, "an attribution")
    missing = [role for role in ROLES if role not in row]
    if missing:
        raise BadData(f"an attribution lacks the keys {', '.join(missing)}")
    stretches = {role: _stretches(row[role], role) for role in ROLES}
    flat = sorted((a, b, role) for role, spans in stretches.items() for a, b in spans)
    for a, b, role in flat:
        if not 0 <= a < b <= len(text):
            raise BadData(f"{role} [{a}, {b}] does not lie in the text of {len(text)} characters")
    for (a, b, role), (c, d, other) in itertools.pairwise(flat):
        if b - c > SLIP:
            raise BadData(f"{role} [{a}, {b}] and {other} [{c}, {d}] of one attribution overlap")
    return Relation(**stretches)


def _stretches(pairs: Any, role: str) -> Stretches:
    if not isinstance(pairs, list) or not all(isinstance(p, list) and [type(x) for x in p] == [int, int] for p in pairs):
        raise BadData(f"{role} must be a list of [start, end], not {pairs!r}")
    return tuple(sorted((a, b) for a, b in pairs))
