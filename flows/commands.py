"""What the commands do that neither measure nor train nor start servers."""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from flows.connecting import connect
from flows.dry_run import show_plan
from flows.feed import Source, deliveries, feed_files
from flows.logs import set_up_logs
from flows.settings import load_settings, prepare_prefect
from flows.showing import err, night_lines, story_table
from schemas.errors import BadInput, Unavailable
from schemas.story import Story


def annotate_files(inputs: Sequence[Source], *, as_table: bool, model: Path | None, actors: Path | None = None) -> None:
    """Claims of the inputs' stories on standard output; what could not be read, and progress, on standard error."""
    from annotators.claims import annotate
    from annotators.models import load_model
    from flows.actors import informed

    settings, notes = load_settings(), err()
    files = feed_files(inputs)
    turned_away: list[str] = []
    done = 0
    loaded = informed(load_model(model or settings.model_folder), actors or settings.actors)
    out = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    with notes.status("reading") as status:
        for done, judged in enumerate(annotate(_stories(files, turned_away), loaded, settings.workers), 1):
            status.update(f"{done} stories annotated")
            if as_table:
                out.print(story_table(judged, out.width))
            else:
                for claim in judged.claims:
                    sys.stdout.write(json.dumps(claim.to_contract(), ensure_ascii=False) + "\n")
    for reason in turned_away:
        notes.print(f"onrecord: turned away: {reason}")
    if turned_away and not done:
        raise BadInput("no story could be read")


def _stories(files: Sequence[Source], turned_away: list[str]) -> Iterator[Story]:
    for delivery in deliveries(files):
        turned_away += filter(None, (delivery.reason, *delivery.refused))
        yield from (story for story in delivery.stories if story.text)


def run_night(inputs: Sequence[Source], *, limit: int | None, push: bool, dry: bool = False, budget: str = "") -> None:
    """One night from the command line. Exit status 1 where something failed that the next run must mend."""
    settings, notes = load_settings(), err()
    settings.budget = budget or settings.budget
    _ = settings.plan  # a budget that is none is said before the work
    inputs = inputs or [settings.wire_folder]
    feed_files(inputs, limit)
    if push:
        with contextlib.suppress(Unavailable):  # wrong use is said before the night begins; a server that is down delays the push only
            connect(settings)
    set_up_logs(settings)
    if dry:
        show_plan(inputs, settings, limit, push=push)
        return
    prepare_prefect(settings)
    from flows.nightly import run_anyway
    from flows.shift import Shift

    night = run_anyway(Shift(settings, inputs, (lambda: connect(settings)) if push else None, say=notes.print, limit=limit))
    for line in night_lines(night):
        print(line)
    if night.failures:
        sys.exit(1)


def pull_reviews() -> None:
    """Reviews into the store, with a line that says how many."""
    from flows.pulling import pull
    from flows.store import Store

    settings = load_settings()
    result = pull(Store(settings.store), connect(settings))
    print(f"{result.tasks} tasks changed since the last pull, {result.reviews} reviews new, changed or gone")
    for line in result.unread:
        err().print(f"onrecord: taken but for a line: {line}", markup=False)
    for fault in itertools.chain.from_iterable(result.faults.values()):
        err().print(f"onrecord: not taken: {fault}", markup=False)
    if result.faults:
        sys.exit(1)
