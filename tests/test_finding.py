"""Relations inside another's content: what the model's second row of tags finds, and only inside contents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annotators.finding import find
from annotators.models import Model, load_model

Words = tuple[str, str, str]


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def found(model: Model, text: str) -> list[Words]:
    """Source, cue and content of each relation, as words."""
    ((reading, relations),) = find([text], model.tokenizer, model.backend)
    pieces = reading.pieces

    def words(spans: tuple[tuple[int, int], ...]) -> str:
        said = " / ".join(text[int(pieces.start[a]) : int(pieces.end[b - 1])] for a, b in spans)
        return said.removeprefix("that ").removeprefix("THAT ").strip(":,. ")

    return [(words(f.sources), words((f.cue,)), words(f.contents)) for f in relations]


NESTED = [
    ("The minister said the rebels had denied carrying out the attack.", ("the rebels", "had denied", "carrying out the attack")),
    (
        "The agency reported that the president had told lawmakers that he would resign in May.",
        ("the president", "had told", "he would resign in May"),
    ),
    ("A spokesman said Diaz had accused the army of killing peasants.", ("Diaz", "had accused", "the army of killing peasants")),
    ("THE PAPER SAID OFFICIALS HAD CONFIRMED THAT THE PLANE HAD CRASHED.", ("OFFICIALS", "HAD CONFIRMED", "THE PLANE HAD CRASHED")),
    ("He said the opposition had denounced the vote as a sham.", ("the opposition", "had denounced", "the vote as a sham")),
    ("The minister said he hoped the talks would go on.", ("he", "hoped", "the talks would go on")),
    ("A SPOKESMAN SAID THE GOVERNMENT PLANNED TO FREE 20 PRISONERS.", ("THE GOVERNMENT", "PLANNED", "TO FREE 20 PRISONERS")),
    (  # far from where the content begins
        "The minister said that in the north of the country, where fighting went on for months, the rebels had denied the attack.",
        ("the rebels", "had denied", "the attack"),
    ),
]


@pytest.mark.parametrize(("text", "inner"), NESTED, ids=[case[1][1] for case in NESTED])
@pytest.mark.parametrize("around", ["{}", "It rained in the north on Monday.\n\n{}\n\nThe roads were open again on Tuesday."])
def test_an_inner_relation_is_found(model: Model, text: str, inner: Words, around: str) -> None:
    outer, within = found(model, around.format(text))
    assert within == inner
    assert outer[2].endswith(f"{inner[2]}")  # which lies in the outer content
    assert inner[0] in outer[2]


FLAT = [
    "The minister said the rebels had left the town.",  # nobody speaks inside
    "Police said the men had robbed a bank, set fire to two cars and fled to the north.",
]


@pytest.mark.parametrize("text", FLAT)
def test_plain_deeds_are_left_alone(model: Model, text: str) -> None:
    assert [cue for _, cue, _ in found(model, text)] == ["said"]


def test_inner_relations_lie_in_their_outer_contents(model: Model) -> None:
    """Whatever is found inside stands in one outer relation's content, and the outer ones are those found without them."""
    text = "\n\n".join(case[0] for case in NESTED)
    ((_, both),) = find([text], model.tokenizer, model.backend)
    steps = replace(model.backend.steps, inner=None)
    ((_, outer),) = find([text], model.tokenizer, replace(model.backend, steps=steps))  # as an older model finds them
    inner = [f for f in both if f not in outer]
    assert [f for f in both if f in outer] == outer
    assert len(inner) >= len(NESTED)
    for f in inner:
        spans = [f.cue, *f.sources, *f.contents]
        assert any(all(any(a <= x and y <= b for a, b in o.contents) for x, y in spans) for o in outer)
