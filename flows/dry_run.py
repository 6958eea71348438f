"""What a night would do, without doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from flows.feed import Source, deliveries, feed_files
from flows.settings import Settings
from flows.store import Store


def show_plan(inputs: Sequence[Source], settings: Settings, limit: int | None, *, push: bool) -> None:
    """Prints what would come in, be annotated and go out. Nothing is stored, annotated or pushed."""
    for line in plan_lines(inputs, _existing(settings), limit, push=push):
        print(line)


def _existing(settings: Settings) -> Store | None:
    """The store, if there is one: a dry run makes none."""
    url = sa.make_url(settings.store)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return None
    return Store(settings.store)


def plan_lines(inputs: Sequence[Source], store: Store | None, limit: int | None, *, push: bool) -> Iterator[str]:
    """What would be done, a line each."""
    count, words, turned_away = Counter[str](), 0, []
    for delivery in deliveries(feed_files(inputs, limit)):
        count["files"] += 1
        if delivery.reason:
            turned_away.append(delivery.reason)
        for story in delivery.stories:
            new = store is None or not store.knows(story)
            count["new" if new else "known"] += 1
            words += len(story.text.split()) * new
    yield f"would read:     {count['files']} files, {count['new']} new stories of {words} words, {count['known']} known before"
    waiting = len(store.waiting_stories(datetime.now(UTC).isoformat(timespec="seconds"))) if store else 0
    yield f"would annotate: {waiting} stories that wait and at most {count['new']} new ones{_time(store, words)}"
    if push:
        tasks = store.task_states().get("waiting", 0) if store else 0
        yield f"would push:     {tasks} tasks that wait and those of the new stories"
    for line in turned_away:
        yield f"would turn away: {line}"


def _time(store: Store | None, words: int) -> str:
    """How long, by the speed of the last night that annotated."""
    for row in store.nights(30) if store else []:
        speed = (row.page or {}).get("figures", {}).get("words a second", 0)
        if speed:
            return f", in about {words / speed:.0f} s at the last night's {speed} words a second"
    return ""
