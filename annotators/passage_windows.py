"""The project's written passages as windows that attribution learns from beside articles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from annotators.batches import Batch, Gold, collate, gold_of
from annotators.corpora import Article, Relation
from annotators.tags import ROLES

if TYPE_CHECKING:
    import random

    from tokenizers import Tokenizer

    from annotators.claimset import Passage


def passage_window(passage: Passage, tokenizer: Tokenizer) -> Gold:
    """A passage's tags; outer relations keep their pieces from inner ones, as the tag layer is flat."""
    relations = sorted((claim.relation for claim in passage.claims), key=_extent, reverse=True)
    return gold_of(Article(passage.id, passage.text, tuple(relations)), tokenizer)


def passage_batches(windows: Sequence[Gold], size: int, batch: int, special: tuple[int, int], rng: random.Random) -> list[Batch]:
    """One epoch's batches of passages, those of like length together; a passage longer than `size` pieces loses its end."""
    shuffled = sorted(windows, key=lambda gold: (len(gold.pieces) // 24, rng.random()))
    groups = [shuffled[i : i + batch] for i in range(0, len(shuffled), batch)]
    return [collate([(gold, 0, min(len(gold.pieces), size)) for gold in group], special, written=True) for group in groups]


def _extent(relation: Relation) -> int:
    spans = [s for role in ROLES for s in getattr(relation, role)]
    return max(b for _, b in spans) - min(a for a, _ in spans)
