"""Another model's pre-labels for the tasks that are open: read anew, shown in one step; what people have done stands.

A claim that the new model no longer finds leaves the queue, unless somebody has worked on it; one that it finds first comes in.
Where it now says something else than a person has decided, the person's word stays and a conflict is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flows.plan import Plan
from flows.pushing import Sent, push, task_of, the_project
from flows.store import Entry, Store
from flows.studio import Studio
from schemas.claim import Claim
from schemas.labels import CHOICES
from schemas.reviews import Review
from schemas.sampling import passages_to_review
from schemas.story import Story

Say = Callable[[str], None]
Annotate = Callable[[list[Story]], Iterable[tuple[Story, list[Claim]]]]
"""Gives the stories with the claims that the new model finds in each."""
_BATCH = 50


@dataclass(frozen=True)
class Rolled:
    """What a roll-out did. tasks: that show the new version; kept: of these, those whose pre-label is the old one; gone, new: claims."""

    version: str
    tasks: int
    kept: int
    gone: int
    new: int
    conflicts: int
    sent: Sent


def roll_out(store: Store, studio: Studio, annotate: Annotate, version: str, plan: Plan, *, say: Say, passages: float = 0.0) -> Rolled:
    """Reads the stories with open tasks again and shows what the model of `version` makes of them. Killed anywhere, run it again."""
    project = the_project(store, studio)
    readings = list(_read(store, annotate, say))
    found = {claim.key: claim for _, claims in readings for claim in claims}
    entries = [entry for entry in store.entries(states=("pushed",)) if entry.kind != "gold"]
    shown = {e.key: _pre_label(e, found[e.key], plan) for e in entries if e.key in found}
    put = studio.roll_out(project, version, shown, say=say)
    for key, data in _with_other_neighbours(entries, readings, found, plan):
        studio.renew(project, key, data)
    gone = new = 0
    for story, claims in readings:
        less, more = store.adopt(story, claims, passages_to_review(story, claims, passages, plan.seed), version)
        gone, new = gone + less, new + more
    conflicts = store.add_conflicts(_conflicts(store, entries, found, version), datetime.now(UTC).isoformat(timespec="seconds"))
    return Rolled(version, put.added, put.kept, gone, new, conflicts, push(store, studio, plan, say=say))


def _read(store: Store, annotate: Annotate, say: Say) -> Iterator[tuple[Story, list[Claim]]]:
    keys = store.open_stories()
    for at in range(0, len(keys), _BATCH):
        yield from annotate([store.story(*key) for key in keys[at : at + _BATCH]])
        say(f"{min(at + _BATCH, len(keys))} of {len(keys)} stories read again")


def _pre_label(entry: Entry, claim: Claim, plan: Plan) -> dict[str, Any]:
    return task_of(replace(entry, claim=claim), plan.abstain_below)["predictions"][0]


def _with_other_neighbours(
    entries: Iterable[Entry], readings: Iterable[tuple[Story, list[Claim]]], found: Mapping[str, Claim], plan: Plan
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the tasks show now that list other claims of their passage than before, by key."""
    others = {(s.guid, s.version): tuple(claim for claim in claims if claim.attributed) for s, claims in readings}
    for entry in (e for e in entries if e.key in found and (e.story.guid, e.story.version) in others):
        after = replace(entry, claim=found[entry.key], others=others[entry.story.guid, entry.story.version])
        before, now = (task_of(e, plan.abstain_below)["data"] for e in (entry, after))
        if before["others"] != now["others"]:
            yield entry.key, now


def _conflicts(store: Store, entries: Iterable[Entry], found: dict[str, Claim], version: str) -> Iterator[tuple[str, str, str]]:
    """Where the new model has left the old one's opinion for one that a person has decided against."""
    decided: dict[str, list[Review]] = {}
    for review in store.all_reviews():
        decided.setdefault(review.key, []).append(review)
    for entry in entries:
        for review in decided.get(entry.key, ()):
            against = list(_against(review, entry.claim, found.get(entry.key))) if not review.skipped else []
            if against:
                yield entry.key, version, "; ".join(against)


def _against(review: Review, old: Claim, new: Claim | None) -> Iterator[str]:
    if new is None:
        if review.kind == "claim" and review.claims:
            yield f"{review.by} confirmed the claim, the model no longer finds it"
        return
    for name in CHOICES:
        label, before = new.label(name), old.label(name)
        said = review.choices.get(name)
        if said and label and label not in (said, before):
            yield f"{name}: {review.by} says {said}, the model now {label} (before: {before or 'nothing'})"
