"""How a content is quoted, by rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.quotation import quotation, quoted_mask
from schemas.spans import Span, cut

# content in brackets; they are taken out before the rule sees the text
CASES = [
    ("He said [he would go].", "indirect"),
    ('"[I will go]," he said.', "direct"),
    ('["I will go,"] he said.', "direct"),  # whether the marks are in the content or not
    ("“[I will go],” he said.", "direct"),
    ("„[Ich gehe]“, sagte er.", "direct"),
    ("«[Je pars]», dit-il.", "direct"),
    ("He called it [“a farce”].", "direct"),
    ("He said [it was “a farce” and a shame].", "mixed"),
    ('He called [such accounts "the fruit of hired pens].', "mixed"),  # closing mark outside
    ('"[I will go]," he said. "[And stay]."', "direct"),  # what lies between does not count
    ('"[I will go]," he said, adding [that he would stay].', "mixed"),
    ("'[I will go],' he said.", "indirect"),  # single marks are too often apostrophes
    ("It is the people’s will, he said, [and “theirs” alone].", "mixed"),
    # a quotation of several paragraphs: each opens again, only the last closes
    ('"One.\n\n"[Two]," he said.', "direct"),
    ("“[One.\n\n“Two],” he said.", "direct"),
    # what is left open ends with its paragraph
    ('"One.\n\n[Two], he said.', "indirect"),
    ('He said "no.\n\nThen [he left].', "indirect"),
    ("He said “one “two” [three].”", "indirect"),  # nesting is not followed: the first mark that closes does
    ('"" [nothing in it]', "indirect"),
    ("[…]", "indirect"),  # no letter
]


def marked(text: str) -> tuple[str, list[Span]]:
    plain, ends, starts = "", [], []
    for c in text:
        if c == "[":
            starts.append(len(plain))
        elif c == "]":
            ends.append(len(plain))
        else:
            plain += c
    return plain, [cut(plain, a, b) for a, b in zip(starts, ends, strict=True)]


@pytest.mark.parametrize(("text", "kind"), CASES)
def test_quotation(text: str, kind: str) -> None:
    assert quotation(*marked(text)) == kind


def test_no_content() -> None:
    assert quotation("“All of this”", []) == "indirect"


def test_mask() -> None:
    # the marks themselves are not inside; the mask begins with the paragraph and ends with the stretch
    text = 'One.\n\nA "b" c'
    assert quoted_mask(text, text.index("b"), len(text)) == [False, False, False, True, False, False, False]


@given(st.text(alphabet='a "“”„«»\n'), st.data())
def test_mask_is_the_same_wherever_it_ends(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    whole = quoted_mask(text, start, len(text))
    part = quoted_mask(text, start, end)
    assert part == whole[: len(part)]
    origin = len(text) - len(whole)
    assert origin == 0 or text[origin - 2 : origin] == "\n\n"
    assert len(part) == max(0, end - origin)
