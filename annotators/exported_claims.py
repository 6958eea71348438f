"""Reads the reviewed claims of a folder that `onrecord export` wrote: to train the judge on, and to measure models on."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotators.claimset import Labelled, Passage
from annotators.corpora import Article, Relation, read_relation
from annotators.evaluation import GoldClaims
from annotators.exported import tables
from annotators.judging import JUDGED
from annotators.tags import ROLES
from schemas.errors import BadData
from schemas.labels import CHOICES, VERSION, Problem

ELEMENTS = tuple(name for name in CHOICES if name != "quotation")
_NEEDED = (
    "task_key",
    "story_id",
    "story_version",
    "agency",
    "text",
    "annotator",
    "updated",
    "skipped",
    "problems",
    "fanned_out_from",
    *ROLES,
    *ELEMENTS,
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Reviewed:
    """A story with the claims that people have decided on, its tasks in the claims' order, and who wrote it."""

    gold: GoldClaims
    tasks: tuple[str, ...]
    agency: str


def read_reviewed(folder: Path, split: str) -> list[Reviewed]:
    """The reviewed claims of a split by story; none where it has no such split. Of several reviews of a task the settled label counts.

    A decision fanned out to a near-duplicate is left out: it has the same words; so is what was last ticked as no claim.
    Errors: BadData names file, row (from 1) and fault.
    """
    stories: dict[tuple[str, int], dict[str, Row]] = defaultdict(dict)
    for row in (row for path in tables(folder, "claims", split) for row in _rows(path)):
        if row["skipped"] or row["fanned_out_from"] or not row["cue"] or not row["content"] or all(row[name] is None for name in ELEMENTS):
            continue
        its = stories[row["story_id"], row["story_version"]]
        if row["task_key"] not in its or row["updated"] > its[row["task_key"]]["updated"]:
            its[row["task_key"]] = row
    kept = {story: [row for row in its.values() if Problem.NOT_A_CLAIM not in (row["problems"] or ())] for story, its in stories.items()}
    return [_story(f"{guid} v{version}", rows) for (guid, version), rows in sorted(kept.items()) if rows]


def to_passages(stories: Sequence[Reviewed]) -> list[Passage]:
    """The same as the project's own written claims are given to training, where there is something for the judge to learn."""
    return [_passage(story) for story in stories if any(labels[name] for labels in story.gold.labels for name in JUDGED)]


def _passage(story: Reviewed) -> Passage:
    article, labels = story.gold.article, story.gold.labels
    claims = tuple(Labelled(r, {n: x for n, x in its.items() if x}) for r, its in zip(article.relations, labels, strict=True))
    return Passage(article.id, article.id, story.agency, article.text, claims)


def _story(name: str, rows: Sequence[Row]) -> Reviewed:
    relations = tuple(row["relation"] for row in rows)
    labels = [dict.fromkeys(CHOICES) | {name: row[name] for name in ELEMENTS} for row in rows]
    gold = GoldClaims(Article(name, rows[0]["text"], relations), labels)
    return Reviewed(gold, tuple(row["task_key"] for row in rows), rows[0]["agency"] or "")


def _rows(path: Path) -> Iterator[Row]:
    """Rows with labels as words and parts as a relation; what was settled stands in place of what one person said."""
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            missing = [name for name in _NEEDED if name not in names]
            if missing:
                raise BadData(f"{path}: lacks the columns {', '.join(missing)}; make the export again with this version")
            words = _label_names(file.schema_arrow, path)
            settled = [f"settled_{name}" for name in ELEMENTS if f"settled_{name}" in names]
            number = 0
            for batch in file.iter_batches(batch_size=256, columns=[*_NEEDED, *settled]):
                for row in batch.to_pylist():
                    number += 1
                    yield _read(row, words, bool(settled), f"{path}, row {number}")
    except (pa.ArrowException, OSError) as error:
        raise BadData(f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}") from error


def _read(row: Row, words: dict[str, list[str]], settled: bool, where: str) -> Row:
    for name in ELEMENTS:
        number = row.pop(f"settled_{name}", None) if settled else row[name]
        row[name] = None if number is None else words[name][number]
    try:
        row["relation"] = read_relation({role: [[s["start"], s["end"]] for s in row[role] or ()] for role in ROLES}, row["text"])
        relation: Relation = row["relation"]
        for role in ROLES:
            for (a, b), span in zip(getattr(relation, role), sorted(row[role] or (), key=lambda s: s["start"]), strict=True):
                if row["text"][a:b] != span["text"]:
                    raise BadData(f"{role} [{a}, {b}] is {row['text'][a:b]!r} in the text, not {span['text']!r}")
    except BadData as error:
        raise BadData(f"{where} (task {row['task_key']!r}): {error}") from error
    return row


def _label_names(schema: pa.Schema, path: Path) -> dict[str, list[str]]:
    """What the numbers of each element stand for. Errors: BadData for labels that this software does not have."""
    try:
        kinds = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        found = {name: list(kinds[name]["names"]) for name in ELEMENTS}
    except (KeyError, TypeError, ValueError) as error:
        raise BadData(f"{path}: does not say what its labels are called; expected what `onrecord export` wrote") from error
    for name, labels in found.items():
        gone = [label for label in labels if label not in [str(x) for x in CHOICES[name]]]
        if gone:
            raise BadData(
                f"{path}: has the label {gone[0]!r} of {name}, which label set {VERSION} has not; `onrecord relabel`, then export again"
            )
    return found
