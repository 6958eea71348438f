"""Label Studio tasks out: a claim in its passage as a task with a pre-label, checked before it leaves.

The server checks little, and one dangling relation blanks the annotator's page; `check_task` refuses all of that here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.claim import Claim
from schemas.errors import BadData
from schemas.labels import CHOICES, Part, Reviewed
from schemas.spans import Span
from schemas.story import Story
from schemas.story_html import story_html
from schemas.studio_config import LINKS, PICKED, REVIEWED, SPAN, TEXT, VARIABLES

Json = dict[str, Any]
_PARTS = frozenset(map(str, Part))
_KNOWN = {REVIEWED: set(map(str, Reviewed))} | {name: set(map(str, CHOICES[name])) for name in PICKED}


def passage(story: Story, claim: Claim) -> Span:
    """The paragraphs of a story that hold a claim, with all between its first and its last span."""
    first, last = claim.spans[0].start, max(s.end for s in claim.spans)
    inside = [p for p in story.paragraphs if p.start < last and p.end > first]
    start, end = inside[0].start, inside[-1].end
    return Span(start, end, story.text[start:end])


def claim_task(
    story: Story,
    claim: Claim,
    *,
    abstain_below: float = 0.5,
    key: str = "",
    others: Iterable[Claim] = (),
    notice: str = "",
    blind: bool = False,
) -> Json:
    """The task of one claim: `data` and one prediction. Choices surer than `abstain_below` are preselected.

    An unattributed claim gives a passage to look for claims in. key: the task's, where it is not the claim's. others: claims of
    the passage with tasks of their own. notice: what the annotator must know first. blind: of the pre-label only the cue is shown.
    """
    shown = passage(story, claim)
    listed = f"the desk's file has {claim.speaker or 'the source'} as {claim.listed}" if claim.against_list else ""
    line = " · ".join(
        x for x in (story.agency, story.location, story.published[:16].replace("T", " "), f"version {story.version}", listed) if x
    )
    key = key or claim.key
    data = {
        "key": key,
        "kind": "claim" if claim.attributed else "passage",
        "guid": story.guid,
        "version": story.version,
        "headline": story.headline or story.guid,
        "story_line": line,
        "notice": notice,
        "text": shown.text,
        "text_start": shown.start,
        "others": _named([other for other in others if other.key != claim.key and _inside(other, shown)]),
        "story_html": story_html(story.text, claim.spans),
        "story_digest": story.digest,
    }
    result = _result(claim, key, shown.start, abstain_below)
    if blind:
        result = [row for row in result if row.get("value", {}).get("labels") == [str(Part.CUE)] or row.get("from_name") == REVIEWED]
    task = {"data": data, "predictions": [{"model_version": claim.by, "score": round(claim.score, 4), "result": result}]}
    check_task(task)
    return task


def _inside(claim: Claim, shown: Span) -> bool:
    return any(span.start < shown.end and span.end > shown.start for span in claim.spans)


def _named(claims: Sequence[Claim]) -> str:
    """Claims as the page lists them, a line each; "" for none."""
    lines = [
        f"• {' … '.join(s.text for s in c.source) or 'nobody named'} – {' … '.join(s.text for s in c.cue)}: {c.quoted}" for c in claims
    ]
    return "\n".join(["Other claims found here, each with a task of its own:", *lines]) if lines else ""


def _result(claim: Claim, key: str, origin: int, abstain_below: float) -> list[Json]:
    if not claim.attributed:
        return [_choice(key, REVIEWED, Reviewed.WHOLE)]
    regions: list[Json] = []
    for part, spans in ((Part.CUE, claim.cue), (Part.SOURCE, claim.source), (Part.CONTENT, claim.content)):
        for number, span in enumerate(spans):
            region_id = f"{key}-{part.lower()}-{number}"
            value = {"start": span.start - origin, "end": span.end - origin, "text": span.text, "labels": [str(part)]}
            regions.append({"id": region_id, "from_name": SPAN, "to_name": TEXT, "type": "labels", "value": value})
    links = [
        {"type": "relation", "from_id": f"{key}-cue-0", "to_id": r["id"], "direction": "right", "labels": [LINKS[part]]}
        for r in regions
        for part in LINKS
        if claim.cue and r["value"]["labels"] == [str(part)]
    ]
    picked = {"stance": claim.stance, "role": claim.role, "modality": claim.modality}
    choices = {name: choice.label for name, choice in picked.items() if choice and choice.score >= abstain_below}
    choices["naming"] = claim.naming
    return regions + links + [_choice(key, name, choices[name]) for name in PICKED if name in choices]


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
            if not value["labels"] or not _PARTS.issuperset(value["labels"]):
                yield f"labels {value['labels']} are not in the label set"
        elif row["type"] == "choices":
            if not value["choices"] or not _KNOWN.get(row["from_name"], set()).issuperset(value["choices"]):
                yield f"choice {value['choices']} is not one of {row['from_name']}"
        elif row["type"] == "relation":
            if not {row["from_id"], row["to_id"]} <= set(ids):
                yield f"a relation leads from {row['from_id']} to {row['to_id']}, and one of them does not exist"
            if not set(row["labels"]) <= set(LINKS.values()):
                yield f"relation labels {row['labels']} are not in the config"
        else:
            yield f"a result of type {row['type']!r} is not known"
