"""Reads the project's own set of written claims: passages in which each claim's parts are given as words.

A part is the words themselves, verbatim; where they stand more than once in the passage, `#2` behind them
means their second occurrence. `python -m annotators.claimset FILE...` checks files and counts their labels.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotators.corpora import Relation, Stretches
from annotators.tags import ROLES
from schemas.errors import BadData
from schemas.labels import CHOICES


@dataclass(frozen=True)
class Labelled:
    """A claim: where its parts stand, and the label of each element (absent where not labelled)."""

    relation: Relation
    labels: dict[str, str]


@dataclass(frozen=True)
class Passage:
    """A passage with its claims. `group` names the minimal pair it belongs to, or the passage itself."""

    id: str
    group: str
    country: str
    text: str
    claims: tuple[Labelled, ...]


def read_passages(path: Path) -> list[Passage]:
    """Passages of one file. Errors: BadData names the line and the fault."""
    passages = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                passages.append(_passage(json.loads(line.decode("utf-8"))))
            except KeyError as error:
                raise BadData(f"{path}, line {number}: lacks the key {error}") from error
            except (BadData, ValueError) as error:
                raise BadData(f"{path}, line {number}: {error}") from error
    return passages


def _passage(row: Any) -> Passage:
    if not isinstance(row, dict):
        raise BadData(f"expected an object, not {row!r}")
    for name in ("id", "country", "text"):
        if not isinstance(row[name], str):
            raise BadData(f"{name} must be a string, not {row[name]!r}")
    if not isinstance(row["claims"], list) or not all(isinstance(claim, dict) for claim in row["claims"]):
        raise BadData(f"claims must be a list of objects, not {row['claims']!r}")
    claims = tuple(_claim(claim, row["text"]) for claim in row["claims"])
    return Passage(row["id"], row.get("group") or row["id"], row["country"], row["text"], claims)


def _claim(row: dict[str, Any], text: str) -> Labelled:
    parts: dict[str, Stretches] = {}
    for role in ROLES:
        words = row.get(role) or []
        words = [words] if isinstance(words, str) else words
        if not isinstance(words, list) or not all(isinstance(w, str) for w in words):
            raise BadData(f"{role} must be words or a list of words, not {row[role]!r}")
        parts[role] = tuple(sorted(_find(w, text) for w in words))
    if not parts["cue"] or not parts["content"]:
        raise BadData(f"a claim needs a cue and a content: {row}")
    labels = {name: row[name] for name in CHOICES}
    for name, label in labels.items():
        if label not in [str(x) for x in CHOICES[name]]:
            raise BadData(f"{name} {label!r} is not one of {', '.join(CHOICES[name])}")
    if bool(parts["source"]) == (labels["naming"] == "none"):
        raise BadData(f"naming {labels['naming']!r} does not go with source {row.get('source')!r}")
    return Labelled(Relation(**parts), labels)


def _find(words: str, text: str) -> tuple[int, int]:
    """Where the words stand as whole words; `words#2` for the second time."""
    match = re.fullmatch(r"(.*?)(?:#(\d+))?", words, re.S)
    assert match
    verbatim, which = match[1], match[2]
    places = [m.span() for m in re.finditer(rf"(?<!\w){re.escape(verbatim)}(?!\w)", text)]
    if not places:
        raise BadData(f"{verbatim!r} does not stand in the text as whole words")
    if which is None and len(places) > 1:
        raise BadData(f"{verbatim!r} stands {len(places)} times in the text: add #1 to #{len(places)}")
    if which is not None and not 1 <= int(which) <= len(places):
        raise BadData(f"{verbatim!r} stands only {len(places)} times in the text")
    return places[int(which or 1) - 1]


def main(paths: list[str]) -> int:
    """Checks files, prints the first fault of each and the label counts."""
    counts: Counter[str] = Counter()
    faults = 0
    for path in map(Path, paths):
        try:
            passages = read_passages(path)
        except BadData as error:
            print(error)
            faults += 1
            continue
        counts["passages"] += len(passages)
        counts.update({f"country {p.country}" for p in passages})
        for passage in passages:
            counts["claims"] += len(passage.claims)
            counts.update(f"{name} {label}" for c in passage.claims for name, label in c.labels.items())
            counts.update(f"{c.labels['role']} -> {c.labels['stance']}" for c in passage.claims)
    for name, count in sorted(counts.items()):
        print(f"{count:6d}  {name}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
