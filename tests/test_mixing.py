"""Claims mixed of others: apart and together again, what is swapped, what stays, and another tokenizer's pieces."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from annotators.context import CONTENT, CUE, OPENING, PLAIN, SOURCE, SPEAKER, WINDOW, Context, assembled
from annotators.mixing import mixed, parts, spoken, translated
from annotators.models import special_ids

SPECIAL = (1, 2)
PIECES = st.lists(st.integers(10, 99), max_size=12)


@st.composite
def claims(draw: st.DrawFn) -> Context:
    """A claim: perhaps no source, always a cue and a content."""
    stretches = [
        (PLAIN, draw(PIECES)),
        (SOURCE, draw(PIECES)),
        (CUE, draw(PIECES.filter(bool))),
        (CONTENT, draw(st.lists(st.integers(10, 99), min_size=1, max_size=80))),
    ]
    window = np.array([piece for _, pieces in stretches for piece in pieces])
    kinds = np.array([kind for kind, pieces in stretches for _ in pieces])
    return assembled(draw(PIECES), draw(PIECES), window, kinds, SPECIAL)


@given(claims())
def test_apart_and_together_again(claim: Context) -> None:
    its = parts(claim)
    again = assembled(its.opening, its.called, its.window, its.kinds, SPECIAL)
    assert again.ids.tolist() == claim.ids.tolist()
    assert again.kinds.tolist() == claim.kinds.tolist()


@given(st.lists(st.lists(claims(), max_size=4), max_size=4), st.integers(0, 9))
def test_whole_claims_of_pieces_that_there_were(stories: list[list[Context]], seed: int) -> None:
    made = list(mixed(stories, SPECIAL, random.Random(seed)))
    everyone = [claim for story in stories for claim in story]
    assert len(made) == 2 * len(everyone)
    known = {
        kind: {tuple(parts(c).of(kind).tolist()) for c in everyone} | {tuple(c.ids[c.kinds == kind].tolist()) for c in everyone}
        for kind in (SOURCE, CUE, SPEAKER, OPENING)
    }
    for new, old in zip(made, [claim for claim in everyone for _ in range(2)], strict=True):
        its = parts(new)
        assert len(its.window) <= WINDOW
        assert CONTENT in its.kinds or len(its.window) == WINDOW
        assert set(its.of(CONTENT).tolist()) <= set(parts(old).of(CONTENT).tolist())  # what is said stays, or a part of it
        for kind in (SOURCE, CUE):
            assert tuple(its.of(kind).tolist()) in known[kind]
        for kind in (SPEAKER, OPENING):
            assert tuple(new.ids[new.kinds == kind].tolist()) in known[kind]
        if SOURCE not in parts(old).kinds:
            assert SOURCE not in its.kinds  # nobody's words stay nobody's


@given(
    st.lists(st.lists(claims(), min_size=1, max_size=4), min_size=1, max_size=3),
    st.lists(PIECES.filter(bool), max_size=5),
    st.integers(0, 9),
)
def test_sentences_are_said_by_speakers_that_there_were(stories: list[list[Context]], sentences: list[list[int]], seed: int) -> None:
    made = list(spoken(map(np.array, sentences), stories, SPECIAL, random.Random(seed)))
    before = [parts(claim) for story in stories for claim in story]
    assert len(made) == len(sentences)
    for new, sentence in zip(map(parts, made), sentences, strict=True):
        likely = [p for p in before if p.opening.tolist() == new.opening.tolist() and p.called.tolist() == new.called.tolist()]
        assert any(p.of(SOURCE).tolist() == new.of(SOURCE).tolist() and p.of(CUE).tolist() == new.of(CUE).tolist() for p in likely)
        assert new.of(CONTENT).tolist() == sentence[: len(new.of(CONTENT))]
        assert len(new.of(CONTENT)) == len(sentence) or len(new.window) == WINDOW


def test_the_same_seed_mixes_the_same() -> None:
    story = [
        Context(np.arange(20), np.array([0, 1, 1, 2, 2, 0, 3, 3, 4, *[5] * 10, 0])),
        Context(np.arange(30, 38), np.array([0, 1, 2, 3, 4, 5, 5, 0])),
    ]
    first, second = ([c.ids.tolist() for c in mixed([story], SPECIAL, random.Random(seed), each=20)] for seed in (3, 3))
    assert first == second
    assert len({tuple(ids) for ids in first}) > 10


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("the minister", "the army had lost"),
        ("Zhyvitskaya", "nothing"),  # a name of several pieces
        ("he", "it's 5.5 per cent, or less"),
        ("", "no"),  # nobody's words
    ],
)
def test_in_another_tokenizers_pieces(source: str, content: str) -> None:
    """The shipped tokenizer to itself gives the same pieces, kinds too."""
    tokenizer = Tokenizer.from_file(str(Path(__file__).resolve().parents[1] / "annotators" / "weights" / "claims-small" / "tokenizer.json"))
    special = special_ids(tokenizer, ("[CLS]", "[SEP]"))
    stretches = [(kind, tokenizer.encode(words, add_special_tokens=False).ids) for kind, words in ((SOURCE, source), (CONTENT, content))]
    window = np.array([piece for _, pieces in stretches for piece in pieces])
    kinds = np.array([kind for kind, pieces in stretches for _ in pieces])
    claim = assembled(tokenizer.encode("Minsk, May 3", add_special_tokens=False).ids, [], window, kinds, special)
    again = translated(claim, tokenizer, tokenizer, special)
    assert (again.ids.tolist(), again.kinds.tolist()) == (claim.ids.tolist(), claim.kinds.tolist())
