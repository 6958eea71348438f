"""The annotation station: batches of stories, each annotated on a worker and stored story by story."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.isolation import Annotator, Failed, borrowed
from flows.store import Store
from schemas.claim import Claim
from schemas.sampling import passages_to_review
from schemas.story import Story

BATCH = 48
"""Stories that are computed at once, over all workers: at most this much is computed again after a kill."""
CANARY = Story("canary", 1, "Police said on Monday that it had rained.")
"""A harmless story: what fails on it is not the stories' fault."""
Key = tuple[str, int]


@dataclass(frozen=True)
class Work:
    """What a worker needs to know.

    store: its URL; model: the folder (None: the shipped one); story_seconds: a story's limit; passages: the share of paragraphs without
    a claim that are reviewed for claims that were missed, drawn by `seed`; actors: the desk's file of who is who.
    """

    store: str
    model: Path | None
    story_seconds: float
    passages: float = 0.0
    seed: int = 0
    actors: Path | None = None


@dataclass(frozen=True)
class Batched:
    """What became of a batch: stories done, claims of both kinds, words, and what it cost."""

    stories: int = 0
    claims: int = 0
    unattributed: int = 0
    words: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_mb: int = 0
    loads: int = 0
    model: str = ""


def batches(keys: Sequence[Key], workers: int) -> list[list[Key]]:
    """The stories to do in batches, so large that `workers` of them are `BATCH` stories."""
    size = max(1, BATCH // workers)
    return [list(keys[at : at + size]) for at in range(0, len(keys), size)]


def annotate_batch(keys: Sequence[Key], work: Work) -> Batched:
    """Annotates stories and keeps their claims; one that cannot be annotated is held back with its reason.

    Errors: BadInput where the model cannot be loaded, Failed where it fails on whatever it is given: then no story is held.
    """
    began, cpu = time.monotonic(), time.thread_time()
    store = opened(work.store)
    done = attributed = outlet = words = 0
    with borrowed(work.model, work.story_seconds, work.actors) as annotator:
        for story, claims in _judged([store.story(*key) for key in keys], annotator, store):
            store.add_claims(story, claims, passages_to_review(story, claims, work.passages, work.seed))
            done += 1
            words += len(story.text.split())
            attributed += sum(c.attributed for c in claims)
            outlet += sum(not c.attributed for c in claims)
        spent = annotator.spent
    cost = time.monotonic() - began, time.thread_time() - cpu + spent.cpu_seconds
    return Batched(done, attributed, outlet, words, *cost, spent.memory_mb, spent.loads, spent.model)


_stores: dict[str, Store] = {}


def opened(url: str) -> Store:
    """The store behind a URL, opened once a process."""
    if url not in _stores:
        _stores[url] = Store(url)
    return _stores[url]


def _judged(stories: Sequence[Story], annotator: Annotator, store: Store) -> Iterator[tuple[Story, list[Claim]]]:
    """The stories with their claims: together where that goes well, else those that are left one by one."""
    done: set[Key] = set()
    try:
        for story, claims in annotator.annotate(stories):
            done.add((story.guid, story.version))
            yield story, claims
        return
    except Failed as error:
        whole = error
    failed: list[tuple[Story, Failed]] = []
    for story in (s for s in stories if (s.guid, s.version) not in done):
        try:
            yield from annotator.annotate([story])
        except Failed as error:
            failed.append((story, error))
    if len(failed) == len(stories) and not _sound(annotator):
        raise whole
    for story, fault in failed:
        store.hold_story(story.guid, story.version, f"could not be annotated: {fault}"[:300])


def _sound(annotator: Annotator) -> bool:
    """Whether the model annotates anything at all."""
    try:
        return bool(list(annotator.annotate([CANARY])))
    except Failed:
        return False
