"""Label Studio tasks out: a claim in its passage as a task with a pre-label, checked before it leaves.

The server checks little, and one dangling relation blanks the annotator's page; `check_task` refuses all of that here.
"""

from __future__ import annotations

from typing import Any

from schemas.claim import Claim
from schemas.errors import BadData
from schemas.labels import CHOICES, Part
from schemas.spans import Span
from schemas.story import Story
from schemas.studio_config import LINKS, PICKED, SPAN, TEXT, VARIABLES

Json = dict[str, Any]


def passage(story: Story, claim: Claim) -> Span:
    """The paragraphs of a story that hold a claim, with all between its first and its last span."""
    first, last = claim.spans[0].start, max(s.end for s in claim.spans)
    inside = [p for p in story.paragraphs if p.start < last and p.end > first]
    start, end = inside[0].start, inside[-1].end
    return Span(start, end, story.text[start:end])


def claim_task(story: Story, claim: Claim, *, abstain_below: float = 0.5) -> Json:
    """The task of one claim: `data` and one prediction. Choices surer than `abstain_below` are preselected."""
    shown = passage(story, claim)
    line = " · ".join(x for x in (story.agency, story.location, story.published[:16].replace("T", " "), f"version {story.version}") if x)
    data = {
        "key": claim.key,
        "kind": "claim",
        "guid": story.guid,
        "version": story.version,
        "headline": story.headline or story.guid,
        "story_line": line,
        "text": shown.text,
        "text_start": shown.start,
        "story": story.text,
        "story_digest": story.digest,
    }
    prediction = {"model_version": claim.by, "score": round(claim.score, 4), "result": _result(claim, shown.start, abstain_below)}
    task = {"data": data, "predictions": [prediction]}
    check_task(task)
    return task


def _result(claim: Claim, origin: int, abstain_below: float) -> list[Json]:
    regions: list[Json] = []
    for part, spans in ((Part.CUE, claim.cue), (Part.SOURCE, claim.source), (Part.CONTENT, claim.content)):
        for number, span in enumerate(spans):
            region_id = f"{claim.key}-{part.lower()}-{number}"
            value = {"start": span.start - origin, "end": span.end - origin, "text": span.text, "labels": [str(part)]}
            regions.append({"id": region_id, "from_name": SPAN, "to_name": TEXT, "type": "labels", "value": value})
    links = [
        {"type": "relation", "from_id": f"{claim.key}-cue-0", "to_id": r["id"], "direction": "right", "labels": [LINKS[part]]}
        for r in regions
        for part in LINKS
        if claim.cue and r["value"]["labels"] == [str(part)]
    ]
    picked = {"stance": claim.stance, "role": claim.role, "modality": claim.modality}
    choices = {name: choice.label for name, choice in picked.items() if choice and choice.score >= abstain_below}
    choices["naming"] = claim.naming
    return regions + links + [_choice(claim.key, name, choices[name]) for name in PICKED if name in choices]


def _choice(key: str, name: str, label: str) -> Json:
    return {"id": f"{key}-{name}", "from_name": name, "to_name": TEXT, "type": "choices", "value": {"choices": [label]}}


def check_task(task: Json) -> None:
    """Refuses what Label Studio would take and choke on. Errors: BadData names the key and the fault."""
    data = task["data"]
    for name in VARIABLES:
        if not isinstance(data.get(name), str) or (name in ("key", "text") and not data[name]):
            raise BadData(f"task {data.get('key')!r}: its data lack {name}")
    for prediction in task.get("predictions", []):
        if not 0 <= prediction["score"] <= 1:
            raise BadData(f"task {data['key']!r}: score {prediction['score']!r} is not between 0 and 1")
        for fault in _faults(prediction["result"], data["text"]):
            raise BadData(f"task {data['key']!r}: {fault}")


def _faults(result: list[Json], text: str):  # noqa: ANN202
    ids = [r["id"] for r in result if "id" in r]
    if len(ids) != len(set(ids)):
        yield "two regions have one id"
    for row in result:
        value = row.get("value", {})
        if row["type"] == "labels":
            start, end = value["start"], value["end"]
            if not 0 <= start < end <= len(text):
                yield f"span {start} to {end} does not lie in the passage of {len(text)} characters"
            elif text[start:end] != value["text"]:
                yield f"span {start} to {end} is {text[start:end]!r}, not {value['text']!r}"
            if not value["labels"] or not set(value["labels"]) <= {str(p) for p in Part}:
                yield f"labels {value['labels']} are not in the label set"
        elif row["type"] == "choices":
            known = {str(x) for x in CHOICES.get(row["from_name"], ())}
            if row["from_name"] not in PICKED or not value["choices"] or not set(value["choices"]) <= known:
                yield f"choice {value['choices']} is not one of {row['from_name']}"
        elif row["type"] == "relation":
            if not {row["from_id"], row["to_id"]} <= set(ids):
                yield f"a relation leads from {row['from_id']} to {row['to_id']}, and one of them does not exist"
            if not set(row["labels"]) <= set(LINKS.values()):
                yield f"relation labels {row['labels']} are not in the config"
        else:
            yield f"a result of type {row['type']!r} is not known"
