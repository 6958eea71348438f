"""Reviews as a folder that `datasets.load_dataset` reads, written row by row, so that memory stays flat.

claims/SPLIT.parquet       each reviewed claim in its story: the person's word beside the model's (and SPLIT_00001.parquet ...)
attribution/SPLIT.parquet  passages reviewed whole, with all their relations
README.md                  the dataset card
croissant.json             the same for machines
manifest.json              what exactly is in it, from which it can be made again
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exports import claims_table, passages_table
from exports.adjudication import Judge
from exports.agreement import Agreeing
from exports.card import CONFIGS, Count, card
from exports.claims_table import Row, Settled
from exports.croissant import croissant
from exports.manifest import Manifest
from exports.passages_table import Open
from schemas.fanning import FannedOut
from schemas.reviews import Review

_ROWS = 500
"""Rows that are written at once."""
FILE = 50_000
"""Rows after which a split goes on in another file: Parquet keeps an index of each piece written in memory until the file is closed."""
_SAY = 2000
"""Reviews after which the progress is told."""


def write_dataset(
    rows: Iterable[Row],
    out: Path,
    manifest: Manifest,
    waiting: Open | None = None,
    judge: Judge | None = None,
    say: Callable[[int], None] = lambda _: None,
) -> Count:
    """Writes the folder, which must not exist yet, and fills the manifest. Returns what it counted.

    rows: reviewed claims, those of a story in one piece, any number of reviews each; the manifest's `splits` say where a story goes,
    one without a split is left out. waiting: the stretches that nobody has reviewed yet. judge: says which of several people's words
    counts, by default the majority's. say: is told the number of reviews so far.
    """
    judge = judge or Judge(())
    out.mkdir(parents=True, exist_ok=True)
    count, agreeing, done = Count(), Agreeing(), 0
    with _Files(out / "claims", claims_table.features()) as claims, _Files(out / "attribution", passages_table.features()) as passages:
        for guid, its in itertools.groupby(rows, key=lambda row: row[0].guid):
            story_rows = list(its)
            if (split := manifest.splits.get(guid)) is None:
                continue
            tasks = _tasks(story_rows, judge)
            for row in story_rows:
                task = tasks[row[2].key]
                manifest.add(row)
                for flat in claims_table.flat(row, task):
                    claims.add(split, flat)
                    count.claim(split, flat)
            count.settled(tasks.values())
            agreeing.add(review for _, _, review in story_rows if not isinstance(review, FannedOut))
            for passage in passages_table.flat(story_rows, waiting or {}, judge):
                passages.add(split, passage)
                count.passage(split, passage)
            done += len(story_rows)
            if done // _SAY > (done - len(story_rows)) // _SAY:
                say(done)
    (out / "README.md").write_text(card(count, manifest, agreeing.figures()), encoding="utf-8")
    (out / "croissant.json").write_text(croissant(out, {c: count.splits(c) for c in CONFIGS}, manifest), encoding="utf-8")
    manifest.write(out)
    return count


def _tasks(rows: list[Row], judge: Judge) -> dict[str, Settled]:
    """What counts of each task of a story."""
    tasks: dict[str, list[Review]] = defaultdict(list)
    for _, _, review in rows:
        tasks[review.key].append(review)
    return {key: Settled.by(judge, reviews) for key, reviews in tasks.items()}


class _Files:
    """A split's Parquet files, the first made when its first row comes; a story lies in one of them."""

    def __init__(self, folder: Path, features: Any) -> None:
        self._folder, self._features = folder, features
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._files, self._written = Counter[str](), Counter[str]()
        self._story: dict[str, str] = {}

    def __enter__(self) -> _Files:
        return self

    def add(self, split: str, row: dict[str, Any]) -> None:
        if self._written[split] >= FILE and row["story_id"] != self._story[split]:
            self._close(split)
        self._rows[split].append(self._features.encode_example(row))
        self._story[split] = row["story_id"]
        self._written[split] += 1
        if len(self._rows[split]) == _ROWS:
            self._flush(split)

    def _flush(self, split: str) -> None:
        schema = self._features.arrow_schema
        if split not in self._writers:
            self._folder.mkdir(parents=True, exist_ok=True)
            number = f"_{self._files[split]:05}" if self._files[split] else ""
            self._writers[split] = pq.ParquetWriter(self._folder / f"{split}{number}.parquet", schema)
        self._writers[split].write_table(pa.Table.from_pylist(self._rows.pop(split), schema=schema))

    def _close(self, split: str) -> None:
        if self._rows[split]:
            self._flush(split)
        self._writers.pop(split).close()
        self._files[split] += 1
        self._written[split] = 0

    def __exit__(self, *error: object) -> None:
        try:
            for split in list(self._rows) if not error[0] else []:
                self._flush(split)
        finally:
            for writer in self._writers.values():
                writer.close()
