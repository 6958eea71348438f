"""A review as the Label Studio annotation that it came from, so that a server that was lost can be filled again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.claim import Claim
from schemas.errors import BadData
from schemas.labels import Part, Reviewed
from schemas.missed import read_missed
from schemas.reviews import Review
from schemas.spans import Span
from schemas.studio_config import LINKS, MISSED, NOTE, PROBLEM, REVIEWED, SPAN, TEXT

Json = dict[str, Any]


def annotation_of(review: Review, data: Json) -> Json:
    """The annotation, as an import takes it, that `parse_annotation` makes this review of on a task with these data.

    Errors: BadData where the review's spans do not lie in the task's passage, as when the story has changed since.
    """
    typed = len(read_missed(review.missed, data["text"])[0])
    result: list[Json] = []
    for number, claim in enumerate(review.claims):
        rows = list(_rows(claim, data, f"{data['key']}{f'.{number}' * bool(number)}"))
        result += rows if number < len(review.claims) - typed else []  # a typed one comes back as it was typed
    result += [_picked(data["key"], name, [label]) for name, label in review.choices.items()]
    if review.problems:
        result.append(_picked(data["key"], PROBLEM, list(review.problems)))
    if review.whole:
        result.append(_picked(data["key"], REVIEWED, [str(Reviewed.WHOLE)]))
    for name, lines in ((NOTE, [review.note] if review.note else []), (MISSED, list(review.missed))):
        if lines:
            row = {"id": f"{data['key']}-{name}", "from_name": name, "to_name": TEXT, "type": "textarea", "value": {"text": lines}}
            result.append(row)
    made = {"result": result, "was_cancelled": review.skipped, "lead_time": review.seconds, "ground_truth": False}
    return made | {"completed_by": {"email": author(review.by)}}


def author(by: str) -> str:
    """The e-mail address of a reviewer's account; one that no longer has any gets one that leads nowhere."""
    return by if "@" in by else f"{by.replace(' ', '-')}@onrecord.invalid"


def _rows(claim: Claim, data: Json, name: str) -> Iterator[Json]:
    for part, spans in ((Part.CUE, claim.cue), (Part.SOURCE, claim.source), (Part.CONTENT, claim.content)):
        for number, span in enumerate(spans):
            region = f"{name}-{part.lower()}-{number}"
            value = _value(span, data) | {"labels": [str(part)]}
            yield {"id": region, "from_name": SPAN, "to_name": TEXT, "type": "labels", "value": value}
            if claim.cue and part in LINKS:
                ends = {"from_id": f"{name}-cue-0", "to_id": region}
                yield {"type": "relation", **ends, "direction": "right", "labels": [LINKS[part]]}


def _value(span: Span, data: Json) -> Json:
    start, end = span.start - data["text_start"], span.end - data["text_start"]
    if start < 0 or data["text"][start:end] != span.text:
        raise BadData(f"task {data['key']!r}: what was reviewed, {span.text!r}, does not stand there in its passage any more")
    return {"start": start, "end": end, "text": span.text}


def _picked(key: str, name: str, labels: list[str]) -> Json:
    return {"id": f"{key}-{name}", "from_name": name, "to_name": TEXT, "type": "choices", "value": {"choices": labels}}
