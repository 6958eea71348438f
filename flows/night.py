"""What a night did, and its stations at the ends: intake and push. Each may be killed anywhere and run again.

Annotation is `flows.batches`; the stations in their order, the lock and the morning page are `flows.shift`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flows import pushing
from flows.feed import Delivery, Source, deliveries, feed_files
from flows.plan import Plan
from flows.sources import Opened
from flows.store import Store
from flows.studio import Studio

if TYPE_CHECKING:
    from flows.morning import Morning

Say = Callable[[str], None]
_TOGETHER = 200
FETCHED = "fetched "
"""How the marks begin that keep what an address said of its last answer."""


@dataclass
class Station:
    """What a station cost: wall and CPU seconds, the most memory in MB (annotation: of all its processes), and things done."""

    name: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_mb: int = 0
    done: int = 0


@dataclass
class Night:
    """What a night did, for people to read. notes: what befell it that is no failure."""

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
    linked: int = 0
    budget: str = ""
    held: list[tuple[str, str]] = field(default_factory=list)
    quarantined: list[tuple[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stations: list[Station] = field(default_factory=list)
    carried: int = 0
    words: int = 0
    loads: int = 0
    model: str = ""
    page: Path | None = None
    morning: Morning | None = None


def take_in(inputs: Sequence[Source], store: Store, now: str, night: Night, limit: int | None = None) -> None:
    """Reads the wire's files into the store; what cannot be read is quarantined with its reason, and the rest goes on."""
    delivered: list[tuple[str, int]] = []
    seen = Opened(get=lambda address: store.mark(FETCHED + address))
    for some in _together(deliveries(feed_files(inputs, limit), seen)):
        arrivals = store.add_stories([story for delivery in some for story in delivery.stories], now)
        night.files += len(some)
        night.stories_known += sum(a.known for a in arrivals)
        night.stories_new += sum(not a.known for a in arrivals)
        delivered += [(a.story.guid, a.story.version) for a in arrivals]
        night.notes += [said for a in arrivals if a.state == "cancelled" and not a.known for said in _held_it(a.story.guid, store)]
        for delivery in some:
            _set_down(delivery, store, now, night)
    night.linked += store.link()
    note_held(delivered, store, night)
    night.held += [(guid, f"embargoed until {until}") for guid, until in store.embargoed(now)]


def _together(found: Iterable[Delivery]) -> Iterator[list[Delivery]]:
    """Deliveries with some hundred stories at once, since a transaction costs more than a story."""
    some: list[Delivery] = []
    count = 0
    for delivery in found:
        some.append(delivery)
        count += max(1, len(delivery.stories))
        if count >= _TOGETHER:
            yield some
            some, count = [], 0
    if some:
        yield some


def _held_it(guid: str, store: Store) -> list[str]:
    """The exports that held a story which was withdrawn."""
    return [f"{guid} was withdrawn, and the export of {made} in {folder} holds it" for made, folder in store.exports_with(guid)]


def _set_down(delivery: Delivery, store: Store, now: str, night: Night) -> None:
    """What is kept of a delivery beside its stories, once those are stored: what was turned away, and what its address said."""
    if reason := "; ".join(filter(None, (delivery.reason, *delivery.refused))):
        store.add_quarantine(delivery.file, delivery.digest, reason, now)
        night.quarantined.append((Path(delivery.file).name, reason))
    if delivery.fetched:
        store.mark(FETCHED + delivery.fetched[0], delivery.fetched[1])


def note_held(keys: Sequence[tuple[str, int]], store: Store, night: Night) -> None:
    """Notes which of the stories are not for annotation, and why."""
    night.held += [(f"{guid} v{version}", f"{state}: {reason}") for guid, version, state, reason in store.set_aside(keys)]


def push(store: Store, studio: Studio, night: Night, *, plan: Plan, say: Say, now: datetime | None = None) -> None:
    """Brings Label Studio up to the store."""
    sent = pushing.push(store, studio, plan, say=say, now=now)
    night.pushed += sent.pushed
    night.already += sent.already
    night.removed += sent.removed
    night.waits += sent.waits
    night.budget = sent.budget
    night.failures += sent.failures
