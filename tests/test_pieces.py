"""Text to pieces and windows: nothing is lost, and offsets stay those of the text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from annotators.pieces import FEATURES, Pieces, paragraph_starts, split_pieces
from schemas.story import Story


def uncased() -> Tokenizer:
    """An uncased word-piece tokenizer as encoders have it, its vocabulary a few words and single characters."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,:;!?'\"-()"
    words = ["[UNK]", "said", "the", "minister", "##ing", *letters, *(f"##{c}" for c in letters)]
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


TOKENIZER = uncased()
TEXTS = st.text(alphabet=st.sampled_from('abc said “”"«»‘’\n 🗞É.\u00a0\u0301'), max_size=60)


def words_of(text: str, pieces: Pieces) -> list[str]:
    return [text[a:b] for a, b in zip(pieces.start, pieces.end, strict=True)]


# Pieces


def test_split() -> None:
    text = "🗞 “No,” THE Minister said.\n\nÉtat"
    pieces = split_pieces(text, TOKENIZER)
    assert words_of(text, pieces) == ["🗞", "“", "N", "o", ",", "”", "THE", "Minister", "said", ".", "É", "t", "a", "t"]
    assert pieces.feature.tolist() == [2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        # the opening mark counts as inside, the closing one does not
        ('a "b c" d', 'a ["b c]" d'),
        ("a “b c” d", "a [“b c]” d"),
        ("a «b» „c” d", "a [«b]» [„c]” d"),
        ("a 'b' ‘c’ d’s", "a 'b' ‘c’ d’s"),  # single marks are too often apostrophes
        ("a ''b c'' d", "a [''b c]'' d"),  # two single marks are a double one
        ("a ``b c'' d", "a [``b c]'' d"),
        ('"a b', '["a b]'),
        ('"a\n\nb "c" d', '["a]\n\nb ["c]" d'),  # a paragraph closes what is open
        ('"a\n\n"b" c', '["a]\n\n["b]" c'),  # a quotation of two paragraphs
        ('"a\nb" c', '["a\nb]" c'),  # a line break alone does not
        ("a", "a"),
    ],
)
def test_inside_quotation_marks(text: str, inside: str) -> None:
    quoted, open_ = set(), False
    plain = 0
    for c in inside:
        if c in "[]":
            open_ = c == "["
        else:
            quoted |= {plain} if open_ else set()
            plain += 1
    pieces = split_pieces(text, TOKENIZER)
    assert (pieces.feature % 2).tolist() == [int(a in quoted) for a in pieces.start]


@given(TEXTS)
@example("")
@example("\n\n \n\n")
def test_offsets(text: str) -> None:
    pieces = split_pieces(text, TOKENIZER)
    assert len(pieces) == len(pieces.start) == len(pieces.end) == len(pieces.feature) == len(pieces.opens)
    assert (pieces.start < pieces.end).all()
    assert (pieces.start[1:] >= pieces.end[:-1]).all()
    assert len(pieces) == 0 or (pieces.start[0] >= 0 and pieces.end[-1] <= len(text))
    # letters are in a piece, white space in none
    taken = {at for a, b in zip(pieces.start, pieces.end, strict=True) for at in range(a, b)}
    assert all((at in taken) == (not c.isspace()) for at, c in enumerate(text) if c != "\u0301")
    assert ((pieces.feature >= 0) & (pieces.feature < FEATURES)).all()
    # the first piece of each paragraph is marked
    paragraph = np.searchsorted(paragraph_starts(text), pieces.start, "right")
    first = [i for i, p in enumerate(paragraph) if i == 0 or p != paragraph[i - 1]]
    assert np.flatnonzero(pieces.feature >= 2).tolist() == first


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("A b. C d", ["C"]),
        ('A b? "C d." E f! (G)', ["C", "E", "G"]),  # after the marks that open it
        ("A b.\n\nC d", ["C"]),
        ("A b.c 1.5 d", []),  # no white space, no sentence
        ("", []),
    ],
)
def test_sentence_starts(text: str, opens: list[str]) -> None:
    pieces = split_pieces(text, TOKENIZER)
    assert [text[a:b] for a, b, first in zip(pieces.start, pieces.end, pieces.opens, strict=True) if first] == opens


@given(TEXTS)
def test_curly_marks_are_read_as_straight_ones(text: str) -> None:
    straight = "".join({"“": '"', "”": '"', "«": '"', "»": '"', "‘": "'", "’": "'"}.get(c, c) for c in text)
    curly, plain = split_pieces(text, TOKENIZER), split_pieces(straight, TOKENIZER)
    for name in ("ids", "start", "end", "feature", "opens"):
        assert getattr(curly, name).tolist() == getattr(plain, name).tolist()


@given(TEXTS)
def test_paragraphs_begin_where_the_storys_do(text: str) -> None:
    starts = [p.start for p in Story(guid="g", version=1, text=text).paragraphs]
    assert set(starts) <= set(paragraph_starts(text))
    assert set(paragraph_starts(text)) - set(starts) <= {0, len(text)}  # empty ones at the borders


def test_joined_paragraphs_are_read_as_one() -> None:
    text = 'a "b\n\nc\n\nd'
    pieces = split_pieces(text, TOKENIZER, joined={1})
    assert pieces.feature.tolist() == [2, 1, 1, 1, 2]  # and the mark stays open over the break


@given(TEXTS, st.data())
def test_covering(text: str, data: st.DataObject) -> None:
    pieces = split_pieces(text, TOKENIZER)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start + 1, len(text) + 1))
    overlapping = [i for i in range(len(pieces)) if pieces.start[i] < end and pieces.end[i] > start]
    first, last = pieces.covering(start, end)
    assert list(range(first, last)) == overlapping
