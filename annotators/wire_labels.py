"""Reads labels of real wire stories whose text is not in the repository: offsets and labels, the text told by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from annotators.claimset import Labelled, Passage
from annotators.corpora import read_relation
from annotators.judging import JUDGED
from annotators.tags import ROLES
from schemas.errors import BadData
from schemas.labels import CHOICES


def read_wire_labels(path: Path, texts: Iterable[str]) -> tuple[list[Passage], int]:
    """The labelled stories of a file whose texts are given, and how many it has in all.

    A row has `id`, perhaps `country`, `text_sha256` and `claims`: stretches of source, cue and content, and those of role, modality
    and stance that are labelled. Errors: BadData names the line and the fault.
    """
    known = {_hash(text): text for text in texts}
    passages, total = [], 0
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = json.loads(line)
            total += 1
            if row["text_sha256"] in known:
                passages.append(_passage(row, known[row["text_sha256"]]))
        except KeyError as error:
            raise BadData(f"{path}, line {number}: lacks the key {error}") from error
        except (BadData, ValueError) as error:
            raise BadData(f"{path}, line {number}: {error}") from error
    return passages, total


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _passage(row: dict[str, Any], text: str) -> Passage:
    claims = tuple(Labelled(read_relation({role: claim[role] for role in ROLES}, text), _labels(claim)) for claim in row["claims"])
    return Passage(row["id"], row["id"], row.get("country", ""), text, claims)


def _labels(claim: dict[str, Any]) -> dict[str, str]:
    labels = {name: claim[name] for name in JUDGED if name in claim}
    for name, label in labels.items():
        if label not in [str(x) for x in CHOICES[name]]:
            raise BadData(f"{name} {label!r} is not one of {', '.join(CHOICES[name])}")
    return labels
