"""Tasks out: what the config offers, what a task holds, and what is refused before Label Studio sees it."""

from __future__ import annotations

import copy
import html
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.claim import Choice, Claim
from schemas.errors import BadData
from schemas.labels import CHOICES, HUMAN_ONLY, Part, Problem, Reviewed
from schemas.spans import Span, cut
from schemas.story import Story
from schemas.story_html import story_html, story_text
from schemas.studio_config import LINKS, PICKED, SPAN, STORY, TEXT, TITLE, VARIABLES, labeling_config
from schemas.tasks import check_task, claim_task, passage

BODY = "MINSK 🗞 - Police fired.\n\n“We did not,” the minister said.\n\nHe spoke on Friday.\n\nA deputy agreed."
RESERVED = {"u", "enter", "backspace", "esc"}
"""Keys that Label Studio keeps for itself: undo of a region, submit, delete, leave."""


def story(**fields: Any) -> Story:
    return Story(**{"guid": "urn:x:1", "version": 2, "text": BODY} | fields)


def spans(*words: str) -> tuple[Span, ...]:
    return tuple(cut(BODY, BODY.index(w), BODY.index(w) + len(w)) for w in words)


def claim(**fields: Any) -> Claim:
    values = {
        "key": "k1",
        "story_id": "urn:x:1",
        "story_version": 2,
        "attributed": True,
        "content": spans("We did not"),
        "cue": spans("said"),
        "source": spans("the minister"),
        "speaker": None,
        "quotation": "direct",
        "naming": "unnamed",
        "role": Choice("government", 0.9),
        "modality": Choice("denies", 0.5),
        "stance": Choice("government", 0.49),
        "score": 0.87654,
        "by": "model:1",
    }
    return Claim(**values | fields)


def rows(task: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [r for r in task["predictions"][0]["result"] if r["type"] == kind]


# The config


CONFIG = ElementTree.fromstring(labeling_config())


def test_hotkeys_are_unique_and_not_reserved() -> None:
    keys = [e.attrib["hotkey"] for e in CONFIG.iter() if "hotkey" in e.attrib]
    assert sorted(keys) == sorted(set(keys))
    assert not RESERVED & {k.lower() for k in keys}
    # every label and choice has one
    assert len(keys) == len([e for e in CONFIG.iter() if e.tag in ("Label", "Choice")])


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        *((name, [str(x) for x in CHOICES[name]]) for name in PICKED),
        *((name, [str(x) for x in labels]) for name, labels in HUMAN_ONLY.items()),
        ("problem", [str(x) for x in Problem]),
        ("reviewed", [str(x) for x in Reviewed]),
    ],
)
def test_every_choice_of_the_label_set_is_in_the_config(name: str, labels: list[str]) -> None:
    element = CONFIG.find(f".//Choices[@name='{name}']")
    assert element is not None
    assert [c.attrib["value"] for c in element.iter("Choice")] == labels
    assert all(c.attrib["hint"] for c in element.iter("Choice"))
    assert element.attrib["toName"] == TEXT


def test_every_element_is_picked_or_computed() -> None:
    assert {*PICKED, "quotation"} == set(CHOICES)


def test_spans_and_relations_are_in_the_config() -> None:
    labels = CONFIG.find(f".//Labels[@name='{SPAN}']")
    assert labels is not None
    assert [e.attrib["value"] for e in labels] == [str(p) for p in Part]
    assert [e.attrib["value"] for e in CONFIG.iter("Relation")] == list(LINKS.values())


def test_the_config_asks_for_no_variable_that_tasks_lack() -> None:
    asked = {e.attrib["value"][1:] for e in CONFIG.iter() if e.attrib.get("value", "").startswith("$")}
    assert asked == set(VARIABLES) - {"key"}
    assert [e.attrib["name"] for e in CONFIG.iter() if e.tag in ("Text", "HyperText")] == [TEXT, STORY]


def test_names_are_unique() -> None:
    names = [e.attrib["name"] for e in CONFIG.iter() if "name" in e.attrib]
    assert sorted(names) == sorted(set(names))


def test_title_is_as_long_as_label_studio_allows() -> None:
    assert 3 <= len(TITLE) <= 50


# A claim's task


