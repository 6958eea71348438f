"""The store, on SQLite and on PostgreSQL: what becomes of stories, their claims and tasks, and of reviews."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.store import Store, stories, utc
from schemas.claim import Choice, Claim, claim_keys
from schemas.errors import BadInput, Unavailable
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Status, Story

# Stories, claims and reviews as small as they can be

TEXT = "LASTRA (Meridian) - Ann said yes. Bob said no. Cyd said maybe."


def story(version: int = 1, text: str = TEXT, guid: str = "urn:x:1", **fields: Any) -> Story:
    return Story(guid=guid, version=version, text=text, **fields)


def found(of: Story, by: str = "model:1") -> list[Claim]:
    """A claim for each sentence `X said y.`, and the last sentence again as the outlet's own."""
    rows = []
    for sentence in of.text.split(" - ")[-1].rstrip(".").split(". "):
        at = of.text.index(sentence)
        who, cue, _ = sentence.split(" ")
        middle = at + len(who) + 1
        parts = (at, at + len(who)), (middle, middle + len(cue)), (middle + len(cue) + 1, at + len(sentence))
        rows.append(tuple((cut(of.text, *p),) for p in parts))
    rows.append(((), (), rows[-1][2]))
    keys = claim_keys(of.guid, [(r[0], r[1], r[2]) for r in rows])
    return [
        Claim(
            key=key,
            story_id=of.guid,
            story_version=of.version,
            attributed=bool(cue),
            content=content,
            cue=cue,
            source=source,
            speaker=source[0].text if source else None,
            quotation="indirect",
            naming="named" if source else "none",
            role=Choice("citizen", 0.7) if source else None,
            modality=None,
            stance=None,
            score=0.9,
            by=by,
        )
        for key, (source, cue, content) in zip(keys, rows, strict=True)
    ]


def review(of: Claim, annotation_id: int = 1, **fields: Any) -> Review:
    values: dict[str, Any] = {
        "annotation_id": annotation_id,
        "key": of.key,
        "story_version": of.story_version,
        "by": "3",
        "updated": "2026-03-03T09:30:00Z",
        "claims": (of,),
        "choices": {"stance": "neutral"},
        "problems": (),
        "note": "",
        "seconds": 1.5,
        "skipped": False,
    }
    return Review(**values | fields)


def take(store: Store, *delivered: Story) -> list[tuple[str, str, bool]]:
    """Adds stories a minute apart; state, reason and whether they were known."""
    arrivals = [store.add_story(s, f"2026-03-03T09:{n:02d}:00+00:00") for n, s in enumerate(delivered)]
    return [(a.state, a.reason, a.known) for a in arrivals]


def annotate(store: Store, *delivered: Story) -> None:
    for each in delivered:
        store.add_story(each, "2026-03-03T09:00:00+00:00")
        store.add_claims(each, found(each))


def waiting(store: Store) -> list[Claim]:
    """The claims whose tasks wait."""
    return [task.claim for task in store.waiting()]


def sources(store: Store) -> list[str]:
    """Who is cited in the tasks that wait."""
    return sorted(c.source[0].text for c in waiting(store))


def push(store: Store) -> dict[str, int]:
    """As if every waiting task went to Label Studio; task ids by who is cited."""
    claims = sorted(waiting(store), key=lambda claim: claim.source[0].text)
    store.mark_pushed({c.key: 100 + n for n, c in enumerate(claims)})
    return {c.source[0].text: 100 + n for n, c in enumerate(claims)}


NOON = "2026-03-03T12:00:00+00:00"
KILL: dict[str, Any] = {"text": "", "status": Status.CANCELLED, "note": "libel"}
HELD: dict[str, Any] = {"status": Status.WITHHELD}
OTHER = "VELL (Other) -- Ann said yes. Bob said NO. Cyd said maybe!"

