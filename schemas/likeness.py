"""Near-duplicates: MinHash signatures over a text's shingles, and which of many texts are alike."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from schemas.story import body_of

PERMUTATIONS = 128
ALIKE = 0.5
"""Share of shingles in common (Jaccard, estimated) from which two texts count as one story; measured in `docs/versions.md`."""
_SHINGLE = 3
_ROWS = 4
"""Values in a band: with 32 bands, texts with half their shingles in common share one with a probability of 0.87, of 0.6 with 0.99."""
_CROWD = 64
"""Members of a band beyond which each is held against its nearest only: texts that are all alike need no more."""
_WORD = re.compile(r"\w+")
_START = MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=zlib.crc32)
Signatures = NDArray[np.uint32]
"""One row of `PERMUTATIONS` values a text."""


def signature(text: str) -> Signatures:
    """The signature of a text behind its dateline, whatever its case and punctuation."""
    words = _WORD.findall(body_of(text).casefold())
    shingles = {" ".join(words[n : n + _SHINGLE]) for n in range(max(1, len(words) - _SHINGLE + 1))}
    hashed = _START.copy()
    hashed.update_batch([s.encode("utf-8", "surrogatepass") for s in sorted(shingles)])
    return hashed.hashvalues.astype(np.uint32)


def nearest(signatures: Signatures, first: int = 0) -> list[tuple[int, int, float]]:
    """For each text from `first` on that has one before it that is alike: its place, that of the most alike, and how alike they are."""
    best: dict[int, tuple[float, int]] = {}
    for one, other in _candidates(signatures, first):
        alike = (signatures[one] == signatures[other]).mean(axis=1)
        for a, b, j in zip(one[alike >= ALIKE], other[alike >= ALIKE], alike[alike >= ALIKE], strict=True):
            best[int(a)] = max(best.get(int(a), (0.0, 0)), (float(j), -int(b)))
    return [(place, -other, alike) for place, (alike, other) in sorted(best.items())]


def _candidates(signatures: Signatures, first: int) -> Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of a later and an earlier text that share a band, a band at a time."""
    found = []
    for band in range(0, PERMUTATIONS, _ROWS):
        keys = _mixed(signatures[:, band : band + _ROWS])
        order = np.argsort(keys, kind="stable")
        same = keys[order[1:]] == keys[order[:-1]]
        later, earlier = [], []
        reach = same.copy()
        for step in range(1, _CROWD):
            if not reach.any():
                break
            at = np.flatnonzero(reach)
            later.append(order[at + step])
            earlier.append(order[at])
            reach = reach[: len(reach) - 1] & same[step:]
        if later:
            one, other = np.concatenate(later), np.concatenate(earlier)
            new = one >= first
            found.append((one[new], other[new]))
    return found


def _mixed(values: Signatures) -> NDArray[np.uint64]:
    """One number for the values of a band."""
    mixed = np.zeros(len(values), np.uint64)
    for column in values.T:
        mixed = (mixed ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed
