"""Decisions that fan out to near-duplicates, among the rows of an export."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from exports.claims_table import Row
from schemas.fanning import FannedOut, words


def with_fanned(rows: Iterable[Row], fanned: Iterable[Row], splits: Mapping[str, str]) -> Iterator[Row]:
    """The rows, a story in one piece, each followed by what fans out to it, where both stories are in one split.

    A claim that was reviewed in the story itself gets nothing from elsewhere, another what one other story has for it.
    """
    left: dict[str, list[Row]] = defaultdict(list)
    for row in fanned:
        if isinstance(row[2], FannedOut) and (split := splits.get(row[2].of)) and split == splits.get(row[0].guid):
            left[row[0].guid].append(row)
    for guid, its in itertools.groupby(rows, key=lambda row: row[0].guid):
        own = list(its)
        yield from own
        yield from _more(own, left.pop(guid, []))
    for guid in sorted(left):
        yield from _more([], left[guid])


def _more(own: Sequence[Row], fanned: Sequence[Row]) -> Iterator[Row]:
    by = {words(model): review.key for _, model, review in own}
    return (row for row in fanned if by.setdefault(words(row[1]), row[2].key) == row[2].key)
