"""Passages reviewed whole, with all their relations: what attribution can be trained on.

A passage is whole where a person has said that every claim of it is marked or has a task of its own, and each of those tasks has been
reviewed. Of several reviews of a task the newest counts, an expert's before others'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exports.adjudication import Judge
from exports.claims_table import PARTS, Row
from schemas.claim import Claim
from schemas.errors import BadData
from schemas.labels import Problem
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Story

Stretches = Sequence[tuple[int, int]]
Open = Mapping[tuple[str, int], Stretches]
"""Of a story's version the stretches, begin and end, of claims that wait for a review."""


def features() -> Any:
    """The columns; offsets are code points of `text`, the passage."""
    from datasets import Features, List, Value

    spans = List({"start": Value("int32"), "end": Value("int32"), "text": Value("string")})
    names = ("id", "story_id", "headline", "agency", "published", "story_digest", "text")
    columns: dict[str, Any] = {name: Value("string") for name in names} | {"story_version": Value("int64"), "start": Value("int32")}
    return Features(columns | {"relations": List(dict.fromkeys(PARTS, spans)), "annotators": List(Value("string"))})


def flat(rows: Sequence[Row], waiting: Open, judge: Judge) -> Iterator[dict[str, Any]]:
    """The rows of one story's passages, in order. rows: its reviewed claims."""
    passages: dict[tuple[int, int, int], dict[str, list[Review]]] = defaultdict(lambda: defaultdict(list))
    stories: dict[int, Story] = {}
    models = {review.key: model for _, model, review in rows}
    for story, _, review in rows:
        stories[story.version] = story
        passages[story.version, *review.passage][review.key].append(review)
    for (version, start, end), tasks in sorted(passages.items()):
        story, reviews = stories[version], [judge.counting(its) for its in tasks.values()]
        left = any(a < end and b > start for a, b in waiting.get((story.guid, version), ()))
        if any(r.whole for r in reviews) and not any(r.skipped for r in reviews) and not left:
            yield _row(story, start, end, reviews, models)


def _standing(review: Review, model: Claim) -> Sequence[Claim]:
    """A review's claims, without a pre-label that was ticked as no claim and left standing."""
    same = any(all(getattr(c, part) == getattr(model, part) for part in PARTS) for c in review.claims[:1])
    return review.claims[1:] if same and Problem.NOT_A_CLAIM in review.problems else review.claims


def _row(story: Story, start: int, end: int, reviews: Sequence[Review], models: Mapping[str, Claim]) -> dict[str, Any]:
    standing = (c for review in reviews for c in _standing(review, models[review.key]))
    claims = {(c.source, c.cue, c.content): c for c in standing if c.cue or c.source}
    relations = [_relation(claim, story, start, end) for claim in sorted(claims.values(), key=lambda c: (c.spans[0].start, c.key))]
    return {
        "id": f"{story.guid} v{story.version} [{start}, {end}]",
        "story_id": story.guid,
        "headline": story.headline,
        "agency": story.agency,
        "published": story.published,
        "story_digest": story.digest,
        "text": story.text[start:end],
        "story_version": story.version,
        "start": start,
        "relations": relations,
        "annotators": sorted({review.by for review in reviews}),
    }


def _relation(claim: Claim, story: Story, start: int, end: int) -> dict[str, list[dict[str, Any]]]:
    """A claim's parts in code points of the passage. Errors: BadData where one lies outside it."""
    for span in claim.spans:
        if not start <= span.start <= span.end <= end:
            raise BadData(f"claim {claim.key!r} of {story.guid!r} leaves its passage [{start}, {end}]: {span}")
    text = story.text[start:end]
    return {part: [cut(text, s.start - start, s.end - start).to_dict() for s in getattr(claim, part)] for part in PARTS}
