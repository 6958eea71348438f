"""Which split each story belongs to, so that nothing of the test set is known from training.

Stories of one day go together, and so do the versions of one story and stories whose texts are nearly the same, whatever their day,
and the stories of a cluster.
A story keeps the split that it once got: a late one that is near to two stories of different splits is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from datasketch import MinHash, MinHashLSH

from schemas.errors import BadData
from schemas.likeness import PERMUTATIONS, signature
from schemas.sampling import place
from schemas.story import Story

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
SHARE = 0.1
"""Of the days, to validation and to test each."""
NEAR = 0.3
"""Estimated share of common shingles from which a text knows another: less than makes two texts one story."""


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
    order = sorted(stories, key=lambda s: (s.guid not in kept, s.published, s.guid, s.version))
    for story in order:
        like = {name: splits.of[name] for name in near.like(story.text) if name in splits.of}
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
        near.add(story.guid, story.text)
    return splits


def check_no_leak(stories: Iterable[Story], of: Mapping[str, str]) -> None:
    """Proves, apart from how the splits were made, that no text of one split is nearly one of another. Errors: BadData names both."""
    near = _Near()
    for story in stories:
        if story.guid not in of:
            continue
        for other in near.like(story.text):
            if of[other] != of[story.guid]:
                raise BadData(f"leak: {story.guid!r} in {of[story.guid]} is nearly {other!r} in {of[other]}; nothing was exported")
        near.add(story.guid, story.text)


def _drawn(story: Story) -> str:
    at = place(story.published[:10] or story.guid, "split")
    return TEST if at < SHARE else VALIDATION if at < 2 * SHARE else TRAIN


class _Near:
    """Finds texts that are near to one that was added (see `schemas.likeness`)."""

    def __init__(self) -> None:
        self._index = MinHashLSH(threshold=NEAR, num_perm=PERMUTATIONS)
        self._names: dict[str, str] = {}
        self._signatures: dict[str, np.ndarray] = {}

    def like(self, text: str) -> list[str]:
        """Names of the near texts, in the order in which they were added."""
        mine = signature(text)
        found = [key for key in self._index.query(_sketch(mine)) if np.mean(self._signatures[key] == mine) >= NEAR]
        return list(dict.fromkeys(self._names[key] for key in sorted(found)))

    def add(self, name: str, text: str) -> None:
        """Adds a text under a name."""
        key = f"{len(self._names):012d}"
        self._names[key], self._signatures[key] = name, signature(text)
        self._index.insert(key, _sketch(self._signatures[key]))


def _sketch(signature: np.ndarray) -> MinHash:
    return MinHash(num_perm=PERMUTATIONS, seed=1, hashvalues=signature, scheme="affine32")
