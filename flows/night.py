"""The night's stations, without Prefect: intake, annotation, push. Each may be killed anywhere and run again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from annotators.claims import Judged, annotate
from annotators.models import Model, load_model
from flows import pushing
from flows.feed import deliveries, feed_files
from flows.plan import Plan
from flows.store import Store
from flows.studio import Studio
from schemas.sampling import passages_to_review
from schemas.story import Story

BATCH = 50
"""Stories a batch: at most this much is computed again after a kill."""
Say = Callable[[str], None]


@dataclass
class Night:
    """What a night did, for people to read."""

    files: int = 0
    stories_new: int = 0
    stories_known: int = 0
    annotated: int = 0
    claims: int = 0
    unattributed: int = 0
    pushed: int = 0
    already: int = 0
    removed: int = 0
    waits: int = 0
    budget: str = ""
    held: list[tuple[str, str]] = field(default_factory=list)
    quarantined: list[tuple[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def take_in(inputs: Sequence[Path], store: Store, now: str, night: Night, limit: int | None = None) -> None:
    """Reads the wire's files into the store; what cannot be read is quarantined with its reason, and the rest goes on."""
    delivered: list[tuple[str, int]] = []
    for delivery in deliveries(feed_files(inputs, limit)):
        night.files += 1
        if delivery.reason:
            store.add_quarantine(delivery.file, delivery.digest, delivery.reason, now)
            night.quarantined.append((Path(delivery.file).name, delivery.reason))
        for story in delivery.stories:
            arrival = store.add_story(story, now)
            night.stories_known += arrival.known
            night.stories_new += not arrival.known
            delivered.append((story.guid, arrival.story.version))
    note_held(delivered, store, night)
    night.held += [(guid, f"embargoed until {until}") for guid, until in store.embargoed(now)]


def note_held(keys: Sequence[tuple[str, int]], store: Store, night: Night) -> None:
    """Notes which of the stories are not for annotation, and why."""
    night.held += [(f"{guid} v{version}", f"{state}: {reason}") for guid, version, state, reason in store.set_aside(keys)]


def batches(keys: Sequence[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    """The stories to do in batches."""
    rest = iter(keys)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch


def annotate_batch(
    keys: Sequence[tuple[str, int]], store_url: str, model_path: Path | None, passages: float = 0.0, seed: int = 0
) -> tuple[int, int, int]:
    """Annotates stories and keeps their claims. Returns how many stories, attributed and unattributed claims.

    passages: the share of paragraphs without a claim that are reviewed for claims that were missed, drawn by `seed`.
    """
    store, model = Store(store_url), load_model(model_path)
    done = attributed = outlet = 0
    for judged in _judged([store.story(*key) for key in keys], model, store):
        store.add_claims(judged.story, judged.claims, passages_to_review(judged.story, judged.claims, passages, seed))
        done += 1
        attributed += sum(c.attributed for c in judged.claims)
        outlet += sum(not c.attributed for c in judged.claims)
    return done, attributed, outlet


def _judged(stories: Sequence[Story], model: Model, store: Store) -> Iterator[Judged]:
    """The stories with their claims; one that cannot be annotated is held back with its reason, and the others go on.

    Errors: those of the model where it fails on every story of a batch: then no story is the fault, and none is held.
    """
    done: set[tuple[str, int]] = set()
    try:
        for judged in annotate(stories, model):
            done.add((judged.story.guid, judged.story.version))
            yield judged
        return
    except Exception as error:  # noqa: BLE001  whatever a story does to a model
        whole = error
    failed: list[tuple[Story, Exception]] = []
    for story in (s for s in stories if (s.guid, s.version) not in done):
        try:
            alone = next(annotate([story], model))
        except Exception as error:  # noqa: BLE001
            failed.append((story, error))
        else:
            yield alone
    if len(failed) == len(stories) > 1:
        raise whole
    for story, fault in failed:
        store.hold_story(story.guid, story.version, f"could not be annotated: {type(fault).__name__}: {fault}"[:300])


def push(store: Store, studio: Studio, night: Night, *, plan: Plan, say: Say) -> None:
    """Brings Label Studio up to the store."""
    sent = pushing.push(store, studio, plan, say=say)
    night.pushed += sent.pushed
    night.already += sent.already
    night.removed += sent.removed
    night.waits += sent.waits
    night.budget = sent.budget
    night.failures += sent.failures
