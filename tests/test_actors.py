"""The desk's file of who is who: what it may hold, what it says on which day, and that the story's own words go before it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from annotators.claims import annotate
from annotators.corpora import Relation
from annotators.listing import listed_roles, listed_scores
from annotators.models import load_model
from annotators.role_words import ROLES
from annotators.speakers import resolve
from flows.actors import informed
from flows.cli import app
from flows.settings import ROOT
from schemas.actors import Actor, Actors, Period, read_actors, write_actors
from schemas.claim import Claim
from schemas.errors import BadInput
from schemas.labels import Role
from schemas.phoenix import read_phoenix
from schemas.story import Story
from schemas.tasks import claim_task

EXAMPLE = ROOT / "examples" / "desk" / "actors.yaml"
ORTEGA = "Nicaragua:\n- name: Daniel Ortega\n  roles:\n"


def test_the_example_is_a_desks_file() -> None:
    actors = read_actors(EXAMPLE.read_text(encoding="utf-8"), "example")
    assert read_actors(write_actors(actors), "again").countries == actors.countries


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not YAML"),
        ("- name: x", "valid dictionary"),
        ("Peru: 3", "Peru"),
        ("Peru: []\nPeru: []", "Peru is given twice"),
        (ORTEGA + "  - {role: goverment}", "roles, 1, role: Input should be 'government'"),  # what is allowed is said
        (ORTEGA + "  - {role: government, form: 1979-07-19}", "roles, 1, form: Extra inputs"),
        (ORTEGA + "  - {role: government, from: 1979-13-01}", "month must be in 1..12"),
        (ORTEGA + "  - {role: government, from: once}", "roles, 1, from"),
        (ORTEGA + "  - {role: government, from: 1990-04-25, to: 1979-07-19}", "1990-04-25 is not before to 1979-07-19"),
        (ORTEGA + "  - {role: government}\n  - {role: opposition}", "on the same day"),
        (ORTEGA + "  - {role: government, from: 1979-07-19}\n  - {role: opposition, from: 1990-04-25}", "on the same day"),
        (ORTEGA + "    []", "1, roles"),
        ("Peru:\n- roles: [{role: government}]", "Peru, 1, name: Field required"),
        ("Peru: !!python/object/apply:os.system [ls]", "not YAML"),  # nothing is run
    ],
)
def test_faults_are_said_in_one_line(text: str, said: str) -> None:
    with pytest.raises(BadInput) as error:
        read_actors(text, "desk.yaml")
    assert str(error.value).startswith("desk.yaml: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


DAYS = [
    ("Daniel Ortega", date(1979, 7, 18), None),
    ("Daniel Ortega", date(1979, 7, 19), "government"),
    ("DANIEL ORTEGA", date(1990, 4, 24), "government"),
    ("daniel ortéga", date(1990, 4, 25), "opposition"),  # the election's day of office, accents and case apart
    ("Ortega", date(2007, 1, 10), "government"),
    ("Ortega", None, None),  # he was more than one thing
    ("the Contras", date(1985, 1, 1), "armed_group"),
    ("Viasna", None, "civil_society"),  # it has always been
    ("Contras", None, None),
    ("Nobody", date(1985, 1, 1), None),
]


@pytest.mark.parametrize(("name", "on", "role"), DAYS)
def test_a_role_holds_on_its_days(name: str, on: date | None, role: str | None) -> None:
    found = read_actors(EXAMPLE.read_text(encoding="utf-8"), "example").find([name])
    assert [listed.actor.role(on) for listed in found if listed.actor.role(on)] == ([role] if role else [])


PHOENIX = """# a comment
NICARAGUA_  [NIC]
+NICARAGUAN_
DANIEL_ORTEGA_  ; CountryInfo.txt
+ORTEGA_SAAVEDRA
\t[NICREB 19610101-790719]
\t[NICGOV 790719-900425]
\t[NICGOV 850110-900425]
\t[NICOPP 900425-070110]
\t[NICELI]
FSLN_ [NICREB <790719]
UNO_ [IGOUNO]
NO_ROLE_ [NICELI >900425]
A_BAD_DAY_ [NICGOV 19909999-19910101]
"""


def test_phoenix_dictionaries() -> None:
    found = read_phoenix(PHOENIX)
    assert list(found) == ["International", "Nicaragua"]
    ortega, fsln = found["Nicaragua"]
    assert (ortega.name, ortega.aliases) == ("Daniel Ortega", ("Ortega Saavedra",))
    assert [(p.role, p.start, p.end) for p in ortega.roles] == [
        ("armed_group", date(1961, 1, 1), date(1979, 7, 19)),
        ("government", date(1979, 7, 19), date(1990, 4, 25)),
        ("opposition", date(1990, 4, 25), date(2007, 1, 10)),
    ]
    assert (fsln.name, fsln.roles[0].end) == ("FSLN", date(1979, 7, 19))
    assert found["International"][0].roles[0].role == Role.INTERNATIONAL


CODES = st.tuples(st.sampled_from(["GOV", "OPP", "REB", "ELI"]), st.integers(40, 99), st.integers(40, 99))


@given(st.lists(CODES, max_size=6))
def test_what_is_imported_is_a_desks_file(codes: list[tuple[str, int, int]]) -> None:
    """However its dates overlap: a role a day, and what is written is read again."""
    text = "SOMEBODY_\n" + "".join(f"\t[PER{role} {a}0101-{b}0101]\n" for role, a, b in codes)
    actors = Actors(read_phoenix(text))
    assert read_actors(write_actors(actors), "again").countries == actors.countries


TEXT = "MANAGUA - {who} said on Monday that the Nicaraguan vote had been stolen."
MINE = Actors({"Nicaragua": (Actor(name="Jaime Robles", roles=(Period(role=Role.OPPOSITION),)),)})


def asked(who: str, published: str = "1989-05-01", country: str = "Nicaragua") -> tuple[str | None, str | None]:
    """The role that the file gives, and the one it speaks for."""
    text = TEXT.format(who=who)
    at, cue = text.index(who), text.index("said")
    relation = Relation(((at, at + len(who)),), ((cue, cue + 4),), ((text.index("the Nic"), len(text) - 1),))
    resolution = resolve(text, [relation])
    actors = Actors({country: MINE.countries["Nicaragua"]}) if country != "Nicaragua" else MINE
    (role,) = listed_roles(text, published, resolution, actors)
    added = listed_scores(resolution, [role])[0]
    return role, ROLES[int(added.argmax())] if added.any() else None


@pytest.mark.parametrize(
    ("who", "given"),
    [
        ("Jaime Robles", ("opposition", "opposition")),
        ("JAIME ROBLES", ("opposition", "opposition")),
        ("opposition leader Jaime Robles", ("opposition", "opposition")),
        ("Interior Minister Jaime Robles", ("opposition", None)),  # the story's own words go before the file
        ("Carlos Robles", (None, None)),
    ],
)
def test_the_storys_words_go_before_the_file(who: str, given: tuple[str | None, str | None]) -> None:
    assert asked(who) == given


def test_a_government_is_foreign_in_another_countrys_story() -> None:
    actors = Actors({"Honduras": (Actor(name="Jaime Robles", roles=(Period(role=Role.GOVERNMENT),)),)})
    text = TEXT.format(who="Jaime Robles")
    resolution = resolve(text, [Relation(((10, 22),), ((23, 27),), ((40, 60),))])
    assert listed_roles(text, "", resolution, actors) == ["international"]


def claims(actors: Actors | None, text: str) -> list[Claim]:
    """What the shipped model finds, with a desk's file or without."""
    from dataclasses import replace

    (judged,) = annotate([Story("s", 1, text, published="1989-05-01T08:00:00Z")], replace(load_model(), actors=actors))
    return [claim for claim in judged.claims if claim.attributed]


