"""What the commands of the review desk do: differences mended, another model's pre-labels shown."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from flows.commands import connect
from flows.pushing import Sent
from flows.settings import load_settings
from flows.showing import err
from flows.store import Store
from schemas.claim import Claim
from schemas.story import Story


def reconcile_desk(*, apply: bool, restore: bool) -> None:
    """Says what is different and what mends it; mends it. Exit status 1 where differences are left."""
    from flows.reconciling import compare, repair

    settings = load_settings()
    store, studio = Store(settings.store), connect(settings)
    found = compare(store, studio, settings.plan, restore=restore)
    for difference in found.differences.values():
        print(f"{len(difference.keys)} {difference.what} (such as {difference.keys[0]}): {difference.repair}")
    for key, cause, what in store.conflicts():
        print(f"conflict: task {key}, {cause}: {what}")
    if not found.differences:
        print("the store and Label Studio agree")
        return
    if not apply:
        err().print("nothing was changed; `onrecord reconcile --apply` carries this out")
        sys.exit(1)
    _say_sent(repair(store, studio, settings.plan, found, restore=restore, say=err().print))
    left = compare(store, studio, settings.plan, restore=restore).differences
    left.pop("strange", None)
    if left:
        err().print(f"onrecord: differences are left: {', '.join(left)}; run it again")
        sys.exit(1)


def roll_out_model(model: Path | None) -> None:
    """Shows the pre-labels of the model of the settings, or of a folder, on every open task."""
    from annotators.claims import annotate
    from annotators.models import load_model
    from flows.rollout import roll_out

    settings = load_settings()
    loaded = load_model(model or settings.model)

    def read(stories: list[Story]) -> Iterable[tuple[Story, list[Claim]]]:
        return ((judged.story, list(judged.claims)) for judged in annotate(stories, loaded, settings.workers))

    store, studio = Store(settings.store), connect(settings)
    rolled = roll_out(store, studio, read, f"model:{loaded.revision}", settings.plan, say=err().print, passages=settings.passages)
    print(f"{rolled.version} is shown: {rolled.tasks} tasks got its pre-label ({rolled.kept} keep what the old one said)")
    print(f"{rolled.gone} claims are no longer found, {rolled.new} are new, {rolled.conflicts} new conflicts with people's decisions")
    _say_sent(rolled.sent)


def _say_sent(sent: Sent) -> None:
    """What a push did, in a line; what failed, and exit status 1."""
    print(f"{sent.pushed} tasks put in, {sent.removed} withdrawn, {sent.doubles} doubles removed, {sent.waits} wait for another day")
    for failure in sent.failures:
        err().print(f"onrecord: {failure}")
    if sent.failures:
        sys.exit(1)
