"""Annotations back: a pre-label that nobody touched comes back as it went out, and what people do to it is understood."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.claim import Choice, Claim, claim_keys
from schemas.errors import BadData
from schemas.quotation import quotation
from schemas.rebuilding import annotation_of, author
from schemas.reviews import Review, parse_annotation
from schemas.spans import Span, cut
from schemas.story import Story
from schemas.tasks import claim_task

BODY = "MINSK 🗞 - Police fired.\n\n“We did not,” the minister said. A deputy added that nobody had, and left.\n\nThe end."
STORY = Story(guid="urn:x:1", version=2, text=BODY)
Json = dict[str, Any]


def spans(*words: str) -> tuple[Span, ...]:
    return tuple(cut(BODY, BODY.index(w), BODY.index(w) + len(w)) for w in words)


def claim(story: Story = STORY, **fields: Any) -> Claim:
    values: dict[str, Any] = {
        "story_id": story.guid,
        "story_version": story.version,
        "attributed": True,
        "content": spans("We did not"),
        "cue": spans("said"),
        "source": spans("the minister"),
        "speaker": "Ivan Kubrakou",
        "naming": "unnamed",
        "role": Choice("government", 0.9),
        "modality": Choice("denies", 0.8),
        "stance": Choice("government", 0.3),
        "score": 0.9,
        "by": "model:1",
    } | fields
    (key,) = claim_keys(story.guid, [(values["source"], values["cue"], values["content"])])
    return Claim(key=key, quotation=quotation(story.text, values["content"]), **values)


TASK = claim_task(STORY, claim())
DATA = TASK["data"]
KEY = DATA["key"]


def annotation(result: list[Json] | None = None, **fields: Any) -> Json:
    return {
        "id": 7,
        "result": TASK["predictions"][0]["result"] if result is None else result,
        "created_at": "2026-03-03T09:00:00Z",
        "updated_at": "2026-03-03T09:30:00Z",
        "lead_time": 12.5,
        "was_cancelled": False,
    } | fields


def region(id_: str, part: str, words: str, **value: Any) -> Json:
    start = DATA["text"].index(words)
    where = {"start": start, "end": start + len(words), "text": words, "labels": [part]} | value
    return {"id": id_, "from_name": "span", "to_name": "text", "type": "labels", "value": where}


def link(from_id: str, to_id: str, *labels: str) -> Json:
    return {"type": "relation", "from_id": from_id, "to_id": to_id, "direction": "right", "labels": list(labels)}


def choice(name: str, *labels: str) -> Json:
    return {"id": f"x-{name}", "from_name": name, "to_name": "text", "type": "choices", "value": {"choices": list(labels)}}


def parse(*result: Json) -> list[tuple[list[str], list[str], list[str]]]:
    """The words of source, cue and content of each claim of a review."""
    review = parse_annotation(annotation(list(result)), DATA, "3")
    return [tuple([s.text for s in part] for part in (c.source, c.cue, c.content)) for c in review.claims]  # type: ignore[misc]


# There and back


def test_round_trip() -> None:
    review = parse_annotation(json.loads(json.dumps(annotation())), json.loads(json.dumps(DATA)), "3", "Ivan Kubrakou")
    (found,) = review.claims
    sent = claim()
    # what the annotator left open stays open, and what they confirmed is sure
    assert found == claim(role=Choice("government", 1.0), modality=Choice("denies", 1.0), stance=None, score=1.0, by="human:3")
    assert found.key == sent.key == review.key
    assert review.choices == {"role": "government", "modality": "denies", "naming": "unnamed"}
    assert (review.annotation_id, review.by, review.updated, review.seconds) == (7, "3", "2026-03-03T09:30:00Z", 12.5)
    assert (review.problems, review.note, review.skipped) == ((), "", False)
    assert (review.kind, BODY[slice(*review.passage)], review.whole) == ("claim", DATA["text"], False)


def test_a_passage_reviewed_whole_is_marked_so() -> None:
    outlets = claim(attributed=False, cue=(), source=(), content=spans("The end."))
    task = claim_task(STORY, outlets)
    agreed = parse_annotation(annotation(task["predictions"][0]["result"]), task["data"], "3")
    assert (agreed.kind, agreed.claims, agreed.whole) == ("passage", (), True)
    assert BODY[slice(*agreed.passage)] == "The end."
    assert not parse_annotation(annotation([]), task["data"], "3").whole  # the tick was taken away
    assert not parse_annotation(annotation(was_cancelled=True, result=[choice("reviewed", "whole passage")]), task["data"], "3").whole
    ticked = parse_annotation(annotation([*annotation()["result"], choice("reviewed", "whole passage")]), DATA, "3")
    assert (ticked.kind, ticked.whole) == ("claim", True)


@pytest.mark.parametrize(
    "sent",
    [
        claim(source=()),
        claim(content=spans("We did not", "nobody had"), cue=spans("added that"), source=spans("A deputy")),
        claim(source=spans("the minister", "A deputy")),
        claim(cue=spans("added", "that"), content=spans("nobody had"), source=spans("A deputy")),  # a cue of two stretches
        claim(cue=()),
        claim(content=spans("Police fired", "The end")),  # over all paragraphs
    ],
    ids=lambda c: " / ".join(" ".join(s.text for s in part) for part in (c.source, c.cue, c.content)),
)
def test_round_trip_of_spans(sent: Claim) -> None:
    task = claim_task(STORY, sent)
    (found,) = parse_annotation(annotation(task["predictions"][0]["result"]), task["data"], "3").claims
    assert (found.source, found.cue, found.content, found.key) == (sent.source, sent.cue, sent.content, sent.key)
    assert (found.quotation, found.attributed) == (sent.quotation, True)


@given(st.data())
def test_round_trip_of_any_claim(data: st.DataObject) -> None:
    words = data.draw(st.lists(st.sampled_from(["he", "🗞", "“no”", "said", "e\u0301", "\n\n"]), min_size=4, max_size=14))
    text = " ".join([*words, "end"])
    edges = data.draw(st.lists(st.integers(0, len(text)), min_size=4, max_size=12, unique=True).map(sorted))
    found = [cut(text, a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if text[a:b].strip() == text[a:b]]
    parts = data.draw(st.permutations(["cue", "content", *["source", "content", "content"]]))
    part = {name: tuple(s for s, p in zip(found, parts, strict=False) if p == name) for name in ("source", "cue", "content")}
    if not part["cue"]:
        return
    story = Story(guid="urn:x:2", version=1, text=text)
    sent = claim(story, **part)
    task = claim_task(story, sent)
    result = task["predictions"][0]["result"]
    if data.draw(st.booleans()):  # the page may leave out the words, and give rows in any order
        result = [{**r, "value": {k: v for k, v in r.get("value", {}).items() if k != "text"}} for r in data.draw(st.permutations(result))]
    (back,) = parse_annotation(annotation(result), task["data"], "3").claims
    assert (back.source, back.cue, back.content, back.key) == (sent.source, sent.cue, sent.content, sent.key)


def test_review_round_trip_through_json() -> None:
    result = [*annotation()["result"], choice("problem", "bad split"), choice("reliability", "B")]
    review = parse_annotation(annotation(result), DATA, "3")
    assert Review.from_dict(json.loads(json.dumps(review.to_dict()))) == review


# What people do

OWN = region(f"{KEY}-cue-0", "Cue", "said")
SOURCE, CONTENT = region("s", "Source", "the minister"), region("c", "Content", "We did not")
ADDED = region("q2", "Cue", "added that")
DEPUTY, NOBODY = region("s2", "Source", "A deputy"), region("c2", "Content", "nobody had")
MINISTER, SAID_DEPUTY = (["the minister"], ["said"], ["We did not"]), (["A deputy"], ["added that"], ["nobody had"])

GROUPS = [
    ("as pre-labelled", [OWN, SOURCE, CONTENT, link(OWN["id"], "s", "source"), link(OWN["id"], "c", "content")], [MINISTER]),
    ("one cue needs no relations", [OWN, SOURCE, CONTENT], [MINISTER]),
    ("nor does the order matter then", [CONTENT, SOURCE, OWN], [MINISTER]),
    ("the content taken away", [OWN, SOURCE], [(["the minister"], ["said"], [])]),
    ("a source without a cue", [SOURCE, CONTENT], [(["the minister"], [], ["We did not"])]),
    (
        "a second claim, tied",
        [
            OWN,
            SOURCE,
            CONTENT,
            ADDED,
            DEPUTY,
            NOBODY,
            link("q2", "s2", "source"),
            link("q2", "c2", "content"),
            link(OWN["id"], "c", "content"),
        ],
        [MINISTER, SAID_DEPUTY],
    ),
    ("a second claim, not tied: to the nearest cue in the text", [OWN, SOURCE, CONTENT, ADDED, DEPUTY, NOBODY], [MINISTER, SAID_DEPUTY]),
    ("in whatever order they were marked", [DEPUTY, SOURCE, NOBODY, OWN, CONTENT, ADDED], [MINISTER, SAID_DEPUTY]),
    (
        "what is marked beside a tied claim is the added one's",
        [OWN, SOURCE, CONTENT, NOBODY, ADDED, link(OWN["id"], "s", "source"), link(OWN["id"], "c", "content")],
        [MINISTER, ([], ["added that"], ["nobody had"])],
    ),
    (
        "relations drawn the other way, or without a label",
        [
            OWN,
            ADDED,
            NOBODY,
            CONTENT,
            DEPUTY,
            SOURCE,
            *(link(a, b) for a, b in [("s", OWN["id"]), ("c", OWN["id"]), ("q2", "s2"), ("c2", "q2")]),
        ],
        [MINISTER, SAID_DEPUTY],
    ),
    (
        "one source for two cues",
        [OWN, ADDED, SOURCE, CONTENT, NOBODY, *(link(a, b) for a, b in [(OWN["id"], "s"), ("q2", "s"), (OWN["id"], "c"), ("q2", "c2")])],
        [MINISTER, (["the minister"], ["added that"], ["nobody had"])],
    ),
    ("a relation drawn twice", [OWN, SOURCE, CONTENT, link(OWN["id"], "s", "source"), link("s", OWN["id"], "source")], [MINISTER]),
    ("the pre-label's own cue leads", [ADDED, DEPUTY, NOBODY, OWN, SOURCE, CONTENT], [MINISTER, SAID_DEPUTY]),
    ("else the first does", [ADDED, DEPUTY, NOBODY, {**OWN, "id": "q1"}, SOURCE, CONTENT], [SAID_DEPUTY, MINISTER]),
    (
        "a relation of a kind that is not ours",
        [OWN, SOURCE, CONTENT, ADDED, NOBODY, link("q2", "s", "denies")],
        [MINISTER, ([], ["added that"], ["nobody had"])],
    ),
    ("a relation to what is not there", [OWN, SOURCE, CONTENT, link(OWN["id"], "gone", "source")], [MINISTER]),
    ("a relation between a source and a content", [OWN, SOURCE, CONTENT, link("s", "c", "content")], [MINISTER]),
    ("everything taken away", [], []),
]


@pytest.mark.parametrize(("result", "claims"), [case[1:] for case in GROUPS], ids=[case[0] for case in GROUPS])
def test_groups(result: list[Json], claims: list[tuple[list[str], list[str], list[str]]]) -> None:
    assert parse(*result) == claims


def test_choices_are_of_the_first_claim() -> None:
    result = [OWN, SOURCE, CONTENT, ADDED, NOBODY, choice("role", "opposition"), choice("stance", "neutral"), choice("naming", "named")]
    own, added = parse_annotation(annotation(result), DATA, "3", "Ivan Kubrakou").claims
    assert (own.role, own.stance, own.modality, own.naming) == (Choice("opposition", 1.0), Choice("neutral", 1.0), None, "named")
    assert own.speaker == "Ivan Kubrakou"
    # of an added claim nothing is known but its spans, and that it names nobody where there is no source
    assert (added.role, added.stance, added.modality, added.naming, added.speaker) == (None, None, None, "none", None)
    assert added.key != own.key


def test_problems_note_and_human_fields() -> None:
    result = [
        OWN,
        choice("problem", "not a claim", "missed one"),
        choice("credibility", "2"),
        choice("reliability"),  # picked and taken back
        {"from_name": "note", "to_name": "text", "type": "textarea", "value": {"text": ["see", "paragraph 2"]}},
    ]
    review = parse_annotation(annotation(result), DATA, "3")
    assert review.problems == ("not a claim", "missed one")
    assert review.note == "see\nparagraph 2"
    assert review.choices == {"credibility": "2"}


def test_a_missed_claim_that_was_typed() -> None:
    review = parse_annotation(annotation([*annotation()["result"], TYPED]), DATA, "3")
    own, added = review.claims
    assert own.key == KEY
    assert (added.source, added.cue, added.content) == (spans("A deputy"), spans("added"), spans("nobody had"))
    assert (added.role, added.by) == (None, "human:3")
    assert (review.missed, review.note) == (("deputy | said", "a deputy | added | nobody had"), "")
    assert Review.from_dict(json.loads(json.dumps(review.to_dict()))) == review


def test_a_claim_with_neither_cue_nor_source_is_the_outlets() -> None:
    (found,) = parse_annotation(annotation([CONTENT]), DATA, "3").claims
    assert (found.attributed, found.naming, found.quotation) == (False, "none", "direct")


def test_quotation_follows_the_new_content() -> None:
    (found,) = parse_annotation(annotation([OWN, region("c", "Content", "We did not,” the minister")]), DATA, "3").claims
    assert found.quotation == "mixed"


@pytest.mark.parametrize("result", [None, []])
def test_skipped(result: list[Json] | None) -> None:
    review = parse_annotation({"id": 8, "result": result, "was_cancelled": True, "created_at": "2026-03-03T09:00:00Z"}, DATA, "3")
    assert (review.skipped, review.claims, review.choices) == (True, (), {})
    # the server leaves these out of what was never changed
    assert (review.updated, review.seconds) == ("2026-03-03T09:00:00Z", 0.0)


REFUSED = [
    # the words of a region are those of the passage
    (annotation([region("q", "Cue", "said", text="says")]), DATA, "region q says 'says' where the passage has 'said'"),
    (annotation([region("q", "Cue", "said", end=999)]), DATA, "does not lie in a text"),
    (annotation([region("q", "Cue", "said", labels=["Verb"])]), DATA, "region q .*'Verb'"),
    (annotation([region("q", "Cue", "said", labels=[])]), DATA, r"region q .*\[\]"),
    # the passage was edited in Label Studio, or stands elsewhere in the story
    (annotation([region("q", "Cue", "said", text=None)]), DATA | {"text": DATA["text"].replace("said", "sang")}, "'sang' became 'said'"),
    (annotation([OWN]), DATA | {"text_start": DATA["text_start"] + 1}, "'said' became 'aid.'"),
    (annotation([OWN]), DATA | {"text_start": 10_000}, "does not lie in a text"),
]


@pytest.mark.parametrize(("given_", "data", "said"), REFUSED)
def test_refused(given_: Json, data: Json, said: str) -> None:
    with pytest.raises(BadData, match=said):
        parse_annotation(given_, data, "3")


# And back into a server that was lost


TYPED = {
    "id": "m",
    "from_name": "missed",
    "to_name": "text",
    "type": "textarea",
    "value": {"text": ["deputy | said", "a deputy | added | nobody had"]},
}
REVIEWED = [
    [],  # as it came, nothing left of it
    annotation()["result"],
    [*annotation()["result"], choice("problem", "bad split"), choice("reliability", "B"), choice("reviewed", "whole passage")],
    [OWN, SOURCE, CONTENT, ADDED, DEPUTY, NOBODY, link("q2", "s2", "source"), link("q2", "c2", "content")],  # one was added
    [ADDED, DEPUTY],  # the pre-label was taken away, another claim put in its place
    [SOURCE, CONTENT],  # no cue
    [OWN, SOURCE, CONTENT, TYPED],  # one was typed, another that cannot be read too
    [SOURCE, CONTENT, TYPED],
]


@pytest.mark.parametrize("result", REVIEWED)
@pytest.mark.parametrize("skipped", [False, True])
def test_a_review_comes_back_from_the_annotation_that_is_made_of_it(result: list[Json], skipped: bool) -> None:
    note = {"id": "n", "from_name": "note", "to_name": "text", "type": "textarea", "value": {"text": ["so so"]}}
    review = parse_annotation(annotation([*result, note], was_cancelled=skipped), DATA, "ann@desk.org", "Ivan Kubrakou")
    made = annotation_of(review, DATA)
    assert made["completed_by"] == {"email": "ann@desk.org"}
    again = parse_annotation(made | {"id": 7, "updated_at": review.updated}, DATA, made["completed_by"]["email"], "Ivan Kubrakou")
    assert again == review


def test_a_review_of_another_text_makes_no_annotation() -> None:
    review = parse_annotation(annotation(), DATA, "3")
    with pytest.raises(BadData, match="'said', does not stand there"):
        annotation_of(review, DATA | {"text": DATA["text"].replace("said", "sang")})


@pytest.mark.parametrize(("by", "address"), [("ann@desk.org", "ann@desk.org"), ("user 5", "user-5@onrecord.invalid")])
def test_every_reviewer_has_an_address(by: str, address: str) -> None:
    assert author(by) == address