# stories as they are delivered; for each its state and a part of the reason on arrival; the states in the end
ARRIVALS = [
    ("new", [story()], [("new", "")], {"new": 1}),
    ("again", [story(), story()], [("new", ""), ("new", "")], {"new": 1}),
    ("update", [story(), story(2, "Ann said no.")], [("new", ""), ("new", "")], {"new": 1, "superseded": 1}),
    (
        "out of order",
        [story(3), story(1), story(2)],
        [("new", ""), ("superseded", "version 3 had come before"), ("superseded", "version 3 had come before")],
        {"new": 1, "superseded": 2},
    ),
    ("update with the same text is no duplicate of itself", [story(), story(2)], [("new", ""), ("new", "")], {"new": 1, "superseded": 1}),
    ("kill", [story(), story(2, **KILL)], [("new", ""), ("cancelled", "killed by version 2: libel")], {"cancelled": 2}),
    (
        "kill with the version of the story",
        [story(), story(**KILL)],
        [("new", ""), ("cancelled", "killed by version 2: libel")],  # as of the next one
        {"cancelled": 2},
    ),
    (
        "kill with the version and the text of the story, twice",
        [story(), story(status=Status.CANCELLED), story(status=Status.CANCELLED)],
        [("new", ""), ("cancelled", "killed by version 2"), ("cancelled", "killed by version 2")],
        {"cancelled": 2},
    ),
    ("kill without a note", [story(1, **KILL | {"note": ""})], [("cancelled", "killed by version 1: no reason given")], {"cancelled": 1}),
    (
        "kill before the story",
        [story(2, **KILL), story(1), story(2, **KILL)],
        # the kill keeps its own reason
        [("cancelled", "killed by version 2: libel"), ("cancelled", "had been killed"), ("cancelled", "killed by version 2: libel")],
        {"cancelled": 2},
    ),
    (
        "killed stays killed",
        [story(), story(2, **KILL), story(3)],
        [("new", ""), ("cancelled", "libel"), ("cancelled", "had been killed")],
        {"cancelled": 3},
    ),
    (
        "kill of an older version than the newest",
        [story(1), story(3), story(2, **KILL)],
        [("new", "")] * 2 + [("cancelled", "libel")],
        {"cancelled": 3},
    ),
    (
        "kill of another story",
        [story(), story(2, guid="urn:x:2", **KILL)],
        [("new", ""), ("cancelled", "libel")],
        {"cancelled": 1, "new": 1},
    ),
    ("withheld", [story(**HELD)], [("held", "not for publication")], {"held": 1}),
    ("withheld, then let go", [story(**HELD), story(2)], [("held", ""), ("new", "")], {"new": 1, "superseded": 1}),
    (
        "duplicate from another feed",
        [story(), story(text=OTHER, guid="urn:y:9")],
        [("new", ""), ("duplicate", "same text as urn:x:1")],
        {"duplicate": 1, "new": 1},
    ),
    (
        "no duplicate of what is held",
        [story(**HELD), story(text=OTHER, guid="urn:y:9")],
        [("held", ""), ("new", "")],
        {"held": 1, "new": 1},
    ),
    (
        "no duplicate of what was killed",
        [story(), story(2, **KILL), story(text=OTHER, guid="urn:y:9")],
        [("new", ""), ("cancelled", ""), ("new", "")],
        {"cancelled": 2, "new": 1},
    ),
    (
        "no duplicate of a superseded version",
        [story(), story(2, "Dan said so."), story(text=OTHER, guid="urn:y:9")],
        [("new", ""), ("new", ""), ("new", "")],
        {"new": 2, "superseded": 1},
    ),
    (
        "kill of a duplicate leaves the first",
        [story(), story(guid="urn:y:9"), story(2, guid="urn:y:9", **KILL)],
        [("new", ""), ("duplicate", ""), ("cancelled", "")],
        {"cancelled": 2, "new": 1},
    ),
    (
        "a version that is a time stamp",
        [story(20260303093000), story(20260303103000)],
        [("new", ""), ("new", "")],
        {"new": 1, "superseded": 1},
    ),
]


