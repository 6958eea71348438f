"""Decisions that fan out to near-duplicates, among the rows of an export."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from exports.aside import aside, to_bytes, to_str
from exports.claims_table import Row
from schemas.claim import Claim
from schemas.fanning import FannedOut, words
from schemas.story import Story


class Fanned:
    """Rows that were fanned out, in order of story, task and annotation, held on disk."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._db = aside()
        self._db.execute("CREATE TABLE stories (guid BLOB PRIMARY KEY, version INTEGER, payload TEXT)")
        self._db.execute("CREATE TABLE rows (guid BLOB, task BLOB, annotation INTEGER, payload TEXT)")
        for story, claim, review in rows:
            guid = to_bytes(story.guid)
            self._db.execute("INSERT OR REPLACE INTO stories VALUES (?, ?, ?)", (guid, story.version, json.dumps(story.to_dict())))
            payload = json.dumps([claim.to_dict(), review.to_dict()])
            self._db.execute("INSERT INTO rows VALUES (?, ?, ?, ?)", (guid, to_bytes(review.key), review.annotation_id, payload))
        self._db.execute("CREATE INDEX by_story ON rows (guid, task, annotation)")

    def __iter__(self) -> Iterator[Row]:
        for guid, _ in self.stories():
            yield from self.of(guid)

    def stories(self) -> Iterator[tuple[str, int]]:
        """The stories that something fans out to, guid and version, in order."""
        return ((to_str(guid), version) for guid, version in self._db.execute("SELECT guid, version FROM stories ORDER BY guid"))

    def story(self, guid: str) -> Story:
        """One of these."""
        (payload,) = self._db.execute("SELECT payload FROM stories WHERE guid = ?", (to_bytes(guid),)).fetchone()
        return Story.from_dict(json.loads(payload))

    def of(self, guid: str) -> list[Row]:
        """What fans out to a story."""
        found = self._db.execute("SELECT payload FROM rows WHERE guid = ? ORDER BY task, annotation, rowid", (to_bytes(guid),)).fetchall()
        story = self.story(guid) if found else None
        said = (json.loads(payload) for (payload,) in found)
        return [(story, Claim.from_dict(claim), FannedOut.from_dict(review)) for claim, review in said] if story else []


def with_fanned(rows: Iterable[Row], fanned: Fanned, splits: Mapping[str, str]) -> Iterator[Row]:
    """The rows, a story in one piece, each followed by what fans out to it, where both stories are in one split.

    A claim that was reviewed in the story itself gets nothing from elsewhere, another what one other story has for it.
    """
    left = {guid for guid, _ in fanned.stories()}
    for guid, its in itertools.groupby(rows, key=lambda row: row[0].guid):
        own = list(its)
        yield from own
        if guid in left:
            left.remove(guid)
            yield from _more(own, fanned.of(guid), splits)
    for guid in sorted(left):
        yield from _more([], fanned.of(guid), splits)


def _more(own: Sequence[Row], fanned: Sequence[Row], splits: Mapping[str, str]) -> Iterator[Row]:
    by = {words(model): review.key for _, model, review in own}
    for row in fanned:
        together = isinstance(row[2], FannedOut) and (split := splits.get(row[2].of)) and split == splits.get(row[0].guid)
        if together and by.setdefault(words(row[1]), row[2].key) == row[2].key:
            yield row