@pytest.mark.slow
def test_the_disagreement_is_shown() -> None:
    text = "MANAGUA - Interior Minister Jaime Robles said on Monday that the rebels had been beaten by the army."
    (with_file,), (without,) = claims(MINE, text), claims(None, text)
    assert (without.listed, without.against_list) == (None, False)
    assert with_file.role == without.role
    assert (with_file.role and with_file.role.label, with_file.listed, with_file.against_list) == ("government", "opposition", True)
    assert Claim.from_dict(with_file.to_dict()) == with_file
    task = claim_task(Story("s", 1, text), with_file)
    assert task["data"]["story_line"].endswith("the desk's file has Jaime Robles as opposition")


def test_the_file_informs_where_the_story_says_nothing() -> None:
    text = "MANAGUA - Jaime Robles said on Monday that the talks would go on."
    before, after = (next(iter(claims(actors, text))) for actors in (None, MINE))
    assert (before.role and before.role.label, before.listed) == ("government", None)
    assert (after.role and after.role.label, after.listed) == ("opposition", "opposition")


def test_commands(tmp_path: Path) -> None:
    runner, source, out = CliRunner(), tmp_path / "Phoenix.txt", tmp_path / "actors.yaml"
    source.write_text(PHOENIX)
    done = runner.invoke(app, ["actors", "import", str(source), "--out", str(out), "--country", "Nicaragua"])
    assert (done.exit_code, "2 actors of 1 countries" in done.output) == (0, True)
    assert informed(load_model(), out).actors is not None
    with pytest.raises(BadInput, match="is there already"):
        runner.invoke(app, ["actors", "import", str(source), "--out", str(out)], catch_exceptions=False)
    with pytest.raises(BadInput, match="Atlantis: not in these dictionaries; they have International, Nicaragua"):
        runner.invoke(app, ["actors", "import", str(source), "--out", "x", "--country", "Atlantis"], catch_exceptions=False)
    with pytest.raises(BadInput, match="No such file"):
        runner.invoke(app, ["actors", "check", str(tmp_path / "none.yaml")], catch_exceptions=False)
    assert runner.invoke(app, ["actors", "check", str(EXAMPLE)]).output.endswith(
        "6 actors of 2 countries (1 armed_group, 1 civil_society, 4 government, 3 opposition)\n"
    )