@pytest.mark.parametrize(("delivered", "expected", "states"), [c[1:] for c in ARRIVALS], ids=[c[0] for c in ARRIVALS])
def test_arrivals(store: Store, delivered: list[Story], expected: list[tuple[str, str]], states: dict[str, int]) -> None:
    arrived = take(store, *delivered)
    assert [state for state, _, _ in arrived] == [state for state, _ in expected]
    for (_, reason, _), (_, part) in zip(arrived, expected, strict=True):
        assert part in reason
        assert bool(part) <= bool(reason)
    assert store.story_states() == states
    # known is what came before with the same number, text and status
    assert [known for _, _, known in arrived] == [
        any((s.guid, s.version, s.text, s.status) == (e.guid, e.version, e.text, e.status) for e in delivered[:n])
        for n, s in enumerate(delivered)
    ]


def test_a_change_under_the_same_number_arrives_as_the_next(store: Store) -> None:
    take(store, story(3))
    changed = story(3, text="Ann said no.")
    assert store.add_story(changed, NOON).story == replace(changed, version=4)
    assert store.story("urn:x:1", 4).text == "Ann said no."


def test_a_story_comes_back_as_it_went_in(store: Store) -> None:
    given_ = story(
        2, "🗞 “Š” e\u0301\x85", subjects=("a", "b"), urgency=3, notices=("odd",), published="2026-03-03T09:30:00Z", status=Status.WITHHELD
    )
    store.add_story(given_, NOON)
    assert store.story("urn:x:1", 2) == given_


def test_waiting_stories_in_the_order_of_their_coming(store: Store) -> None:
    take(store, story(guid="urn:b"), story(guid="urn:a", text="Ann said no."), story(guid="urn:c", text="Bob said yes.", **HELD))
    assert store.waiting_stories(NOON) == [("urn:b", 1), ("urn:a", 1)]
    annotate(store, story(guid="urn:b"))
    assert store.waiting_stories(NOON) == [("urn:a", 1)]
    store.hold_story("urn:a", 1, "no model could read it")
    assert store.waiting_stories(NOON) == []
    assert store.story_states() == {"annotated": 1, "held": 2}
    assert take(store, story(guid="urn:a", text="Ann said no.")) == [("held", "no model could read it", True)]


@pytest.mark.parametrize(
    ("embargo", "waits"),
    [
        ("", True),
        ("2026-03-03T12:00:00+00:00", True),  # over at that very second
        ("2026-03-03T12:00:01+00:00", False),
        ("2026-03-03T12:30:00+01:00", True),  # half past eleven in UTC, though the text sorts behind
        ("2026-03-03T07:30:00-05:00", False),  # half past twelve, though it sorts before
        ("2026-03-03T11:59:59Z", True),
        ("2026-03-03T12:30:00", False),  # without a zone: UTC
        ("2026-03-03", True),  # from its first second
        ("2026-03-04", False),
    ],
)
@pytest.mark.slow
def test_embargo(store: Store, embargo: str, waits: bool) -> None:
    store.add_story(story(embargo=embargo), NOON)
    assert store.waiting_stories(NOON) == ([("urn:x:1", 1)] if waits else [])
    assert store.embargoed(NOON) == ([] if waits else [("urn:x:1", embargo)])
    # it is over one day
    assert store.waiting_stories("2026-03-05T00:00:00+00:00") == [("urn:x:1", 1)]


def test_utc() -> None:
    assert utc("2026-03-03T12:30:00.75+01:00") == utc("2026-03-03T11:30:00Z") == utc("2026-03-03T11:30") == "2026-03-03T11:30:00+00:00"


# Claims and tasks


def test_a_task_for_each_attributed_claim(store: Store) -> None:
    annotate(store, story())
    assert sources(store) == ["Ann", "Bob", "Cyd"]
    assert store.task_states() == {"waiting": 3}
    assert waiting(store) == sorted([c for c in found(story()) if c.attributed], key=lambda claim: claim.key)
    assert {entry.story for entry in store.entries()} == {story()}
    key = found(story())[0].key
    assert store.speakers([key, "no such key"]) == {key: "Ann"}


