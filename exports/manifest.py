"""The manifest of an export: what exactly is in it, so that it can be made again to the byte.

Of each story its version and the hash of its text, of each review its annotation and the hash of all that it says. While an export is
written these lie on disk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exports.adjudication import Rule
from exports.aside import OnDisk
from exports.claims_table import Row
from schemas.errors import BadInput
from schemas.fanning import FannedOut
from schemas.labels import VERSION
from schemas.reviews import Review

NAME = "manifest.json"
FORMAT = 1


@dataclass
class Manifest:
    """made: ISO 8601; software: its version; reviews: hash by name; stories: hash of each text by guid and version.

    rule, experts: how several people's words became one.
    """

    made: str
    software: str
    guideline: str
    label_set: int = VERSION
    rule: Rule = Rule.MAJORITY
    experts: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    splits: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    stories: MutableMapping[str, str] = field(default_factory=OnDisk)
    reviews: MutableMapping[str, str] = field(default_factory=OnDisk)

    def add(self, row: Row) -> None:
        """Notes a row that is exported."""
        story, claim, review = row
        self.stories[f"{story.guid} v{story.version}"] = story.digest
        self.reviews[name(row)] = digest(review)
        if claim.by not in self.models:
            self.models = sorted([*self.models, claim.by])

    def write(self, folder: Path) -> None:
        """Writes it into an export's folder."""
        with (folder / NAME).open("w", encoding="utf-8") as file:
            file.writelines(self.lines())

    def lines(self) -> Iterator[str]:
        """It as indented JSON, in order of its keys."""
        for n, (name, value) in enumerate(sorted({"format": FORMAT, **vars(self)}.items())):
            yield f"{',' if n else '{'}\n {json.dumps(name)}: "
            yield from _lines(value)
        yield "\n}\n"


def _lines(value: Any) -> Iterator[str]:
    """A value as JSON indents it, a mapping line by line."""
    if not isinstance(value, Mapping) or not value:
        yield json.dumps({} if isinstance(value, Mapping) else value, indent=1).replace("\n", "\n ")
        return
    for n, key in enumerate(sorted(value) if isinstance(value, dict) else value):
        yield f"{',' if n else '{'}\n  {json.dumps(key)}: {json.dumps(value[key])}"
    yield "\n }"


def read_manifest(path: Path) -> Manifest:
    """A manifest, or that of an export's folder. Errors: BadInput where it is none."""
    file = path / NAME if path.is_dir() else path
    try:
        value: Any = json.loads(file.read_text(encoding="utf-8"))
        if value.pop("format") != FORMAT:
            raise BadInput(f"{file}: a manifest of another format; this software reads format {FORMAT}")
        return Manifest(**value | {"rule": Rule(value.get("rule", Rule.MAJORITY))})
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror or error}; give a manifest.json that `onrecord export` wrote, or its folder") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{file}: is no manifest of an export; give a manifest.json that `onrecord export` wrote") from error


def name(row: Row) -> str:
    """A review's name in a manifest: its annotation's id, and the story where it was fanned out to one."""
    story, _, review = row
    return f"{review.annotation_id} in {story.guid} v{story.version}" if isinstance(review, FannedOut) else str(review.annotation_id)


def digest(review: Review) -> str:
    """SHA-256 of all that a review says, in hex."""
    return hashlib.sha256(json.dumps(review.to_dict(), sort_keys=True).encode()).hexdigest()


def only(rows: Iterable[Row], named: Mapping[str, str], missing: dict[str, str]) -> Iterator[Row]:
    """The rows that a manifest's reviews name. missing: is told, by name, what is there no more or says something else now."""
    left = dict(named)
    for row in rows:
        was = left.pop(name(row), None)
        if was is None:
            continue
        if was != digest(row[2]):
            missing[name(row)] = f"was changed since by {row[2].by}"
        else:
            yield row
    missing |= dict.fromkeys(left, "is in the store no more: deleted, or its story was killed, or updated where it fanned out to it")
