"""Reviewed claims as rows: the person's word beside the model's, typed by the label set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from exports.adjudication import ELEMENTS, Dispute, Judge
from schemas.claim import Claim
from schemas.errors import BadInput
from schemas.fanning import FannedOut
from schemas.labels import CHOICES, HUMAN_ONLY, VERSION, Problem
from schemas.reviews import Review
from schemas.spans import Span
from schemas.story import Story

Row = tuple[Story, Claim, Review]
PARTS = ("source", "cue", "content")


def features() -> Any:
    """The columns and their types; labels are `ClassLabel`s in the label set's order."""
    from datasets import ClassLabel, Features, List, Value

    spans = List({"start": Value("int32"), "end": Value("int32"), "text": Value("string")})
    columns: dict[str, Any] = {name: Value("string") for name in ("key", "task_key", "story_id", "headline", "agency", "published")}
    columns |= {"story_version": Value("int64"), "story_digest": Value("string"), "text": Value("string"), "speaker": Value("string")}
    columns |= dict.fromkeys(PARTS, spans) | {f"model_{part}": spans for part in PARTS}
    for name, labels in CHOICES.items():
        columns[name] = columns[f"model_{name}"] = ClassLabel(names=[str(x) for x in labels])
    columns |= {name: ClassLabel(names=[str(x) for x in labels]) for name, labels in HUMAN_ONLY.items()}
    columns |= {"model": Value("string"), "model_score": Value("float32"), "annotator": Value("string"), "annotation_id": Value("int64")}
    columns |= {"updated": Value("string"), "seconds": Value("float32"), "skipped": Value("bool")}
    columns |= {f"settled_{name}": columns[name] for name in ELEMENTS}
    columns |= {"reviews": Value("int32"), "agreeing": Value("int32"), "counts": Value("bool"), "fanned_out_from": Value("string")}
    columns |= {"problems": List(Value("string")), "note": Value("string")}
    return Features(columns)


@dataclass(frozen=True)
class Settled:
    """What of all the reviews of a task counts: its labels by element, the review whose spans are taken, and what is left to settle."""

    reviews: Sequence[Review]
    labels: dict[str, str]
    counting: Review
    disputes: Sequence[Dispute]

    @classmethod
    def by(cls, judge: Judge, reviews: Sequence[Review]) -> Settled:
        """By a judge's word."""
        labels, disputes = judge.settle(reviews)
        return cls(reviews, labels, judge.counting(reviews), disputes)


def flat(row: Row, task: Settled) -> list[dict[str, Any]]:
    """A row for each claim of a review; those the annotator added have no model's side. task: all that was said on its task.

    A review that left no spans (all taken away, or skipped) is a row with none: that the model was wrong is a decision too.
    """
    story, model, review = row
    _check(story, review)
    shared = {
        "task_key": review.key,
        "story_id": story.guid,
        "story_version": story.version,
        "story_digest": story.digest,
        "headline": story.headline,
        "agency": story.agency,
        "published": story.published,
        "text": story.text,
        "model": model.by,
        "annotator": review.by,
        "annotation_id": review.annotation_id,
        "updated": review.updated,
        "seconds": review.seconds,
        "skipped": review.skipped,
        "reviews": len(task.reviews),
        "agreeing": sum(said(other) == said(review) for other in task.reviews),
        "counts": review is task.counting,
        "fanned_out_from": review.of if isinstance(review, FannedOut) else None,
        "problems": list(review.problems),
        "note": review.note,
    }
    claims = review.claims
    if not claims and review.kind == "claim":
        claims = (replace(model, source=(), cue=(), content=(), speaker=None, quotation="", naming=""),)
    owns = [n == 0 and review.kind == "claim" for n in range(len(claims))]  # in a passage without a claim the model found none
    return [
        shared | _human(claim, review, own=own) | _settled(claim, task, own=own) | _model(model if own else None)
        for own, claim in zip(owns, claims, strict=True)
    ]


def _check(story: Story, review: Review) -> None:
    """Errors: BadInput for a label that is no more, or a span that is not in the text: what is exported must be what was decided."""
    who = f"annotation {review.annotation_id} of task {review.key!r} by {review.by}"
    for name, label in review.choices.items():
        known = [str(x) for x in (CHOICES | HUMAN_ONLY).get(name, ())]
        if known and label not in known:
            among = f"label set {VERSION} has not ({', '.join(known)})"
            raise BadInput(f"{who} has the {name} {label!r}, which {among}; run `onrecord relabel`")
    for span in (span for claim in review.claims for span in claim.spans):
        there = story.text[span.start : span.end]
        if there != span.text:
            raise BadInput(
                f"{who} marks {span.text!r} at [{span.start}, {span.end}], where version {story.version} of {story.guid!r} has {there!r}: "
                "the text was changed in the store; restore it, or delete the annotation and pull"
            )


def _settled(claim: Claim, task: Settled, *, own: bool) -> dict[str, Any]:
    """The labels that count, on the task's own claim; a naming that nobody picked is what the spans say."""
    labels = dict(task.labels) if own else {}
    if own and not any("naming" in review.choices for review in task.reviews):
        labels["naming"] = claim.naming
    return {f"settled_{name}": labels.get(name) or None for name in ELEMENTS}


def _human(claim: Claim, review: Review, *, own: bool) -> dict[str, Any]:
    picked = {name: (review.choices.get(name) if own else None) for name in (*CHOICES, *HUMAN_ONLY)}
    picked |= {"quotation": claim.quotation or None, "naming": picked["naming"] or claim.naming or None}
    return {"key": claim.key, "speaker": claim.speaker, **{p: _spans(getattr(claim, p)) for p in PARTS}, **picked}


def _model(claim: Claim | None) -> dict[str, Any]:
    if claim is None:
        return {"model_score": None} | {f"model_{p}": [] for p in PARTS} | {f"model_{n}": None for n in CHOICES}
    choices = {name: getattr(claim, name) for name in CHOICES}
    labels = {f"model_{n}": c if isinstance(c, str) else (c.label if c else None) for n, c in choices.items()}
    return {"model_score": claim.score, **{f"model_{p}": _spans(getattr(claim, p)) for p in PARTS}, **labels}


def _spans(spans: Sequence[Span]) -> list[dict[str, int | str]]:
    return [s.to_dict() for s in spans]


def is_none(row: Mapping[str, Any]) -> bool:
    """Whether a row is a pre-label that was ticked as no claim and left standing."""
    standing = row["model_score"] is not None and all(row[p] == row[f"model_{p}"] for p in PARTS)
    return standing and Problem.NOT_A_CLAIM in (row["problems"] or ())


def said(review: Review) -> tuple[Any, ...]:
    """What two reviews of a task must share to agree: the spans of all their claims, and every choice."""
    spans = sorted((c.source, c.cue, c.content) for c in review.claims)
    return tuple(spans), tuple(sorted(review.choices.items())), tuple(sorted(review.problems)), review.skipped