def test_claims_are_taken_once(store: Store) -> None:
    annotate(store, story())
    annotate(store, story())
    store.add_claims(story(), found(story(), by="model:2"))  # a batch that ran twice, on another model even
    assert store.task_states() == {"waiting": 3}
    assert {c.by for c in waiting(store)} == {"model:1"}


def test_a_story_without_claims_is_done(store: Store) -> None:
    store.add_story(story(), NOON)
    store.add_claims(story(), [])
    assert store.story_states() == {"annotated": 1}
    assert waiting(store) == []


@pytest.mark.parametrize("late", [story(2, "Dan said so."), story(2, **KILL)], ids=["superseded", "killed"])
def test_claims_that_come_too_late_are_dropped(store: Store, late: Story) -> None:
    take(store, story(), late)
    store.add_claims(story(), found(story()))  # annotated while the other came
    assert store.task_states() == {}
    assert store.story_states().get("annotated") is None


def test_pushed_tasks_wait_no_more(store: Store) -> None:
    annotate(store, story())
    ann = next(c for c in waiting(store) if c.speaker == "Ann")
    store.mark_pushed({ann.key: 7})
    assert sources(store) == ["Bob", "Cyd"]
    assert store.task_states() == {"pushed": 1, "waiting": 2}
    store.mark_pushed({ann.key: 8})  # a push that was killed half-way is done again
    assert store.task_states() == {"pushed": 1, "waiting": 2}


NEXT = story(2, "LASTRA (Meridian) - Bob said no. Dan said so. Ann said yes.")
"""Ann's and Bob's claims elsewhere in the text, Cyd's gone, Dan's new."""


def test_claims_of_a_new_version_keep_their_tasks(store: Store) -> None:
    annotate(store, story())
    push(store)
    annotate(store, NEXT)
    assert store.task_states() == {"closed": 1, "pushed": 2, "waiting": 1}
    assert sources(store) == ["Dan"]  # nobody is asked twice
    cyd = found(story())[2]
    assert store.closed_in_studio() == [cyd.key]
    store.mark_removed([cyd.key])
    assert store.closed_in_studio() == []


def test_what_vanished_before_it_was_pushed_is_never_pushed(store: Store) -> None:
    annotate(store, story(), NEXT)
    assert sources(store) == ["Ann", "Bob", "Dan"]
    assert store.closed_in_studio() == []


def test_reviews_of_a_vanished_claim_stay(store: Store) -> None:
    annotate(store, story())
    push(store)
    cyd = found(story())[2]
    store.add_reviews([review(cyd)], {cyd.key: {1}})
    annotate(store, NEXT)
    assert store.task_states()["closed"] == 1
    assert store.closed_in_studio() == []  # what a person did is not taken away
    # the review goes with the version that it was made on
    assert list(store.reviewed()) == [(story(), cyd, review(cyd))]


def test_a_task_closed_during_the_push_stays_closed_and_is_taken_back(store: Store) -> None:
    annotate(store, story())
    keys = {c.key: 100 + n for n, c in enumerate(waiting(store))}
    store.add_story(story(2, **KILL), NOON)
    store.mark_pushed(keys)
    assert store.task_states() == {"closed": 3}
    assert store.closed_in_studio() == sorted(keys)


def test_kill_closes_tasks_and_takes_reviews_out(store: Store) -> None:
    other = story(guid="urn:x:2", text="Eve said so.")
    annotate(store, story(), other)
    push(store)
    ann, eve = found(story())[0], found(other)[0]
    store.add_reviews([review(ann, 1), review(eve, 2)], {ann.key: {1}, eve.key: {2}})
    assert [r.annotation_id for _, _, r in store.reviewed()] == [1, 2]
    store.add_story(story(2, **KILL), NOON)
    assert [r.annotation_id for _, _, r in store.reviewed()] == [2]
    assert store.task_states() == {"closed": 3, "pushed": 1}
    assert len(store.closed_in_studio()) == 2  # Ann's was reviewed


