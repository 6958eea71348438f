"""Reviewed claims as a folder that `datasets.load_dataset` reads: Parquet, typed by the label set, with a card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from schemas.claim import Claim
from schemas.labels import CHOICES, HUMAN_ONLY, VERSION
from schemas.reviews import Review
from schemas.spans import Span
from schemas.story import Story

Row = tuple[Story, Claim, Review]
PARTS = ("source", "cue", "content")


def write_dataset(rows: Sequence[Row], out: Path, made: datetime) -> None:
    """Writes `claims/train.parquet` and README.md into a new folder. rows: reviewed claims, any number of reviews each."""
    from datasets import Dataset

    (out / "claims").mkdir(parents=True)
    table = [flat for row in rows for flat in _rows(row)]
    Dataset.from_list(table, features=features()).to_parquet(out / "claims" / "train.parquet")
    (out / "README.md").write_text(_card(table, made), encoding="utf-8")


def features() -> Any:
    """The columns and their types; labels are `ClassLabel`s in the label set's order."""
    from datasets import ClassLabel, Features, List, Value

    spans = List({"start": Value("int32"), "end": Value("int32"), "text": Value("string")})
    columns: dict[str, Any] = {name: Value("string") for name in ("key", "task_key", "story_id", "headline", "agency", "published")}
    columns |= {"story_version": Value("int32"), "story_digest": Value("string"), "text": Value("string"), "speaker": Value("string")}
    columns |= dict.fromkeys(PARTS, spans) | {f"model_{part}": spans for part in PARTS}
    for name, labels in CHOICES.items():
        columns[name] = columns[f"model_{name}"] = ClassLabel(names=[str(x) for x in labels])
    columns |= {name: ClassLabel(names=[str(x) for x in labels]) for name, labels in HUMAN_ONLY.items()}
    columns |= {"model": Value("string"), "model_score": Value("float32"), "annotator": Value("string"), "annotation_id": Value("int64")}
    columns |= {"updated": Value("string"), "seconds": Value("float32"), "skipped": Value("bool")}
    columns |= {"problems": List(Value("string")), "note": Value("string")}
    return Features(columns)


def _rows(row: Row) -> list[dict[str, Any]]:
    """A row for each claim of a review; those the annotator added have no model's side.

    A review that left no spans (all taken away, or skipped) is a row with none: that the model was wrong is a decision too.
    """
    story, model, review = row
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
        "problems": list(review.problems),
        "note": review.note,
    }
    claims = review.claims
    if not claims and review.kind == "claim":
        claims = (replace(model, source=(), cue=(), content=(), speaker=None, quotation="", naming=""),)
    owns = [n == 0 and review.kind == "claim" for n in range(len(claims))]  # in a passage without a claim the model found none
    return [shared | _human(claim, review, own=own) | _model(model if own else None) for own, claim in zip(owns, claims, strict=True)]


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


def _card(table: list[dict[str, Any]], made: datetime) -> str:
    """The dataset card: which folder is which configuration, counts and distributions."""
    lines = [
        "---",
        "configs:",
        "- config_name: claims",
        "  data_files: claims/train.parquet",
        "  default: true",
        "---",
        "",
        "# Reviewed claims",
        "",
    ]
    lines += [f"Made {made.isoformat(timespec='seconds')} by onrecord, label set {VERSION}: {len(table)} claims of "]
    lines[-1] += f"{len({r['story_id'] for r in table})} stories, reviewed by {len({r['annotator'] for r in table})} people."
    lines += [
        "Offsets are code points of `text`, the story's text. Columns `model_...` are the pre-label, the others the person's word.",
        "",
    ]
    lines += ["| element | label | count |", "|---|---|---|"]
    for name in (*CHOICES, *HUMAN_ONLY):
        counts = Counter(r[name] or "(left open)" for r in table)
        lines += [f"| {name} | {label} | {n} |" for label, n in sorted(counts.items())]
    return "\n".join(lines) + "\n"
