"""Reads a folder that `onrecord export` wrote as articles to train attribution on: its passages reviewed whole.

Elsewhere nobody has said that there is no claim.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotators.corpora import Article, Relation, read_relation
from annotators.tags import ROLES
from schemas.errors import BadData, BadInput
from schemas.spans import cut

TRAIN, VALIDATION, TEST = "train", "validation", "test"
"""The splits of an export: to learn from, to measure on, and those by which models are let in, which no training reads."""
PASSAGES = "attribution"
DEV_SHARE = 0.1

_SPANS = pa.list_(pa.struct({"start": pa.int32(), "end": pa.int32(), "text": pa.string()}))
_COLUMNS = {name: pa.string() for name in ("id", "story_id", "agency", "text")} | {
    "relations": pa.list_(pa.struct(dict.fromkeys(ROLES, _SPANS)))
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Export:
    """The passages reviewed whole by their story's guid; the stories to measure on."""

    stories: dict[str, list[Article]]
    validation: frozenset[str] = frozenset()


def tables(folder: Path, config: str, split: str) -> list[Path]:
    """The files of a split of an export, in order; none where it is empty."""
    return sorted((folder / config).glob(f"{split}*.parquet"))


def read_export(folder: Path, splits: Sequence[str] = (TRAIN, VALIDATION)) -> Export:
    """The passages that people reviewed whole, of the splits to learn from or those named; one that is not there is empty.

    Errors: BadData names file, row (from 1) and fault.
    """
    stories: dict[str, list[Article]] = defaultdict(list)
    validation: set[str] = set()
    for split in splits:
        for row, article in (found for path in tables(folder, PASSAGES, split) for found in _articles(path)):
            stories[row["story_id"]].append(article)
            validation |= {row["story_id"]} if split == VALIDATION else set()
    return Export(dict(stories), frozenset(validation))


def split_stories(export: Export) -> tuple[list[Article], list[Article]]:
    """Train and dev articles: the export's own validation split is dev, and about one story in ten where it has none.

    Errors: BadInput where there are fewer than two stories.
    """
    stories = export.stories
    if len(stories) < 2:
        raise BadInput(
            f"{len(stories)} stories with passages reviewed whole: training needs at least 2, one of them to measure on; "
            'review more in Label Studio, tick "whole passage" there, then `onrecord pull` and `onrecord export`'
        )
    order = sorted(stories, key=lambda guid: (guid not in export.validation, _lot(guid)))
    dev = len(export.validation) or max(1, sum(_lot(guid) < DEV_SHARE for guid in order))
    dev = min(dev, len(order) - 1)
    return [a for guid in order[dev:] for a in stories[guid]], [a for guid in order[:dev] for a in stories[guid]]


def _lot(guid: str) -> float:
    """A number from 0 to 1 that the guid alone decides."""
    return int.from_bytes(hashlib.sha256(guid.encode("utf-8", "surrogatepass")).digest()[:6], "big") / 2**48


def _articles(path: Path) -> Iterator[tuple[Row, Article]]:
    for number, row in enumerate(_rows(path), 1):
        try:
            missing = [name for name in ("id", "story_id", "text") if not (row[name] or "").strip()]
            if missing:
                raise BadData(f"nothing stands in {', '.join(missing)}")
            relations = tuple(_relation(relation, row["text"]) for relation in row["relations"] or ())
            yield row, Article(row["id"], row["text"], relations, row["agency"] or "")
        except BadData as error:
            raise BadData(f"{path}, row {number} ({row['id']!r}): {error}") from error


def _rows(path: Path) -> Iterator[Row]:
    try:
        with pq.ParquetFile(path) as file:
            for name, kind in _COLUMNS.items():
                if name not in file.schema_arrow.names or file.schema_arrow.field(name).type != kind:
                    raise BadData(f"{path}: lacks the column {name} of type {kind}; expected what `onrecord export` wrote")
            for batch in file.iter_batches(batch_size=256, columns=list(_COLUMNS)):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadData(f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}") from error


def _relation(row: Row | None, text: str) -> Relation:
    if row is None:
        raise BadData("a relation without parts")
    return read_relation({role: [_range(span, text, role) for span in row[role] or ()] for role in ROLES}, text)


def _range(span: Row | None, text: str, name: str) -> list[int]:
    if span is None or None in span.values():
        raise BadData(f"{name} has a span without start, end or text")
    try:
        there = cut(text, span["start"], span["end"])
    except BadData as error:
        raise BadData(f"{name}: {error}") from error
    if there.text != span["text"]:
        raise BadData(f"{name} [{there.start}, {there.end}] is {there.text!r} in the text, not {span['text']!r}")
    return [there.start, there.end]