def test_kill_with_the_storys_own_version_closes_tasks_too(store: Store) -> None:
    annotate(store, story())
    push(store)
    store.add_story(story(**KILL), NOON)
    assert store.task_states() == {"closed": 3}
    assert store.waiting_stories(NOON) == []


# Reviews


def test_adding_reviews_twice_changes_nothing(store: Store) -> None:
    annotate(store, story())
    ann, bob, _, _ = found(story())
    batch = [review(ann, 1, problems=("bad split",)), review(bob, 2, note="“Š” 🗞", seconds=0.1 + 0.2)]
    left = {ann.key: {1}, bob.key: {2}}
    assert store.add_reviews(batch, left) == 2
    before = list(store.reviewed())
    assert store.add_reviews(batch, left) == 0
    assert (
        list(store.reviewed())
        == before
        == sorted(((story(), {1: ann, 2: bob}[r.annotation_id], r) for r in batch), key=lambda row: row[1].key)
    )


def test_an_edited_annotation_replaces_its_review(store: Store) -> None:
    annotate(store, story())
    ann = found(story())[0]
    store.add_reviews([review(ann)], {ann.key: {1}})
    edited = review(ann, choices={"stance": "government"}, updated="2026-03-03T10:00:00Z")
    assert store.add_reviews([edited], {ann.key: {1}}) == 1
    assert [r for _, _, r in store.reviewed()] == [edited]


def test_several_people_on_one_task(store: Store) -> None:
    annotate(store, story())
    ann = found(story())[0]
    both = [review(ann, 1, by="3"), review(ann, 2, by="4", skipped=True, claims=())]
    store.add_reviews(both, {ann.key: {1, 2}})
    assert [r for _, _, r in store.reviewed()] == both


@pytest.mark.parametrize(
    ("left", "kept", "changed"),
    [
        ({1, 2}, [1, 2, 3], 0),
        ({2}, [2, 3], 1),
        (set(), [3], 2),  # all of a task's were deleted
    ],
)
def test_deleted_annotations_leave(store: Store, left: set[int], kept: list[int], changed: int) -> None:
    annotate(store, story())
    ann, bob, _, _ = found(story())
    store.add_reviews([review(ann, 1), review(ann, 2), review(bob, 3)], {})
    # a task that was not looked at keeps its reviews
    assert store.add_reviews([], {ann.key: left}) == changed
    assert sorted(r.annotation_id for _, _, r in store.reviewed()) == kept


def test_a_review_of_a_task_that_the_store_does_not_know_is_kept_apart(store: Store) -> None:
    stray = found(story())[0]
    assert store.add_reviews([review(stray)], {}) == 1
    assert not list(store.reviewed())


# The rest


def test_quarantine_once_a_file(store: Store) -> None:
    assert store.add_quarantine("a.xml", "1", "no text", NOON)
    assert not store.add_quarantine("a.xml", "1", "no text", NOON)
    assert store.add_quarantine("a.xml", "2", "no text", NOON)  # the file has changed
    assert store.add_quarantine("b.xml", "1", "no text", NOON)


def test_marks(store: Store) -> None:
    assert store.mark("pulled") is None
    assert store.mark("pulled", "1") == store.mark("pulled") == "1"
    assert store.mark("pulled", "2") == store.mark("pulled") == "2"
    assert store.mark("other") is None


def test_opened_again_it_is_the_same(url: str, store: Store) -> None:
    annotate(store, story())
    again = Store(url)
    assert (again.story_states(), again.task_states()) == ({"annotated": 1}, {"waiting": 3})
    again.engine.dispose()


