"""What a phrase says of whom it names, in mixed case and in capitals."""

from __future__ import annotations

import pytest

from annotators.names import countries, head, identifies, is_name, is_upper, maker, segments

IDENTIFIES = [
    # phrase, whether it names somebody by itself
    ("Viktor Babariko", True),
    ("President Alfredo Cristiani", True),
    ("Babariko", True),
    ("human rights group Viasna", True),
    ("the Defence Ministry", True),  # a body with an official title
    ("the Bolivian government", True),  # with a nationality
    ("the National Police", True),
    ("Amnesty International", True),
    ("Peru", True),
    ("the government of Peru", True),
    ("a spokesman, Juan Perez", True),  # the name in the apposition
    ("the minister", False),
    ("police", False),
    ("the army", False),
    ("the opposition", False),
    ("a senior official", False),
    ("some members of the exiled opposition", False),
    ("military sources", False),
    ("two officials of the Defence Ministry", False),  # counted: whoever they are
    ("Officials", False),  # the capital is the sentence's
    ("", False),
]


@pytest.mark.parametrize(("phrase", "named"), IDENTIFIES, ids=[phrase for phrase, _ in IDENTIFIES])
def test_whether_a_phrase_identifies_anybody(phrase: str, named: bool) -> None:
    assert identifies(phrase, upper=False) is named
    if phrase not in ("Officials", "Amnesty International"):  # in capitals these are words as others
        assert identifies(phrase.upper(), upper=True) is named


@pytest.mark.parametrize(
    ("word", "upper", "name"),
    [
        ("Cristiani", False, True),
        ("CRISTIANI", True, True),
        ("MINISTER", True, False),  # written English has it small
        ("The", False, False),
        ("Mr", False, False),
        ("Peruvian", False, False),  # a nationality is no name
        ("SALVADORANS", True, False),
        ("minister", False, False),
        ("1989", True, False),
    ],
)
def test_whether_a_word_is_part_of_a_name(word: str, upper: bool, name: bool) -> None:
    assert is_name(word, upper) is name


@pytest.mark.parametrize(
    ("phrase", "noun"),
    [
        ("the leader of the movement", "leader"),
        ("Juan Perez, a taxi driver", "perez"),
        ("a spokesman for the army", "spokesman"),
        ("(the minister)", "minister"),
        ("the U.N.", "u.n"),
        ("", ""),
        (", -- ,", ""),
    ],
)
def test_the_noun_a_phrase_stands_on(phrase: str, noun: str) -> None:
    assert head(phrase) == noun


@pytest.mark.parametrize(
    ("phrase", "who"), [("CODEH'S VERSION", "CODEH"), ("Roh's reform package", "Roh"), ("Roh’s statement", "Roh"), ("Roh's house", None)]
)
def test_whoever_a_document_is_by(phrase: str, who: str | None) -> None:
    assert maker(phrase) == who


def test_a_phrase_at_its_borders() -> None:
    assert segments('Ann Vidal, "the fox" (32) -- a nurse') == ["Ann Vidal", "the fox", "32", "a nurse"]


def test_capitals_are_told_by_letters_alone() -> None:
    assert is_upper("SAN SALVADOR, 4 JAN 90")
    assert not is_upper("San Salvador, 4 JAN")
    assert not is_upper("1990 --")
    assert countries()["peruvian"] == countries()["peru"]
