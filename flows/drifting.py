"""The newest night held against the four weeks before it: what models say, how sure they are, and what people make of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from exports.drift import ALARMS, ALL, Drift, Seen, drift
from flows.morning import Section
from flows.settings import load_settings
from flows.store import Store
from schemas.claim import Claim
from schemas.errors import BadInput
from schemas.labels import CHOICES
from schemas.reviews import Review

WEEKS = timedelta(weeks=4)
"""How far the reference reaches back."""
_LATER = "9999"
"""After any time."""
_JUDGED = ("role", "modality", "stance")
_PARTS = ("source", "cue", "content")
_MOST_LABELS = 4


def drift_of(store: Store) -> list[Drift]:
    """The newest night's drift; empty before the second night. Decisions count as the night's from the night before on."""
    worked = [row for row in store.nights(100) if row.state != "left"]
    if len(worked) < 2:
        return []
    tonight, before = worked[0].started, worked[1].started
    since, decided_since = ((datetime.fromisoformat(at) - WEEKS).isoformat() for at in (tonight, before))
    night = [*_claims(store, tonight, _LATER), *_decisions(store, before, _LATER)]
    return drift([*_claims(store, since, tonight), *_decisions(store, decided_since, before)], night)


def _claims(store: Store, start: str, end: str) -> Iterator[Seen]:
    for agency, found in store.claims_between(start, end):
        yield Seen(agency, counted(word for claim in found for word in _said(claim)))


def _decisions(store: Store, start: str, end: str) -> Iterator[Seen]:
    for agency, decided in store.decisions_between(start, end):
        yield Seen(agency, counted(word for claim, review in decided for word in _accepted(claim, review)))


def counted(words: Iterable[tuple[str, str]]) -> dict[str, Counter[str]]:
    """How often each label was given, by element, from (element, label)."""
    counts: dict[str, Counter[str]] = {}
    for element, label in words:
        counts.setdefault(element, Counter())[label] += 1
    return counts


def _said(claim: Claim) -> Iterator[tuple[str, str]]:
    """What a model said of a claim, and how sure it was, in tenths."""
    yield "attributed", "yes" if claim.attributed else "no"
    if not claim.attributed:
        return
    yield "relation: confidence", _tenth(claim.score)
    yield from (("quotation", claim.quotation), ("naming", claim.naming))
    for name in _JUDGED:
        if choice := getattr(claim, name):
            yield from ((name, choice.label), (f"{name}: confidence", _tenth(choice.score)))


def _tenth(score: float) -> str:
    return f"{min(int(score * 10), 9) / 10:.1f}"


def _accepted(claim: Claim, review: Review) -> Iterator[tuple[str, str]]:
    """What of a pre-label a person left as it was, and what they changed."""
    if review.skipped or review.kind != "claim":
        return
    for name in CHOICES:
        said = getattr(claim, name)
        label = said.label if name in _JUDGED and said else said
        if label and name in review.choices:
            yield f"{name}: accepted", "yes" if review.choices[name] == label else "no"
    own = review.claims[0] if review.claims else None
    for part in _PARTS:
        yield f"{part}: edited", "no" if own and getattr(own, part) == getattr(claim, part) else "yes"


def drift_section(store: Store) -> Section | None:
    """What the morning page says of drift: all that speaks, by agency, and each element over all agencies."""
    found = drift_of(store)
    if not found:
        return None
    shown = [d for d in found if d.speaks or d.agency == ALL]
    return Section("Drift", drift_line(found), [(f"{d.element}, {d.agency}", drift_words(d)) for d in shown])


def drift_line(found: Sequence[Drift]) -> str:
    """What there is to say, in a line."""
    loud = [f"{d.element} ({d.agency})" for d in found if d.speaks]
    beside = f"the four weeks before, {len(found)} comparisons, on quiet nights one alarm in {1 / ALARMS:.0f}"
    return f"DRIFTED: {', '.join(loud)}; beside {beside}" if loud else f"nothing has drifted beside {beside}"


def drift_words(d: Drift) -> str:
    """A comparison in words: the night's shares with the reference's, and how far apart they are."""
    labels = sorted(d.night, key=lambda label: (-d.night[label] - d.reference[label], label))
    night, reference = (max(sum(counts.values()), 1) for counts in (d.night, d.reference))
    shares = [f"{label} {d.night[label] / night:.0%} ({d.reference[label] / reference:.0%})" for label in labels[:_MOST_LABELS]]
    more = f", {len(labels) - _MOST_LABELS} more" if len(labels) > _MOST_LABELS else ""
    sure = "" if d.p is None else f", p {d.p:.2g}"
    return f"{', '.join(shares)}{more}; {d.stories} stories, PSI {d.psi:.2f}, JS {d.js:.3f}{sure}{', DRIFTED' if d.speaks else ''}"


def show_drift(*, as_json: bool) -> None:
    """Prints the newest night's drift, every agency's."""
    found = drift_of(Store(load_settings().store))
    if not found:
        raise BadInput("there is nothing to compare yet: drift needs two nights, with five stories each of what is compared")
    if as_json:
        print(json.dumps([asdict(d) for d in found], ensure_ascii=False, indent=1))
        return
    print(drift_line(found))
    for d in found:
        print(f"{d.element}, {d.agency or '(no agency)'}: {drift_words(d)}")
