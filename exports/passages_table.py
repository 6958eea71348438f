"""Passages reviewed whole, with all their relations: what attribution can be trained on.

A passage is whole where a person has said that every claim of it is marked or has a task of its own, and each of those tasks has been
reviewed. Of several reviews of a task the newest counts, an expert's before others'. Passages that share a paragraph are one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from exports.adjudication import Judge
from exports.claims_table import PARTS, Row
from schemas.claim import Claim
from schemas.errors import BadData
from schemas.labels import Problem
from schemas.reviews import Review
from schemas.spans import cut, shift
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


@dataclass(frozen=True)
class _Decided:
    """What counts of one task: the review, the claims it left, and the stretch of the story in which it was shown."""

    review: Review
    claims: tuple[Claim, ...]
    shown: tuple[int, int]


def flat(rows: Sequence[Row], waiting: Open, judge: Judge) -> Iterator[dict[str, Any]]:
    """The rows of one story's passages, in order. rows: its reviewed claims.

    Passages that share a paragraph are one. A review counts in the newest version that has its passage word for word.
    """
    stories = {story.version: story for story, _, _ in rows}
    tasks: dict[str, list[Review]] = defaultdict(list)
    for _, _, review in rows:
        tasks[review.key].append(review)
    models = {review.key: model for _, model, review in rows}
    decided: dict[int, list[_Decided]] = defaultdict(list)
    for key, reviews in tasks.items():
        review = judge.counting(reviews)
        version, its = _newest(stories, review.story_version, _Decided(review, tuple(_standing(review, models[key])), review.passage))
        decided[version].append(its)
    for version, of_version in sorted(decided.items()):
        for group in _sharing(of_version):
            start, end = min(d.shown[0] for d in group), max(d.shown[1] for d in group)
            left = any(a < end and b > start for a, b in waiting.get((stories[version].guid, version), ()))
            if _covered(group, stories[version].text[start:end], start) and not any(d.review.skipped for d in group) and not left:
                yield _row(stories[version], start, end, group)


def _newest(stories: Mapping[int, Story], version: int, decided: _Decided) -> tuple[int, _Decided]:
    """What was decided, in the newest version that has its paragraphs word for word: only together are reviews of two versions whole."""
    start, end = decided.shown
    passage = stories[version].text[start:end]
    for newer in sorted((v for v in stories if v > version), reverse=True):
        text = stories[newer].text
        at = f"\n\n{text}\n\n".find(f"\n\n{passage}\n\n")
        if at >= 0 and passage:
            return newer, replace(
                decided, claims=tuple(_moved(c, at - start, text, newer) for c in decided.claims), shown=(at, at + end - start)
            )
    return version, decided


def _moved(claim: Claim, by: int, text: str, version: int) -> Claim:
    content, cue, source = (shift(spans, by, text) for spans in (claim.content, claim.cue, claim.source))
    return replace(claim, story_version=version, content=content, cue=cue, source=source)


def _sharing(decided: Iterable[_Decided]) -> list[list[_Decided]]:
    """Those whose passages overlap together, in order: a claim over two paragraphs makes one passage of them."""
    groups: list[list[_Decided]] = []
    end = -1
    for its in sorted(decided, key=lambda d: (d.shown, d.review.key)):
        if its.shown[0] < end:
            groups[-1].append(its)
        else:
            groups.append([its])
        end = max(end, its.shown[1])
    return groups


def _covered(group: Sequence[_Decided], text: str, start: int) -> bool:
    """Whether every word of a passage's text was said to be marked whole."""
    whole, at = sorted(d.shown for d in group if d.review.whole), 0
    for a, b in whole:
        if text[at : max(at, a - start)].strip():
            return False
        at = max(at, b - start)
    return bool(whole) and not text[at:].strip()


def _standing(review: Review, model: Claim) -> Sequence[Claim]:
    """A review's claims, without a pre-label that was ticked as no claim and left standing."""
    same = any(all(getattr(c, part) == getattr(model, part) for part in PARTS) for c in review.claims[:1])
    return review.claims[1:] if same and Problem.NOT_A_CLAIM in review.problems else review.claims


def _row(story: Story, start: int, end: int, group: Sequence[_Decided]) -> dict[str, Any]:
    claims = {(c.source, c.cue, c.content): c for d in group for c in d.claims if c.cue or c.source}
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
        "annotators": sorted({d.review.by for d in group}),
    }


def _relation(claim: Claim, story: Story, start: int, end: int) -> dict[str, list[dict[str, Any]]]:
    """A claim's parts in code points of the passage. Errors: BadData where one lies outside it."""
    for span in claim.spans:
        if not start <= span.start <= span.end <= end:
            raise BadData(f"claim {claim.key!r} of {story.guid!r} leaves its passage [{start}, {end}]: {span}")
    text = story.text[start:end]
    return {part: [cut(text, s.start - start, s.end - start).to_dict() for s in getattr(claim, part)] for part in PARTS}