@pytest.mark.parametrize(
    ("given_", "error", "said"),
    [
        ("onrecord.db", BadInput, "store URL cannot be read; give sqlite:///PATH or postgresql"),
        ("", BadInput, "store URL cannot be read"),
        ("cobol://host/name", BadInput, "store URL cannot be read"),
        ("sqlite:///{folder}/file/onrecord.db", Unavailable, "the store cannot be opened"),  # a file where a folder should be
        ("sqlite:///{folder}", Unavailable, "the store cannot be opened"),  # a folder where the file should be
        ("sqlite:///{folder}/file", Unavailable, "the store cannot be opened"),  # no database
        ("postgresql+psycopg://nobody@/name?host={folder}", Unavailable, "the store cannot be opened"),  # no server
    ],
)
def test_a_store_that_cannot_be_opened(tmp_path: Path, given_: str, error: type[Exception], said: str) -> None:
    (tmp_path / "file").write_text("This is no database, though it is long enough to be looked at as one.\n" * 20)
    with pytest.raises(error, match=said) as refused:
        Store(given_.format(folder=tmp_path))
    assert "\n" not in str(refused.value)


# Invariants

DELIVERIES = st.lists(
    st.builds(
        lambda guid, version, who, status: Story(guid=guid, version=version, text=f"{who} said so.", status=status),
        st.sampled_from(["urn:x:1", "urn:x:2"]),
        st.integers(1, 3),
        st.sampled_from(["Ann", "Bob"]),
        st.sampled_from([*Status, Status.USABLE]),
    ),
    max_size=8,
)


@given(DELIVERIES, st.booleans())
@settings(max_examples=50, deadline=None)
@pytest.mark.slow
def test_whatever_comes_in_whatever_order(deliveries: list[Story], each: bool) -> None:
    """Of a story at most the newest version is live, and nothing once it was killed; and everything may come twice."""
    store = Store("sqlite://")

    def work() -> None:
        for guid, version in store.waiting_stories(NOON):
            of = store.story(guid, version)
            store.add_claims(of, found(of))

    for delivered in deliveries:
        store.add_story(delivered, NOON)
        if each:
            work()
    work()
    with store.engine.begin() as db:
        rows = db.execute(sa.select(stories.c.guid, stories.c.version, stories.c.state)).all()
    killed = {s.guid for s in deliveries if s.status is Status.CANCELLED}
    for guid in {s.guid for s in deliveries}:
        live = [r.version for r in rows if r.guid == guid and r.state in ("new", "annotated")]
        assert live in ([], [max(r.version for r in rows if r.guid == guid)])
        assert not live or guid not in killed
    open_tasks = [claim.story_id for claim in waiting(store)]
    assert len(open_tasks) == len(set(open_tasks))  # one sentence a story, so one task
    assert not killed & set(open_tasks)
    before = store.story_states(), store.task_states()
    for delivered in deliveries:
        assert store.add_story(delivered, NOON).known
    work()
    assert (store.story_states(), store.task_states()) == before
    store.engine.dispose()


def test_utc_orders_as_time_does() -> None:
    key: Callable[[str], str] = utc
    times = ["2026-03-03T12:00:00+02:00", "2026-03-03T10:30:00Z", "2026-03-03T06:00:00-05:00", "2026-03-03T11:30"]
    assert [*map(key, times)] == sorted(map(key, times))


def test_a_kill_frees_the_same_story_of_another_feed(store: Store) -> None:
    text = "LASTRA, March 4 (Meridian) - Police fired, the army said. Nobody was hurt."
    store.add_story(Story("a", 1, text), "2026-03-04T01:00:00+00:00")
    assert store.add_story(Story("b", 1, text.replace("Meridian", "Sextant")), "2026-03-04T02:00:00+00:00").state == "duplicate"
    store.add_story(Story("a", 2, "", status=Status.CANCELLED, note="wrong"), "2026-03-04T03:00:00+00:00")
    assert store.waiting_stories("2026-03-05T00:00:00+00:00") == [("b", 1)]


def test_a_full_disk_is_one_line_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")

    @sa.event.listens_for(store.engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")  # SQLite takes it as: no more pages than there are

    store.engine.dispose()
    with pytest.raises(Unavailable, match="the store failed: database or disk is full") as caught:
        store.add_story(Story("a", 1, "Police said it rained. " * 20_000), "2026-03-04T01:00:00+00:00")
    assert "\n" not in str(caught.value)
    assert store.story_states() == {}
