"""Names of places, peoples and parties, the country each belongs to, and the country a story is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.places import home, places

NAMED = [
    ("Peru and a Chilean", ["Peru", "Chile"]),
    ("the South African rand", ["South Africa"]),  # the longest name, not what its words mean alone
    ("South Korea's president", ["Korea"]),
    ("El Salvador’s army", ["Salvador"]),
    ("SAN SALVADOR, 3 JAN (ACAN-EFE)", ["Salvador"]),
    ("Port-au-Prince was quiet", ["Haiti"]),
    ("Dar es Salaam and New Zealand", ["Tanzania", "Zealand"]),
    ("the U.S. embassy in N'Djamena", ["States", "Chad"]),
    ("the china broke in a lagos", []),  # small letters name no place
    ("Tripoli voted", []),  # Lebanon's or Libya's
    ("", []),
]


@pytest.mark.parametrize(("text", "countries"), NAMED, ids=[text for text, _ in NAMED])
def test_places(text: str, countries: list[str]) -> None:
    assert [country for _, _, country in places(text)] == countries


@given(
    st.lists(st.sampled_from(["Peru", "New", "Zealand", "South", "Africa", "said", "’s", "-", "\n\n", "U.S.", "É", "4", " "]), max_size=12)
)
def test_names_stand_in_order_and_apart(words: list[str]) -> None:
    text = " ".join(words)
    ends = 0
    for start, end, _ in places(text):
        assert ends <= start < end <= len(text)
        ends = end


HOMES = [
    ("LIMA, Jan 3 - The army said on Monday that two of its patrols had seen troops from Chile. Chilean officers denied it.", "Peru"),
    ("Peruvian troops left. " + "Chile said so. " * 2 + "Peru denied it." + " It rained." * 9, "Peru"),
    ("The Peruvian president will go to Washington to meet U.S. officials about U.S. aid.", "Peru"),
    ("The White House said so.", "States"),
    ("china broke on the table", ""),  # the plate
    ("", ""),
]


@pytest.mark.parametrize(("text", "country"), HOMES, ids=[country or "none" for _, country in HOMES])
def test_the_country_a_story_is_about(text: str, country: str) -> None:
    assert home(text) == country
