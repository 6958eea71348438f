"""Drift on a store and on the morning page: what the night's claims and decisions are held against, and when it speaks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from exports.drift import ALL
from flows.cli import app
from flows.drifting import drift_of, drift_section
from flows.sections import agreement_section
from flows.settings import Settings
from flows.shift import Shift, work_night
from flows.store import Store
from schemas.claim import Choice, Claim, claim_keys
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Story

FIRST = datetime(2026, 3, 1, 3, tzinfo=UTC)
MODEL = "model:1"


def claim_of(story: Story, role: str, by: str = MODEL) -> Claim:
    source, cue, content = ((cut(story.text, a, b),) for a, b in ((0, 6), (7, 11), (12, len(story.text) - 1)))
    (key,) = claim_keys(story.guid, [(source, cue, content)])
    sure = Choice(role, 0.97)
    return Claim(key, story.guid, 1, True, content, cue, source, "Police", "indirect", "unnamed", sure, None, None, 0.92, by)


def night(store: Store, day: int, roles: list[str], agency: str = "AP", accepted: bool = True) -> None:
    """A night that read a story a role, each claim reviewed the day after."""
    at = FIRST + timedelta(days=day)
    number = store.begin_night(at.isoformat(), "test")
    for n, role in enumerate(roles):
        story = Story(f"g{agency} {day} {n}", 1, f"Police said it rained on day {day} in {n} places.", agency=agency)
        claim = claim_of(story, role)
        store.add_story(story, at.isoformat())
        store.add_claims(story, [claim, claim_of(story, "media", "model:0")])
        said = role if accepted else "citizen"
        later = (at + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        human = Review(1000 * (day + 1) + n, claim.key, 1, "ann", later, (claim,), {"role": said}, (), "", 9.0, False)
        store.add_reviews([human], {})
    store.end_night(number, at.isoformat(), "done", {"figures": {}, "notes": []})


USUAL = ["government"] * 8 + ["opposition"] * 2


def test_a_quiet_night_a_turned_one_and_refused_pre_labels(store: Store) -> None:
    night(store, 0, USUAL)
    assert drift_of(store) == []  # nothing to compare with
    for day in range(1, 5):
        night(store, day, USUAL)
    quiet = drift_section(store)
    assert quiet is not None
    assert quiet.line.startswith("nothing has drifted beside the four weeks before")
    assert ("role, all agencies", "government 80% (80%), opposition 20% (20%); 10 stories, PSI 0.00, JS 0.000") in quiet.rows

    store.left_night((FIRST + timedelta(days=5)).isoformat(), "another", "lock")  # found one at work: no night
    night(store, 5, ["opposition"] * 9 + ["government"], accepted=False)
    turned = {(d.element, d.agency): d for d in drift_of(store)}
    assert turned["role", ALL].speaks
    assert turned["role", "AP"].speaks
    assert (turned["role", ALL].night, turned["role", ALL].reference) == (
        {"government": 1, "opposition": 9},
        {"government": 40, "opposition": 10},
    )
    # of two models as many stories were read by, one alone is counted; and the pre-labels of the day after were refused
    assert turned["role: accepted", ALL].speaks
    assert not turned["naming", ALL].speaks
    assert "role (AP)" in str(drift_section(store))


def test_what_is_older_than_four_weeks_is_no_reference(store: Store) -> None:
    night(store, 0, ["media"] * 20)
    night(store, 30, USUAL)
    night(store, 31, USUAL)
    assert {d.element: d.reference for d in drift_of(store) if d.agency == ALL}["role"] == {"government": 8, "opposition": 2}


def test_people_who_agree_stand_on_the_page(store: Store) -> None:
    night(store, 0, USUAL)
    assert agreement_section(store) is None
    both = [(c, r) for _, its in store.decisions_between("", "9") for c, r in its]
    store.add_reviews(
        [Review(n, c.key, 1, "bob", r.updated, r.claims, r.choices, (), "", 5.0, False) for n, (c, r) in enumerate(both, 1)], {}
    )
    section = agreement_section(store)
    assert section is not None
    assert section.line == "10 claims that several people reviewed"
    assert dict(section.rows)["role"].startswith("1.00 (1.00 to 1.00), Cohen's kappa; 100% of pairs the same")


def test_on_the_morning_page_and_by_command(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(data=tmp_path / "data", _env_file=None)
    store = Store(settings.store)
    for day in range(3):
        night(store, day, USUAL)
    clock = FIRST + timedelta(days=3)
    page = work_night(Shift(settings, [tmp_path], None, say=lambda _: None, clock=lambda: clock), lambda *_: iter(())).page
    assert page is not None
    assert "<h2>Drift</h2>" in page.read_text()
    night(store, 4, ["opposition"] * 10)
    monkeypatch.setenv("ONRECORD_DATA", str(settings.data))
    app(["report", "drift", "--json"], standalone_mode=False)
    loud = [row for row in json.loads(capsys.readouterr().out) if row["speaks"]]
    assert ("role", ALL) in {(row["element"], row["agency"]) for row in loud}
