"""What the commands of the review desk do: differences mended, another model's pre-labels shown."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from exports.adjudication import Judge, Rule
from flows.commands import connect
from flows.lock import only_night
from flows.pushing import Sent
from flows.settings import load_settings
from flows.showing import agreement_table, err
from flows.store import Store
from schemas.claim import Claim
from schemas.errors import BadInput
from schemas.story import Story


def reconcile_desk(*, apply: bool, restore: bool) -> None:
    """Says what is different and what mends it; mends it. Exit status 1 where differences are left."""
    from flows.reconciling import compare, now, repair

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
    with only_night(store, now()):  # one writer to Label Studio
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
    from flows.actors import informed
    from flows.reconciling import now
    from flows.rollout import roll_out

    settings = load_settings()
    loaded = informed(load_model(model or settings.model_folder), settings.actors)

    def read(stories: list[Story]) -> Iterable[tuple[Story, list[Claim]]]:
        return ((judged.story, list(judged.claims)) for judged in annotate(stories, loaded, settings.workers))

    store, studio = Store(settings.store), connect(settings)
    with only_night(store, now()):  # one writer to Label Studio
        rolled = roll_out(store, studio, read, loaded.name, settings.plan, say=err().print, passages=settings.passages)
    print(f"{rolled.version} is shown: {rolled.tasks} tasks got its pre-label ({rolled.kept} keep what the old one said)")
    print(f"{rolled.gone} claims are no longer found, {rolled.new} are new, {rolled.conflicts} new conflicts with people's decisions")
    _say_sent(rolled.sent)


def relabel_desk() -> None:
    """Carries what people decided over to this version of the label set."""
    from flows.reconciling import now
    from flows.relabel import relabel

    settings = load_settings()
    store, studio = Store(settings.store), connect(settings)
    with only_night(store, now()):
        done = relabel(store, studio, say=err().print)
    print(f"label set {done.version}: {done.annotations} annotations, {done.reviews} reviews and {done.claims} claims carried over")


def show_agreement(*, as_json: bool) -> None:
    """The figures of the claims that several people reviewed; those with a hidden pre-label apart, since a pre-label draws people."""
    from exports.agreement import against_gold, agreement

    store = Store(load_settings().store)
    reviews, gold, blind = store.all_reviews(), store.gold(), store.blind_keys()
    kinds = {"all": [r for r in reviews if r.key not in gold], "blind": [r for r in reviews if r.key in blind]}
    found = {name: agreement(some) for name, some in kinds.items()}
    people = against_gold(reviews, gold)
    if as_json:
        rows: dict[str, Any] = {name: [asdict(figure) for figure in figures] for name, figures in found.items()}
        print(json.dumps(rows | {"gold": [asdict(row) for row in people]}, ensure_ascii=False, indent=1))
        return
    if not found["all"]:
        raise BadInput("no claim has been reviewed by two people yet: set ONRECORD_DOUBLE to a share such as 0.1, review, `onrecord pull`")
    out = Console(highlight=False)
    out.print(agreement_table(found["all"], "claims that several people reviewed"))
    if found["blind"]:
        out.print(agreement_table(found["blind"], "of these, with the pre-label hidden"))
    for row in people:
        out.print(f"hidden gold: {row.by} {row.right} of {row.asked} choices as agreed, in {row.tasks} tasks")


def show_disputes(rule: Rule, experts: Sequence[str]) -> None:
    """What the rule does not settle, a JSON object a line, with the task's number in Label Studio; a count on standard error."""
    store = Store(load_settings().store)
    reviews = [r for r in store.all_reviews() if r.kind == "claim"]
    judge, ids, count = Judge(reviews, rule, experts), store.task_ids(), 0
    for key, its in itertools.groupby(reviews, key=lambda review: review.key):
        for dispute in judge.settle(its)[1]:
            print(json.dumps(asdict(dispute) | {"task": ids.get(key)}, ensure_ascii=False))
            count += 1
    err().print(f"{count} choices to settle: open the task in Label Studio as an expert and submit, then `onrecord pull`", markup=False)


def _say_sent(sent: Sent) -> None:
    """What a push did, in a line; what failed, and exit status 1."""
    print(f"{sent.pushed} tasks put in, {sent.removed} withdrawn, {sent.doubles} doubles removed, {sent.waits} wait for another day")
    for failure in sent.failures:
        err().print(f"onrecord: {failure}")
    if sent.failures:
        sys.exit(1)
