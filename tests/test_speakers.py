"""Sources to speakers within a story."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.speakers import PRONOUNS, speakers

# text with each source in brackets, its naming's first letter behind it (n named, u unnamed); the speakers expected
CASES = [
    ("a name alone", "[Viktor Babariko]n said so.", ["Viktor Babariko"]),
    ("a short name after the full one", "[Viktor Babariko]n said so. [Babariko]n left.", ["Viktor Babariko"] * 2),
    ("and before it", "[Babariko]n said so, and Viktor Babariko left.", ["Viktor Babariko"]),
    ("the first full form counts", "Ann Lee and Bob Lee met. [Lee]n left.", ["Ann Lee"]),
    ("two full names stay two", "[Ann Lee]n said so. [Bob Lee]n left.", ["Ann Lee", "Bob Lee"]),
    ("a name within another is none", "Ann Leeson met. [Lee]n left.", ["Lee"]),
    # what stands around the name
    ("titles", "[President Alexander Lukashenko]n and [Mr. Lukashenko]n and [Gen. Ann Lee]n", ["Alexander Lukashenko"] * 2 + ["Ann Lee"]),
    ("a title between", "[Kremlin spokesman Dmitry Peskov]n said.", ["Dmitry Peskov"]),
    ("an apposition", "[Olena Zelenska, the wife of the president,]n said.", ["Olena Zelenska"]),
    ("initials and particles", "[John F. Kennedy]n met [Charles de Gaulle]n.", ["John F. Kennedy", "Charles de Gaulle"]),
    ("an initial in the full form", "John F. Kennedy came. [Kennedy]n spoke.", ["John F. Kennedy"]),
    ("accents and apostrophes", "[Éva O’Brien-Łuk]n spoke.", ["Éva O’Brien-Łuk"]),
    ("an abbreviation of capitals", "[The U.S. Embassy]n and [U.N. envoy Ann Lee]n", ["U.S. Embassy", "Ann Lee"]),
    ("a ministry keeps its name", "[The Foreign Ministry]n and [the Defense Department]n", ["Foreign Ministry", "Defense Department"]),
    ("a minister does not", "[Foreign Minister Ann Lee]n and [Deputy Defence Secretary Bob Orr]n", ["Ann Lee", "Bob Orr"]),
    ("a title and nothing else", "[The President]n said.", [None]),
    # the full form is no run over a border
    ("not over a sentence", "They went to Moscow. [Putin]n spoke.", ["Putin"]),
    ("not over a paragraph", "By John Smith\n\n[Putin]n spoke.", ["Putin"]),
    ("not over a comma", "In Minsk, [Babariko]n spoke.", ["Babariko"]),
    ("not with the word that opens a sentence", "But [Babariko]n left. On Monday [Babariko]n spoke.", ["Babariko"] * 2),
    ("though the name after it may be whole", "But Viktor Babariko left. [Babariko]n spoke.", ["Viktor Babariko"]),
    # pronouns
    ("a pronoun", "[Ann Lee]n spoke. [She]n left.", ["Ann Lee"] * 2),
    ("a relative one", "[Ann Lee]n, [who]n spoke, left.", ["Ann Lee"] * 2),
    ("the nearest before", "[Ann Lee]n, then [Bob Orr]n. [He]n left.", ["Ann Lee", "Bob Orr", "Bob Orr"]),
    ("with nobody before", "[She]n left.", [None]),
    ("after the unnamed", "[Ann Lee]n, then [a diplomat]u. [He]u left.", ["Ann Lee", None, None]),
    # the unnamed and none
    ("the unnamed", "[A Western diplomat]u spoke.", [None]),
    ("no source", "[Ann Lee]n spoke. []n It was said. [She]n left.", ["Ann Lee", None, "Ann Lee"]),
    # upper case, as telexes have it
    ("a telex", "[COLONEL EFRAIN BUITRAGO, WHO COMMANDS THE BRIGADE,]n DENIED IT. [HE]n LEFT.", ["EFRAIN BUITRAGO"] * 2),
]


def marked(text: str) -> tuple[str, list[str], list[str], list[int]]:
    plain, sources, namings, starts = "", [], [], []
    before, *rest = text.split("[")
    plain += before
    for part in rest:
        source, after = part.split("]")
        sources.append(source)
        starts.append(len(plain))
        namings.append({"n": "named", "u": "unnamed"}[after[0]])
        plain += source + after[1:]
    return plain, sources, namings, starts


@pytest.mark.parametrize(("text", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_speakers(text: str, expected: list[str | None]) -> None:
    assert speakers(*marked(text)) == expected


@given(st.permutations(range(3)))
def test_order_is_the_texts_not_the_lists(order: list[int]) -> None:
    text, sources, namings, starts = marked("[Ann Lee]n spoke. [She]n left. [Bob Orr]n stayed.")
    found = speakers(text, *([values[i] for i in order] for values in (sources, namings, starts)))  # type: ignore[arg-type]
    assert found == [["Ann Lee", "Ann Lee", "Bob Orr"][i] for i in order]


SOURCES = st.sampled_from(["", "he", "It", "Ann Lee", "Lee", "the Ministry of Defence", "a diplomat", "“X”", "U.S.", "St.", "…", "'"])


@given(st.lists(st.tuples(SOURCES, st.sampled_from(["named", "unnamed", "none"])), max_size=6), st.booleans())
def test_a_speaker_is_a_name_in_the_text(rows: list[tuple[str, str]], upper: bool) -> None:
    rows = [(source.upper() if upper else source, naming) for source, naming in rows]
    text = " said. ".join(source for source, _ in rows)
    starts = [sum(len(s) + 7 for s, _ in rows[:i]) for i in range(len(rows))]
    found = speakers(text, [s for s, _ in rows], [n for _, n in rows], starts)
    assert len(found) == len(rows)
    for (source, naming), who in zip(rows, found, strict=True):
        assert who is None or (who and who in text)
        if not source or (naming == "unnamed" and source.lower() not in PRONOUNS):
            assert who is None
