"""What role words and countries tell of a source's role, beside the encoder."""

from __future__ import annotations

import numpy as np
import pytest

from annotators.corpora import Relation
from annotators.role_words import FEATURES, ROLES, columns, evidence, named_roles
from annotators.speakers import resolve
from schemas.labels import Role


def told(text: str, source: str, cue: str = "said") -> np.ndarray:
    """The row of one claim."""

    def span(words: str) -> tuple[tuple[int, int], ...]:
        return ((text.index(words), text.index(words) + len(words)),) if words else ()

    content = (text.lower().rindex(" it") + 1, len(text) - 1)
    relation = Relation(span(source), span(cue), (content,))
    (row,) = evidence(text, resolve(text, [relation]))
    return row


HEADS = [
    ("The minister", Role.GOVERNMENT),
    ("A rebel commander", Role.ARMED_GROUP),
    ("Dealers", Role.BUSINESS),
    ("A witness", Role.CITIZEN),
    ("The archbishop", Role.CIVIL_SOCIETY),
    ("Analysts", Role.EXPERT),
    ("The newspaper", Role.MEDIA),
    ("The opposition", Role.OPPOSITION),
    ("The ambassador", Role.INTERNATIONAL),
    ("Sources", Role.UNKNOWN),
]


@pytest.mark.parametrize(("source", "role"), HEADS, ids=[source for source, _ in HEADS])
@pytest.mark.parametrize("dress", [str, str.upper])
def test_the_noun_speaks_for_its_role(source: str, role: Role, dress) -> None:
    row = told(dress(f"Lima, May 3. {source} said it rained."), dress(source), dress("said"))
    assert row[ROLES.index(role)] == 1


def test_foreign_and_domestic_are_told_by_the_story_s_country() -> None:
    text = "Peru closed its ports. Peruvian ships stayed. The Chilean minister said it rained."
    foreign = told(text, "The Chilean minister")[2 * len(ROLES) :]
    assert list(foreign[:3]) == [1, 0, 1]  # of another country, not of this one, and an official
    domestic = told(text.replace("The Chilean minister", "The Peruvian minister"), "The Peruvian minister")[2 * len(ROLES) :]
    assert list(domestic[:3]) == [0, 1, 0]


def test_nobody_s_claim_says_that_it_is_nobody_s() -> None:
    row = told("In Lima it was said that it rained.", "", "was said")
    assert row.shape == (FEATURES,)
    assert not row[: 2 * len(ROLES)].any()
    assert row[-3:-1].sum() == 1


def test_a_judge_heeds_the_roles_that_it_knows() -> None:
    known = columns(np.array([0, 3]))
    assert list(known[:4]) == [0, 3, len(ROLES), len(ROLES) + 3]
    assert list(known[4:]) == list(range(2 * len(ROLES), FEATURES))
    assert len(columns(np.arange(len(ROLES)))) == FEATURES


def test_roles_that_words_speak_for() -> None:
    assert named_roles(["Rebel", "bishop"]) == {Role.ARMED_GROUP, Role.CIVIL_SOCIETY}
    assert named_roles(["Juan"]) == set()
