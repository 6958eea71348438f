"""Sources to speakers within a story."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from annotators import fullest as module
from annotators.corpora import Relation
from annotators.speakers import resolve

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
    ("which is what it follows", "[The Foreign Ministry]n, [which]n denied it, spoke.", ["Foreign Ministry"] * 2),
    ("and not who spoke last", "[Ann Lee]n read Faro, [which]n has readers.", ["Ann Lee", None]),
    # whom a story calls he is not she
    ("a title tells", "[Bob Orr]n, then [Mrs. Ann Lee]n. [He]n left.", ["Bob Orr", "Ann Lee", None]),
    ("the same title", "[Bob Orr]n, then [Mrs. Ann Lee]n. [She]n left.", ["Bob Orr", "Ann Lee", "Ann Lee"]),
    ("and another", "[Mr. Bob Orr]n, then [Mrs. Ann Lee]n. [He]n left.", ["Bob Orr", "Ann Lee", "Bob Orr"]),
    ("her husband tells", "[Ann Lee]n read a letter from her husband, in which [he]n wrote. [She]n left.", ["Ann Lee", None, "Ann Lee"]),
    ("whose he accuses does not", "[Bob Orr]n accused her of much. [He]n left.", ["Bob Orr"] * 2),
    ("both said, nothing said", "[Mr. Ann Lee]n, then [Mrs. Ann Lee]n. [She]n left.", ["Ann Lee"] * 3),
    # the unnamed and none
    ("the unnamed", "[A Western diplomat]u spoke.", [None]),
    ("no source", "[Ann Lee]n spoke. []n It was said. [She]n left.", ["Ann Lee", None, "Ann Lee"]),
    # upper case, as telexes have it
    ("a telex", "[COLONEL EFRAIN BUITRAGO, WHO COMMANDS THE BRIGADE,]n DENIED IT. [HE]n LEFT.", ["EFRAIN BUITRAGO"] * 2),
]


def marked(text: str) -> tuple[str, list[Relation]]:
    """The text without brackets, and a relation for each bracketed source; a letter behind a bracket is dropped."""
    plain, sources = "", []
    before, *rest = text.split("[")
    plain += before
    for part in rest:
        source, after = part.split("]")
        sources.append((len(plain), len(plain) + len(source)))
        plain += source + after[1:]
    return plain, [Relation(((a, b),) if b > a else (), (), ()) for a, b in sources]


@pytest.mark.parametrize(("text", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_speakers(text: str, expected: list[str | None]) -> None:
    assert resolve(*marked(text)).names() == expected


@given(st.permutations(range(3)))
def test_order_is_the_texts_not_the_lists(order: list[int]) -> None:
    text, relations = marked("[Ann Lee]n spoke. [She]n left. [Bob Orr]n stayed.")
    found = resolve(text, [relations[i] for i in order]).names()
    assert found == [["Ann Lee", "Ann Lee", "Bob Orr"][i] for i in order]


SOURCES = st.sampled_from(["", "he", "It", "Ann Lee", "Lee", "the Ministry of Defence", "a diplomat", "“X”", "U.S.", "St.", "…", "'", "I"])


@given(st.lists(SOURCES, max_size=6), st.booleans())
def test_a_speaker_is_a_name_in_the_text(sources: list[str], upper: bool) -> None:
    sources = [s.upper() if upper else s for s in sources]
    text = "".join(f"{s} said. " for s in sources)
    starts = [sum(len(s) + 7 for s in sources[:i]) for i in range(len(sources))]
    found = resolve(text, [Relation(((a, a + len(s)),) if s else (), (), ()) for a, s in zip(starts, sources, strict=True)])
    for source, who, naming in zip(sources, found.names(), found.naming, strict=True):
        assert who is None or (who and who in text)
        assert (naming == "none") == (not source)
        assert naming != "unnamed" or who is None
    assert sorted(m.start for s in found.speakers() for m in s.mentions) == [starts[i] for i, k in enumerate(found.of) if k is not None]


CAPITAL = r"[A-ZÀ-Þ][\w'’-]*"


def plain_speaker(name: str, text: str) -> str:
    """The first longer form of a name of one word, by a pattern made for it."""
    pattern = re.compile(rf"(?<![\w.])(?:(?:[A-Z]\.|{CAPITAL})[^\S\n]+){{1,3}}{re.escape(name)}(?!\w)")
    forms = [module._strip_titles(module._strip_openers(m.group())) for m in pattern.finditer(text)]
    return next((f for f in forms if f.split()[-1:] == [name] and 1 < len(f.split()) <= 4), name)


NAMES = ["Lee", "Ann", "O’Brien", "Lee-Smith", "Lee’s", "Élan", "J.", "U.S."]
OTHERS = ["said", "but", "But", "On", "President", "Bob", "de", "(Lee", "a-Bob", "Lee-", "’Lee", "Lee_", "A.B", "×Ann", "J.-Lee", "Lee,"]
TEXTS = st.lists(st.sampled_from([*NAMES, *OTHERS, *" \n-.,’\t"]).flatmap(lambda w: st.sampled_from([w, f"{w} ", f"{w} "])), max_size=14)


@settings(max_examples=300)
@given(TEXTS.map("".join), st.sampled_from(NAMES))
@example("But Lee-Smith Lee left", "Lee")  # what was left of a word stands before the name again
@example("Ann Bob O’Brien Lee Lee Lee left", "Lee")
@example("Ann Lee \nBob Lee", "Lee")
def test_the_fullest_form_is_what_a_pattern_for_the_name_finds(text: str, name: str) -> None:
    assert module._fullest(name.strip("."), module._runs(text)) == plain_speaker(name.strip("."), text)


REASONS = [
    # what stands behind an unnamed source, the reason as it is kept
    (
        "A presidential adviser, who asked not to be named so that he could speak frankly, said it was over.",
        "who asked not to be named so that he could speak frankly",
    ),
    ("A diplomat, who asked not to be identified, citing the talks, said it was over.", "who asked not to be identified, citing the talks"),
    (
        "An official, speaking on condition of anonymity because talks go on, said it was over.",
        "speaking on condition of anonymity because talks go on",
    ),
]


@pytest.mark.parametrize(("text", "reason"), REASONS)
def test_a_reason_for_anonymity_ends_where_it_ends(text: str, reason: str) -> None:
    from annotators.speakers import _REASON

    assert _REASON.search(text).group() == reason
