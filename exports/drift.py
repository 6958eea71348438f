"""Whether a night's labels, confidences and acceptances are from where a reference's are, element by element, by agency.

How far: population stability index and Jensen-Shannon divergence of the two distributions. Whether that is more than chance: a permutation
test that deals whole stories anew to night and reference, since the claims of one story go together and a test that took each for itself
would cry wolf (p-values by Besag and Clifford 1991, which stop as soon as nothing can come of it). What is spoken of is far enough to
matter and, all tests of a night together (Holm 1979), seldomer than `ALARMS` nights if nothing had changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

FAR = 0.1
"""PSI from which a shift is called moderate (Siddiqi 2006): less is not spoken of, however sure."""
ALARMS = 0.01
"""Share of nights that may be spoken of though nothing changed."""
FEWEST = 5
"""Stories on either side below which nothing is said."""
ALL = "all agencies"
_ENOUGH = 10
"""Permutations as far apart as the night after which a p-value is no longer of interest."""
_AT_ONCE = 200
Array = np.ndarray


@dataclass(frozen=True)
class Seen:
    """One story's part of a night or a reference: how often each label of each element was given in it."""

    agency: str
    counts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Drift:
    """One element of one agency. psi: in nats; js: in bits, 0 to 1; p: of so far a shift by chance, None where it is not far.

    night, reference: how often each label was given; stories: of the night; speaks: whether it is to be spoken of.
    """

    element: str
    agency: str
    stories: int
    night: dict[str, int]
    reference: dict[str, int]
    psi: float
    js: float
    p: float | None = None
    speaks: bool = False


def drift(reference: Sequence[Seen], night: Sequence[Seen], *, alarms: float = ALARMS, seed: int = 0) -> list[Drift]:
    """The drift of all that both sides have enough stories of: what is to be spoken of first, then the farthest."""
    places = [
        (element, agency, stories)
        for agency in sorted({seen.agency for seen in night} | {ALL})
        for element in sorted({name for seen in night for name in seen.counts})
        if (stories := _table(element, agency, reference, night)) is not None
    ]
    rounds = int(2 * len(places) / alarms)
    rng = np.random.default_rng(seed)
    found = [_measured(element, agency, *stories, rounds, rng) for element, agency, stories in places]
    return sorted(_holm(found, alarms), key=lambda d: (not d.speaks, -d.psi, d.element, d.agency))


def _table(element: str, agency: str, reference: Sequence[Seen], night: Sequence[Seen]) -> tuple[Array, Array, list[str]] | None:
    """(stories, labels) of reference and night, and the labels; None where either has too few stories."""
    sides = [[s.counts[element] for s in side if s.counts.get(element) and agency in (s.agency, ALL)] for side in (reference, night)]
    if min(map(len, sides)) < FEWEST:
        return None
    kinds = sorted({label for side in sides for counts in side for label in counts})
    before, after = (np.array([[counts.get(k, 0) for k in kinds] for counts in side], dtype=np.float32) for side in sides)
    return before, after, kinds


def _measured(element: str, agency: str, before: Array, after: Array, kinds: list[str], rounds: int, rng: np.random.Generator) -> Drift:
    old, new = before.sum(axis=0), after.sum(axis=0)
    psi, js = (float(value[0]) for value in distances(old[None], new[None]))
    p = _p_value(np.concatenate([before, after]), len(after), js, rounds, rng) if psi >= FAR else None
    given, before_it = (dict(zip(kinds, map(int, counts), strict=True)) for counts in (new, old))
    return Drift(element, agency, len(after), given, before_it, round(psi, 4), round(js, 4), p)


def distances(old: Array, new: Array) -> tuple[Array, Array]:
    """PSI and Jensen-Shannon divergence of rows of label counts, half a label added to each so that none is unheard of."""
    p, q = (counts + 0.5 for counts in (old, new))
    p, q = (x / x.sum(axis=1, keepdims=True) for x in (p, q))
    m = (p + q) / 2
    return ((p - q) * np.log(p / q)).sum(axis=1), (p * np.log2(p / m) + q * np.log2(q / m)).sum(axis=1) / 2


def _p_value(stories: Array, drawn: int, js: float, rounds: int, rng: np.random.Generator) -> float:
    """Share of deals of the stories, so many of them to the night, that are as far apart; at most `rounds` deals."""
    total, as_far, done = stories.sum(axis=0), 0, 0
    while done < rounds:
        deal = rng.random((_AT_ONCE, len(stories)), dtype=np.float32).argpartition(drawn - 1, axis=1)[:, :drawn]
        new = stories[deal].sum(axis=1)
        for far in distances(total - new, new)[1] >= js - 1e-6:
            done += 1
            as_far += bool(far)
            if as_far == _ENOUGH:
                return as_far / done
    return (as_far + 1) / (done + 1)


def _holm(found: Sequence[Drift], alarms: float) -> list[Drift]:
    """Marks what is to be spoken of: the smallest p-values, as long as each is below its share of `alarms`."""
    tested = sorted((d for d in found if d.p is not None), key=lambda d: d.p or 0.0)
    rest = [d for d in found if d.p is None]
    speaks = True
    for number, d in enumerate(tested):
        speaks = speaks and (d.p or 0.0) <= alarms / (len(found) - number)
        rest.append(replace(d, speaks=speaks))
    return rest
