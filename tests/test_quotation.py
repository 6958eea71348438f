"""How a content is quoted, by rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.quotation import BARE, QUOTED, quotation, quoted_letters
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


def test_letters() -> None:
    # neither the marks nor what stands between letters counts
    assert list(quoted_letters('One.\n\nA "b" c')) == [BARE] * 3 + [0] * 3 + [BARE, 0, 0, QUOTED, 0, 0, BARE]
    assert quoted_letters("") == b""


def plain_letters(text: str) -> list[int]:
    """Code point by code point, each paragraph anew."""
    inside, found = False, []
    for at, c in enumerate(text):
        if text.startswith("\n\n", at):
            inside = False
        if c in '"“”„«»':
            inside = not inside if c == '"' else c in "„«" or (c == "“" and not inside)
        found.append((QUOTED if inside else BARE) if c.isalnum() else 0)
    return found


@given(st.text(alphabet='a1 "“”„«»\n'), st.data())
def test_letters_are_those_found_one_by_one(text: str, data: st.DataObject) -> None:
    expected = plain_letters(text)
    assert list(quoted_letters(text)) == expected
    if text:
        edges = sorted(data.draw(st.sets(st.integers(0, len(text)), min_size=2, max_size=4)))
        content = [cut(text, a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
        kinds = {k for span in content for k in expected[span.start : span.end]} - {0}
        assert quotation(text, content) == {(QUOTED,): "direct", (BARE, QUOTED): "mixed"}.get(tuple(sorted(kinds)), "indirect")
