"""Relations inside another's content: the plain ones are found by design, and only those."""

from __future__ import annotations

import pytest

from annotators.finding import SPEECH, find
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
        return " / ".join(text[int(pieces.start[a]) : int(pieces.end[b - 1])] for a, b in spans)

    return [(words(f.sources), words((f.cue,)), words(f.contents)) for f in relations]


NESTED = [
    (
        "The minister said the rebels had denied carrying out the attack.",
        ("The minister", "said", "the rebels had denied carrying out the attack"),
        ("the rebels", "had denied", "carrying out the attack"),
    ),
    (
        "THE ARMY SAID THE GUERRILLAS HAVE CLAIMED RESPONSIBILITY FOR THE BLAST IN THE CAPITAL.",
        ("THE ARMY", "SAID", "THE GUERRILLAS HAVE CLAIMED RESPONSIBILITY FOR THE BLAST IN THE CAPITAL"),
        ("THE GUERRILLAS", "HAVE CLAIMED", "RESPONSIBILITY FOR THE BLAST IN THE CAPITAL"),
    ),
    (
        "The agency reported that the president had told lawmakers that he would resign in May.",
        ("The agency", "reported", "that the president had told lawmakers that he would resign in May"),
        ("the president", "had told lawmakers", "that he would resign in May"),
    ),
]


@pytest.mark.parametrize(("text", "outer", "inner"), NESTED, ids=[case[2][1] for case in NESTED])
def test_a_plain_inner_relation_is_found(model: Model, text: str, outer: Words, inner: Words) -> None:
    assert found(model, text) == [outer, inner]
    # and in a story it is where it is alone
    story = f"It rained in the north on Monday.\n\n{text}\n\nThe roads were open again on Tuesday."
    assert found(model, story) == [outer, inner]


FLAT = [
    "The minister said the rebels had left the town.",  # nobody speaks inside
    'The minister said: "It was denied."',  # nobody is named who denies
    "The minister said he hoped the talks would go on.",  # hoping is not speaking
]


@pytest.mark.parametrize("text", FLAT)
def test_what_is_not_plain_is_left_alone(model: Model, text: str) -> None:
    assert [cue for _, cue, _ in found(model, text)] == ["said"]


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        ("had denied it", True),
        ("DENIES", True),
        ("the denial", False),  # nouns are not looked for
        ("stated and told", True),
        ("the tellers", False),
        ("essay", False),
    ],
)
def test_words_of_speech(text: str, speaks: bool) -> None:
    assert bool(SPEECH.search(text)) == speaks