def test_task() -> None:
    task = claim_task(story(headline="Shots", agency="AFP", location="Minsk", published="2026-03-03T09:30:00Z"), claim())
    data = task["data"]
    assert data == {
        "key": "k1",
        "kind": "claim",
        "guid": "urn:x:1",
        "version": 2,
        "headline": "Shots",
        "story_line": "AFP · Minsk · 2026-03-03 09:30 · version 2",
        "notice": "",
        "text": "“We did not,” the minister said.",
        "text_start": BODY.index("“"),
        "others": "",
        "story_html": BODY.replace("We did not", "<mark>We did not</mark>")
        .replace("the minister", "<mark>the minister</mark>")
        .replace("said", "<mark>said</mark>"),
        "story_digest": story().digest,
    }
    (prediction,) = task["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("model:1", 0.8765)
    assert [(r["id"], r["value"]) for r in rows(task, "labels")] == [
        ("k1-cue-0", {"start": 27, "end": 31, "text": "said", "labels": ["Cue"]}),
        ("k1-source-0", {"start": 14, "end": 26, "text": "the minister", "labels": ["Source"]}),
        ("k1-content-0", {"start": 1, "end": 11, "text": "We did not", "labels": ["Content"]}),
    ]
    assert [(r["from_id"], r["to_id"], r["labels"]) for r in rows(task, "relation")] == [
        ("k1-cue-0", "k1-source-0", ["source"]),
        ("k1-cue-0", "k1-content-0", ["content"]),
    ]


def test_what_the_model_is_unsure_of_is_left_to_the_human() -> None:
    picked = {r["from_name"]: r["value"]["choices"] for r in rows(claim_task(story(), claim()), "choices")}
    # stance is below one half; modality just reaches it; naming has no probability
    assert picked == {"role": ["government"], "modality": ["denies"], "naming": ["unnamed"]}
    bold = claim_task(story(), claim(role=None), abstain_below=0)
    assert [r["from_name"] for r in rows(bold, "choices")] == ["stance", "modality", "naming"]


def test_no_software_fills_in_what_is_the_humans_alone() -> None:
    assert not {r["from_name"] for r in rows(claim_task(story(), claim()), "choices")} & {*HUMAN_ONLY, "problem", "note"}


def test_a_passage_without_a_claim_is_to_be_read_whole() -> None:
    outlets = claim(attributed=False, cue=(), source=(), content=spans("He spoke on Friday."))
    task = claim_task(story(), outlets, notice="Version 2 of the story came.")
    assert (task["data"]["kind"], task["data"]["text"]) == ("passage", "He spoke on Friday.")
    assert task["data"]["notice"] == "Version 2 of the story came."
    (tick,) = task["predictions"][0]["result"]
    assert (tick["from_name"], tick["value"]["choices"]) == ("reviewed", ["whole passage"])


def test_other_claims_of_the_passage_are_listed() -> None:
    own = claim()
    same = claim(key="k2", content=spans("We"), cue=spans("did"), source=())
    elsewhere = claim(key="k3", content=spans("A deputy"), cue=spans("agreed"), source=())
    assert claim_task(story(), own, others=[own, same, elsewhere])["data"]["others"] == (
        "Other claims found here, each with a task of its own:\n• nobody named – did: We"
    )


def test_a_blind_task_shows_the_cue_alone() -> None:
    (only,) = claim_task(story(), claim(), blind=True)["predictions"][0]["result"]
    assert only["value"]["labels"] == ["Cue"]


def test_a_task_may_have_a_key_of_its_own() -> None:
    task = claim_task(story(), claim(), key="gold")
    assert task["data"]["key"] == "gold"
    assert all(row["id"].startswith("gold-") for row in task["predictions"][0]["result"] if "id" in row)


@given(st.text(), st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)), max_size=4))
def test_the_folded_story_is_the_story(text: str, places: list[tuple[int, int]]) -> None:
    marked = [cut(text, start, start + length) for start, length in places if start + length <= len(text)]
    shown = story_html(text, marked)
    assert story_text(shown) == text
    assert not re.search(r"<(?!/?mark>)", shown)
    assert all(
        any(html.escape(m.text, quote=False)[:1] in part for part in re.findall("<mark>(.*?)</mark>", shown, re.DOTALL)) for m in marked
    )


def test_a_story_without_headline_shows_its_guid() -> None:
    data = claim_task(story(), claim())["data"]
    assert (data["headline"], data["story_line"]) == ("urn:x:1", "version 2")


