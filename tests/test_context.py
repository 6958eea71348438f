"""A claim as the judge reads it: where its parts stand, what the speaker is called, and what a long claim loses."""

from __future__ import annotations

import numpy as np
import pytest

from annotators.context import CALLED, CONTENT, CUE, LEAD, OPENING, PLAIN, SOURCE, SPEAKER, WINDOW, Context, contexts
from annotators.corpora import Relation
from annotators.models import Model, load_model
from annotators.pieces import split_pieces
from annotators.speakers import resolve

TEXT = (
    "LA PAZ, May 3 - Rain fell.\n\nAna Vidal, the mayor, denied it. It was late in the evening and nobody was out.\n\n"
    "She said on Monday that the road was closed, and left."
)
PARTS = ("She", "said", "the road was closed")


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def read(model: Model, text: str, *relations: Relation) -> list[Context]:
    pieces = split_pieces(text, model.judge.tokenizer)
    return contexts(pieces, relations, resolve(text, relations), model.judge.tokenizer, model.judge.special)


def relation(text: str, source: str, cue: str, content: str) -> Relation:
    return Relation(*(((text.rindex(part), text.rindex(part) + len(part)),) if part else () for part in (source, cue, content)))


def of_kind(model: Model, context: Context, kind: int) -> str:
    ids = [int(i) for i in context.ids[context.kinds == kind] if i not in model.judge.special]
    return str(model.judge.tokenizer.decode(ids))


def test_parts_and_speaker_are_told(model: Model) -> None:
    _, context = read(model, TEXT, relation(TEXT, "Ana Vidal, the mayor", "denied", "it"), relation(TEXT, *PARTS))
    assert of_kind(model, context, SOURCE) == "she"
    assert of_kind(model, context, CUE) == "said"
    assert of_kind(model, context, CONTENT) == "the road was closed"
    assert of_kind(model, context, OPENING).startswith("la paz, may 3 - rain fell")
    assert "ana vidal" in of_kind(model, context, SPEAKER)  # whom *she* leads to
    assert (context.ids[0], context.ids[-1]) == model.judge.special
    assert "on monday that" in of_kind(model, context, PLAIN)  # what stands between the parts is read too


def test_a_claim_without_source_has_no_speaker(model: Model) -> None:
    (context,) = read(model, TEXT, relation(TEXT, "", *PARTS[1:]))
    assert of_kind(model, context, SPEAKER) == of_kind(model, context, SOURCE) == ""


def test_a_long_claim_keeps_source_and_cue_and_loses_its_end(model: Model) -> None:
    long = "the road was closed " + "and the river rose " * 60 + "at last"
    text = TEXT.replace(PARTS[2], long)
    (context,) = read(model, text, relation(text, *PARTS[:2], long))
    assert of_kind(model, context, SOURCE) == "she"
    assert of_kind(model, context, CUE) == "said"
    assert of_kind(model, context, CONTENT).startswith("the road was closed and the river rose")
    assert "at last" not in of_kind(model, context, CONTENT)
    assert len(context.ids) <= LEAD + CALLED + WINDOW + 4


def test_no_claim_is_longer_than_its_budget(model: Model) -> None:
    """Whatever the lengths of its parts, and however far apart they stand."""
    rng = np.random.default_rng(4)
    for _ in range(60):
        words = [" ".join(["road"] * int(rng.integers(1, 90))) for _ in range(4)]
        text = f"Lima. {words[0]} x {words[1]} y {words[2]} z {words[3]}."
        cuts = sorted(int(c) for c in rng.choice(len(text), 6, replace=False))
        spans = [((a, b),) for a, b in zip(cuts[::2], cuts[1::2], strict=True)]
        (context,) = read(model, text, Relation(*spans))
        assert len(context.ids) == len(context.kinds) <= LEAD + CALLED + WINDOW + 4
