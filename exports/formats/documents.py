"""What the other formats are made from: each story version of an export with its claims, of several reviews of a task what counts."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exports.adjudication import ELEMENTS
from exports.claims_table import PARTS, features, is_none
from schemas.labels import CHOICES, HUMAN_ONLY

Span = tuple[int, int]
_BATCH = 200
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Relation:
    """A claim: its parts' stretches, and its labels in words. number: from 1, in the order of the text."""

    number: int
    source: tuple[Span, ...]
    cue: tuple[Span, ...]
    content: tuple[Span, ...]
    labels: dict[str, str]
    key: str
    annotator: str
    updated: str

    @property
    def parts(self) -> list[tuple[str, tuple[Span, ...]]]:
        """The parts that are there, by name."""
        return [(name, spans) for name in PARTS if (spans := getattr(self, name))]


@dataclass(frozen=True)
class Document:
    """A story version. name: fit for a file."""

    id: str
    version: int
    headline: str
    agency: str
    published: str
    text: str
    relations: tuple[Relation, ...]

    @property
    def name(self) -> str:
        """Its id as a file name, made unmistakable by a hash."""
        digest = hashlib.sha256(f"{self.id}\x1d{self.version}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"{re.sub(r'[^A-Za-z0-9]+', '-', self.id)[:60]}-{digest}"

    def tokens(self) -> Iterator[list[Span]]:
        """Words and marks, a paragraph at a time."""
        for paragraph in re.finditer(r"[^\n]+", self.text):
            if tokens := [(m.start() + paragraph.start(), m.end() + paragraph.start()) for m in _TOKEN.finditer(paragraph[0])]:
                yield tokens


def documents(folder: Path) -> Iterator[Document]:
    """The documents of an export, split by split."""
    for path in sorted((folder / "claims").glob("*.parquet")):
        for _, rows in itertools.groupby(_rows(path), key=lambda row: (row["story_id"], row["story_version"])):
            yield _document(list(rows))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq
    from datasets import ClassLabel

    kinds = {name: kind for name, kind in features().items() if isinstance(kind, ClassLabel)}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH):
            for row in batch.to_pylist():
                yield row | {name: None if row[name] is None else kind.int2str(row[name]) for name, kind in kinds.items()}


def _document(rows: list[dict[str, Any]]) -> Document:
    kept = [row for row in rows if row["counts"] and not row["skipped"] and any(row[p] for p in PARTS) and not is_none(row)]
    kept.sort(key=lambda row: ([(s["start"], s["end"]) for p in PARTS for s in row[p]], row["key"]))
    relations = tuple(_relation(number, row) for number, row in enumerate(kept, 1))
    first = rows[0]
    known = {name: first[name] for name in ("headline", "agency", "published", "text")}
    return Document(id=first["story_id"], version=first["story_version"], relations=relations, **known)


def _relation(number: int, row: dict[str, Any]) -> Relation:
    own = row["model_score"] is not None  # of a claim that somebody added nothing was settled
    counted = {name: row[f"settled_{name}" if own and name in ELEMENTS else name] for name in (*CHOICES, *HUMAN_ONLY)}
    labels = {name: label for name, label in counted.items() if label}
    source, cue, content = (tuple((s["start"], s["end"]) for s in row[p]) for p in PARTS)
    return Relation(number, source, cue, content, labels, row["key"], row["annotator"], row["updated"])