def test_no_relation_where_there_is_no_cue() -> None:
    assert rows(claim_task(story(), claim(cue=())), "relation") == []


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (["We did not"], "“We did not,” the minister said."),
        (["He spoke on Friday"], "“We did not,” the minister said.\n\nHe spoke on Friday."),  # up to the last span
        (["A deputy"], "“We did not,” the minister said.\n\nHe spoke on Friday.\n\nA deputy agreed."),  # with all between
        (["Police", "We"], "MINSK 🗞 - Police fired.\n\n“We did not,” the minister said."),
        ([BODY], BODY),  # a span that runs over paragraphs
    ],
)
def test_passage_is_whole_paragraphs(content: list[str], shown: str) -> None:
    found = passage(story(), claim(content=spans(*content)))
    assert found.text == shown == BODY[found.start : found.end]


def test_a_claim_of_another_text_is_refused() -> None:
    with pytest.raises(BadData, match=r"task 'k1': span 27 to 31 is 'sang', not 'said'"):
        claim_task(story(text=BODY.replace("said", "sang")), claim())


# What check_task refuses


DROP = object()
RESULT = ["predictions", 0, "result"]
FAULTS = [
    # data that the config shows
    *((["data", name], DROP, f"lack {name}") for name in VARIABLES),
    (["data", "story_html"], None, "lack story_html"),
    (["data", "text"], "", "lack text"),
    (["data", "key"], "", "lack key"),
    (["data", "headline"], 7, "lack headline"),
    # the score
    (["predictions", 0, "score"], 1.01, "score 1.01"),
    (["predictions", 0, "score"], -0.1, "score -0.1"),
    (["predictions", 0, "score"], float("nan"), "score nan"),
    # spans: the cue is row 0, the source row 1, the content row 2
    ([*RESULT, 0, "value", "end"], 33, "span 27 to 33 does not lie in the passage of 32"),
    ([*RESULT, 0, "value", "start"], -1, "span -1 to 31 does not lie"),
    ([*RESULT, 0, "value", "start"], 31, "span 31 to 31 does not lie"),
    ([*RESULT, 0, "value", "start"], 26, "span 26 to 31 is ' said', not 'said'"),
    ([*RESULT, 0, "value", "labels"], ["Verb"], r"labels \['Verb'\]"),
    ([*RESULT, 0, "value", "labels"], [], r"labels \[\]"),
    ([*RESULT, 0, "id"], "k1-source-0", "two regions have one id"),
    # relations: rows 3 and 4
    ([*RESULT, 0, "id"], "k2", "leads from k1-cue-0 to k1-source-0, and one of them does not exist"),
    ([*RESULT, 4, "to_id"], "k1-content-9", "leads from k1-cue-0 to k1-content-9"),
    ([*RESULT, 4, "labels"], ["cue"], r"relation labels \['cue'\]"),
    # choices: row 5 is the role
    ([*RESULT, 5, "value", "choices"], ["king"], r"\['king'\] is not one of role"),
    ([*RESULT, 5, "value", "choices"], [], r"\[\] is not one of role"),
    ([*RESULT, 5, "from_name"], "mood", "is not one of mood"),
    ([*RESULT, 5, "from_name"], "quotation", "is not one of quotation"),  # in the label set, not in the config
    ([*RESULT, 5, "from_name"], "reliability", "is not one of reliability"),  # the human's alone
    ([*RESULT, 5, "type"], "rating", "type 'rating'"),
]


@pytest.mark.parametrize(("path", "value", "said"), FAULTS)
def test_check_task_refuses(path: list[str | int], value: Any, said: str) -> None:
    task = claim_task(story(), claim())
    assert [r["type"] for r in task["predictions"][0]["result"]] == ["labels"] * 3 + ["relation"] * 2 + ["choices"] * 3
    spoilt = copy.deepcopy(task)
    at: Any = spoilt
    for step in path[:-1]:
        at = at[step]
    if value is DROP:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    check_task(task)
    with pytest.raises(BadData, match=said) as refused:
        check_task(spoilt)
    assert path == ["data", "key"] or "task 'k1'" in str(refused.value)


def test_a_task_without_prediction_is_one() -> None:
    task = claim_task(story(), claim())
    check_task({"data": task["data"]})
