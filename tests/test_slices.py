"""Figures by slice: each relation counts in its kinds, intervals hold the figure, and every word of a part is in the confusion once."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from annotators.card import table
from annotators.corpora import Article, Relation
from annotators.slices import intervals, slices, taken_for

TEXT = "Ann Lee said it rained. “It was dry,” the police said. It rained, they said."


def relation(source: str, cue: str, content: str) -> Relation:
    def at(words: str, begin: int) -> tuple[tuple[int, int], ...]:
        start = TEXT.index(words, begin)
        return ((start, start + len(words)),)

    begin = TEXT.index(source)
    return Relation(at(source, 0), at(cue, begin), at(content, 0))


ANN, POLICE, THEY = (
    relation("Ann Lee", "said", "it rained"),
    relation("the police", "said", "It was dry"),
    relation("they", "said", "It rained"),
)
GOLD = [Article(f"a{n}", TEXT, (ANN, POLICE, THEY), agency="Meridian" if n < 6 else "Sextant") for n in range(8)]
WRONG = replace(POLICE, source=ANN.source)
FOUND = [[ANN, WRONG] if n < 4 else [ANN, POLICE, THEY] for n in range(8)]


def test_each_relation_counts_in_its_kinds() -> None:
    found = {(s.kind, s.name): s for s in slices(GOLD, FOUND)}
    assert {kind for kind, _ in found} == {"agency", "length", "naming", "quotation"}
    cases = [
        # the slice, gold relations, recall, found ones, precision
        (("quotation", "direct"), 8, 50.0, 8, 50.0),
        (("quotation", "indirect"), 16, 75.0, 12, 100.0),
        (("length", "0 to 300 words"), 24, 66.7, 20, 80.0),
        (("agency", "Sextant"), 6, 100.0, 6, 100.0),
        (("naming", "named"), 8, 100.0, 12, 66.7),  # the wrong source is a named one
    ]
    for name, *wanted in cases:
        s = found[name]
        assert [s.gold, s.recall[0], s.found, s.precision[0]] == wanted, name
    assert found["agency", "Sextant"].recall[1:] == (0.0, 100.0)  # two texts say nothing of others
    low, high = found["quotation", "direct"].recall[1:]
    assert 0 < low < 50 < high < 100


PARTS = st.sampled_from([ANN, POLICE, THEY, WRONG])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sets(PARTS), st.sets(PARTS)), min_size=5, max_size=8))
def test_intervals_hold_the_figure_and_all_slices_of_a_kind_are_the_whole(rows: list[tuple[set[Relation], set[Relation]]]) -> None:
    articles = [Article(str(n), TEXT, tuple(sorted(gold, key=repr))) for n, (gold, _) in enumerate(rows)]
    found = [sorted(its, key=repr) for _, its in rows]
    assert all(low <= value + 0.1 and value - 0.1 <= high for value, low, high in intervals(articles, found).values())
    for kind in ("length", "quotation", "naming"):
        its = [s for s in slices(articles, found) if s.kind == kind]
        assert sum(s.gold for s in its) == sum(len(a.relations) for a in articles)
        assert sum(s.found for s in its) == sum(map(len, found))


def test_what_is_right_is_taken_for_itself_alone() -> None:
    right = taken_for(GOLD, [list(a.relations) for a in GOLD])
    assert right["cue"] == {"cue": 24, "source": 0, "content": 0, "none": 0}
    assert {g: s for g, row in right.items() for s, n in row.items() if n} == {p: p for p in ("cue", "source", "content")}
    missed = taken_for(GOLD, FOUND)
    assert missed["source"] == {"cue": 0, "source": 28, "content": 0, "none": 12}  # two of "the police" and one of "they", four times
    assert table(missed)[0] == "| gold, then said | cue | source | content | none |"
    assert table(missed)[3] == "| source | 0 | 28 | 0 | 12 |"
