"""Which split each story belongs to, so that nothing of the test set is known from training.

Stories of one day go together, and so do the versions of one story and stories whose texts are nearly the same, whatever their day,
and the stories of a cluster.
A story keeps the split that it once got: a late one that is near to two stories of different splits is left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from datasketch import MinHashLSH

from exports.aside import aside, to_bytes, to_str
from schemas.errors import BadData
from schemas.likeness import PERMUTATIONS, Signatures, signature
from schemas.sampling import place
from schemas.story import Story

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
SHARE = 0.1
"""Of the days, to validation and to test each."""
NEAR = 0.3
"""Estimated share of common shingles from which a text knows another: less than makes two texts one story."""

_SHARING = """
SELECT name, signature FROM texts
WHERE number IN (SELECT number FROM bands WHERE band IN (SELECT value FROM json_each(?))) ORDER BY number
"""


@dataclass
class Splits:
    """of: the split of each story by guid; left_out: why a story is in none."""

    of: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def split_stories(stories: Iterable[Story], kept: Mapping[str, str], clusters: Mapping[str, str] | None = None) -> Splits:
    """The split of each story. kept: those of earlier exports by guid, which stand; clusters: the cluster by guid.

    The first story of all goes to training, so that a small export has something to learn from.
    """
    splits, near = Splits(), _Near()
    of_cluster: dict[str, str] = {}
    for story in _in_order(stories, kept):
        like = {name: splits.of[name] for name in near.like(story.signature) if name in splits.of}
        own = kept.get(story.guid) or splits.of.get(story.guid)
        cluster = (clusters or {}).get(story.guid, story.guid)
        if own is None:
            own = of_cluster.get(cluster) or next(iter(like.values()), None) or (_drawn(story) if splits.of else TRAIN)
        other = next((name for name, split in like.items() if split != own), None)
        if other is not None:
            splits.of.pop(story.guid, None)
            splits.left_out[story.guid] = f"near to {other}, which is in {like[other]}"
        if story.guid in splits.left_out:
            continue
        splits.of[story.guid] = own
        of_cluster.setdefault(cluster, own)
        near.add(story.guid, story.signature)
    return splits


def check_no_leak(stories: Iterable[Story], of: Mapping[str, str]) -> None:
    """Proves, apart from how the splits were made, that no text of one split is nearly one of another. Errors: BadData names both."""
    near = _Near()
    for story in stories:
        if story.guid not in of:
            continue
        mine = signature(story.text)
        for other in near.like(mine):
            if of[other] != of[story.guid]:
                raise BadData(f"leak: {story.guid!r} in {of[story.guid]} is nearly {other!r} in {of[other]}; nothing was exported")
        near.add(story.guid, mine)


class _Placed(NamedTuple):
    """What of a story its split depends on."""

    guid: str
    published: str
    signature: Signatures


def _in_order(stories: Iterable[Story], kept: Mapping[str, str]) -> Iterator[_Placed]:
    """Those that have a split first, then by time; held on disk until all are there."""
    db = aside()
    db.execute("CREATE TABLE stories (new INTEGER, published TEXT, guid BLOB, version INTEGER, signature BLOB)")
    for s in stories:
        row = (s.guid not in kept, s.published, to_bytes(s.guid), s.version, signature(s.text).tobytes())
        db.execute("INSERT INTO stories VALUES (?, ?, ?, ?, ?)", row)
    ordered = db.execute("SELECT guid, published, signature FROM stories ORDER BY new, published, guid, version, rowid")
    return (_Placed(to_str(guid), published, np.frombuffer(mine, np.uint32)) for guid, published, mine in ordered)


def _drawn(story: _Placed) -> str:
    at = place(story.published[:10] or story.guid, "split")
    return TEST if at < SHARE else VALIDATION if at < 2 * SHARE else TRAIN


class _Near:
    """Finds texts that are near to one that was added: those that share a band with it (MinHash LSH, on disk) and are like it."""

    def __init__(self) -> None:
        sized = MinHashLSH(threshold=NEAR, num_perm=PERMUTATIONS)
        self._bands, self._rows = sized.b, sized.r
        self._db = aside()
        self._db.execute("CREATE TABLE texts (number INTEGER PRIMARY KEY, name BLOB, signature BLOB)")
        self._db.execute("CREATE TABLE bands (band INTEGER, number INTEGER, PRIMARY KEY (band, number)) WITHOUT ROWID")

    def like(self, mine: Signatures) -> list[str]:
        """Names of the near texts, in the order in which they were added."""
        found = self._db.execute(_SHARING, (json.dumps(self._of(mine)),))
        near = [name for name, other in found if np.mean(np.frombuffer(other, np.uint32) == mine) >= NEAR]
        return [to_str(name) for name in dict.fromkeys(near)]

    def add(self, name: str, mine: Signatures) -> None:
        """Adds a text under a name."""
        number = self._db.execute("INSERT INTO texts (name, signature) VALUES (?, ?)", (to_bytes(name), mine.tobytes())).lastrowid
        for band in self._of(mine):
            self._db.execute("INSERT OR IGNORE INTO bands VALUES (?, ?)", (band, number))

    def _of(self, mine: Signatures) -> list[int]:
        """Its bands, a number each."""
        parts = mine[: self._bands * self._rows].reshape(self._bands, self._rows)
        hashed = (hashlib.blake2b(part.tobytes(), digest_size=8, salt=b"%d" % n) for n, part in enumerate(parts))
        return [int.from_bytes(h.digest(), "big", signed=True) for h in hashed]
