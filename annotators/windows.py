"""Where a model's windows lie in a story: cut by what the text says, so that the same passage is cut alike wherever it stands.

A text of one window's length or less is one window. A longer one is cut where a piece is the foremost of all within `APART`
pieces on either side: paragraph starts go before sentence starts and these before the rest, and among equals a hash of the next
pieces decides. Cuts that a window can do without are taken back, the least fit first. So text put in front of a story moves its
first cuts at most; the windows after them stay the same. Each window reads `CONTEXT` pieces beyond its cuts on both sides.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from annotators.pieces import FIRST, Pieces

SIZE, CONTEXT, APART = 320, 16, 120
"""Longest window, what it reads beyond each of its cuts, and how far cuts lie apart at the least, in pieces."""
_LOOK = 8
"""Pieces that a hash looks at."""
_LAST = np.int64(1) << 40


def windows(pieces: Pieces, size: int = SIZE, context: int = CONTEXT, apart: int = APART) -> list[tuple[int, int]]:
    """Ranges of at most `size` pieces that cover a story, in order, each sharing `context` pieces or more with the next."""
    count = len(pieces)
    if count <= size:
        return [(0, count)] if count else []
    core = size - 2 * context
    edges = [0]
    for a, b in itertools.pairwise(_edges(pieces, core, apart)):
        number = -(-(b - a) // core)
        edges += [a + round((b - a) * i / number) for i in range(1, number + 1)]
    return [(max(0, a - context), min(count, b + context)) for a, b in itertools.pairwise(edges)]


def _edges(pieces: Pieces, core: int, apart: int) -> list[int]:
    """The story's ends and its cuts, of which those are taken back, the least fit first, between which a window can do without."""
    order = _order(pieces)
    cuts = _cuts(order, apart)
    edges = [0, *cuts, len(pieces)]
    for cut in sorted(cuts, key=lambda at: -order[at]):
        at = bisect_left(edges, cut)
        if edges[at + 1] - edges[at - 1] <= core:
            del edges[at]
    return edges


def _cuts(order: np.ndarray, apart: int) -> list[int]:
    """Pieces that are the foremost within `apart` on both sides, none nearer than half of it to the story's ends."""
    edge = np.full(apart, _LAST)
    foremost = sliding_window_view(np.concatenate([edge, order, edge]), 2 * apart + 1).min(1)
    found = np.flatnonzero(order == foremost)
    return found[(found >= apart // 2) & (found <= len(order) - apart // 2)].tolist()


def _order(pieces: Pieces) -> np.ndarray:
    """(n,) how fit a piece is to begin a window, the fittest lowest."""
    rank = np.where(pieces.feature >= FIRST, 0, np.where(pieces.opens, 1, 2)).astype(np.int64)
    ahead = np.concatenate([pieces.ids, np.zeros(_LOOK, dtype=np.int64)]).astype(np.uint64)
    mixed = np.zeros(len(pieces), dtype=np.uint64)
    for step in range(_LOOK):
        mixed = (mixed + ahead[step : step + len(pieces)] + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return (rank << 32) + (mixed >> np.uint64(32)).astype(np.int64)
