"""`onrecord report errors`: decisions that are likely slips, ranked, and a few of them put before another person."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from exports.adjudication import Judge
from exports.label_errors import Decided, by_claim, doubts
from flows.connecting import connect
from flows.lock import only_night
from flows.pushing import the_project
from flows.settings import Settings, load_settings
from flows.showing import err
from flows.store import Store
from schemas.claim import Claim
from schemas.reviews import Review


def decided(store: Store) -> Iterator[Decided]:
    """The claims that people decided on, with the label that counts for each element; what was skipped or is no claim is left out."""
    tasks: dict[str, tuple[Claim, list[Review]]] = {}
    for _, model, review in store.reviewed():
        if review.kind == "claim":
            tasks.setdefault(review.key, (model, []))[1].append(review)
    judge, gold = Judge(()), store.gold()
    for key, (model, reviews) in tasks.items():
        taken = judge.counting(reviews)
        if not taken.skipped and taken.claims and key not in gold:
            yield Decided(key, taken.claims[0], model, judge.settle(reviews)[0])


def show_label_errors(ask: int) -> None:
    """Prints a JSON object a claim, the least believed first, with its task's number; has the first so many reviewed by another person."""
    settings = load_settings()
    store = Store(settings.store)
    claims = {d.key: d for d in decided(store)}
    ranked, ids = by_claim(doubts(list(claims.values()))), store.task_ids()
    for key, its in ranked.items():
        row = {"key": key, "task": ids.get(key), "content": claims[key].claim.quoted}
        elements = {d.element: {"label": d.label, "belief": d.belief, "likelier": d.likelier, "likelihood": d.likelihood} for d in its}
        print(json.dumps(row | {"error": any(d.issue for d in its), "elements": elements}, ensure_ascii=False))
    likely = sum(any(d.issue for d in its) for its in ranked.values())
    err().print(f"{len(claims)} reviewed claims; on {len(ranked)} another label is likelier, {likely} of them count as errors")
    if ask:
        ask_again(settings, store, list(ranked), ask)


def ask_again(settings: Settings, store: Store, ranked: Sequence[str], most: int) -> None:
    """Has the first so many of the claims, of those that wait for nobody, reviewed by one person more: now, or at the next push."""
    asked = store.ask_again(ranked, most)
    studio = connect(settings)
    with only_night(store, datetime.now(UTC).isoformat(timespec="seconds")):  # one writer to Label Studio
        project = the_project(store, studio)
        by_copies: dict[int, list[str]] = defaultdict(list)
        for key, copies in asked.items():
            by_copies[copies].append(key)
        for copies, keys in by_copies.items():
            studio.ask_for_copies(project, keys, copies)
    err().print(
        f"{len(asked)} tasks wait in Label Studio for another person (whoever reviewed one does not get it again: where one person reviews "
        "alone, open it by its number); then `onrecord pull` and `onrecord report disputes`"
    )
