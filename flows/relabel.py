"""From one version of the label set to the next: what people decided is carried over, or the change is refused.

It can be killed anywhere and run again: Label Studio shows the old labels beside the new ones, every annotation and pre-label is
rewritten, then the store's reviews and claims, and only then do the old labels go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.pulling import pull
from flows.pushing import LABEL_SET
from flows.store import Store
from flows.studio import Studio
from schemas.claim import Claim
from schemas.errors import BadInput
from schemas.guideline import project_settings
from schemas.labels import CHOICES, HUMAN_ONLY, STEPS, VERSION, Problem, Step, joined
from schemas.reviews import Review
from schemas.studio_config import PROBLEM, labeling_config

Json = dict[str, Any]
Say = Callable[[str], None]
Names = Mapping[str, Mapping[str, str]]
"""New label by old label, by group."""
GROUPS: dict[str, frozenset[str]] = {
    **{name: frozenset(map(str, labels)) for name, labels in (CHOICES | HUMAN_ONLY).items()},
    PROBLEM: frozenset(map(str, Problem)),
}
"""The labels of today by group."""


@dataclass(frozen=True)
class Relabelled:
    """What a change of the label set rewrote."""

    version: int
    annotations: int
    reviews: int
    claims: int


def relabel(
    store: Store,
    studio: Studio,
    *,
    steps: Iterable[Step] = STEPS,
    version: int = VERSION,
    groups: Mapping[str, frozenset[str]] = GROUPS,
    say: Say,
) -> Relabelled:
    """Brings everything that was decided to a version of the label set.

    Errors: BadInput, before anything is changed, where a step is lacking or a label would be left without a place.
    """
    since = int(store.mark(LABEL_SET) or 1)
    names = joined(_complete(list(steps), since, version), since)
    if (there := studio.find_project(studio.title)) is not None:
        pull(store, studio, whole=True, project=there)  # what is decided in Label Studio alone counts too
    _check_stranded(store, names, groups, version)
    project = studio.ensure_project(studio.title, labeling_config({group: sorted(old) for group, old in names.items()}))
    done = 0
    for task in studio.whole_tasks(project):
        for annotation in task["annotations"]:
            result = [renamed(row, names) for row in annotation["result"]]
            if result != annotation["result"]:
                studio.rewrite(annotation["id"], result)
                done += 1
    say(f"{done} annotations carried over")
    _rewrite_pre_labels(studio, project, names, version, say)
    reviews, claims = store.rename_labels(names)
    pull(store, studio, whole=True, project=project)
    studio.ensure_project(studio.title, **project_settings())
    store.mark(LABEL_SET, str(version))
    return Relabelled(version, done, reviews, claims)


def renamed(row: Json, names: Names) -> Json:
    """A row of an annotation's result under the new names."""
    mine = names.get(row.get("from_name", ""), {})
    if row.get("type") != "choices" or not mine:
        return row
    labels = dict.fromkeys(mine.get(label, label) for label in row["value"]["choices"])
    return row | {"value": row["value"] | {"choices": list(labels)}}


def _complete(steps: list[Step], since: int, version: int) -> list[Step]:
    lacking = sorted(set(range(since + 1, version + 1)) - {step.version for step in steps})
    if lacking:
        said = ", ".join(map(str, lacking))
        raise BadInput(f"the label set is version {version} and no Step leads there from {since}: STEPS (schemas/labels.py) lacks {said}")
    return steps


def _check_stranded(store: Store, names: Names, groups: Mapping[str, frozenset[str]], version: int) -> None:
    """Errors: BadInput where a decision, or a model's opinion on a task, would be left without a label."""
    decided = Counter((group, label) for review in store.all_reviews() for group, label in _labels_of(review))
    shown = Counter((name, label) for entry in store.entries(states=("waiting", "pushed")) for name, label in _opinions(entry.claim))
    lost = [
        f"{n} {what} say {group} {label!r}"
        for what, counts in (("decisions", decided), ("pre-labels", shown))
        for (group, label), n in sorted(counts.items())
        if names.get(group, {}).get(label, label) not in groups.get(group, ())
    ]
    if lost:
        raise BadInput(
            f"label set {version} would leave labels without a place: {', '.join(lost)}. Say in STEPS (schemas/labels.py) what becomes "
            "of each label, or have these claims reviewed again under another label first; nothing was changed"
        )


def _labels_of(review: Review) -> Iterator[tuple[str, str]]:
    yield from review.choices.items()
    yield from ((PROBLEM, problem) for problem in review.problems)


def _opinions(claim: Claim) -> Iterator[tuple[str, str]]:
    """What a model says of a claim, element and label."""
    return ((name, label) for name in CHOICES if (label := claim.label(name)))


def _rewrite_pre_labels(studio: Studio, project: int, names: Names, version: int, say: Say) -> None:
    """The pre-labels under the new names, shown in one step."""
    shown = studio.shown_version(project)
    target = f"{shown.partition(' labels ')[0]} labels {version}"
    new: dict[str, Json] = {}
    for task in studio.whole_tasks(project):
        for prediction in task["predictions"]:
            if prediction["model_version"] == shown and "key" in task["data"]:
                rows = [renamed(row, names) for row in prediction["result"]]
                new[task["data"]["key"]] = {"result": rows, "score": prediction["score"]}
    if new and shown != target:
        studio.roll_out(project, target, new, say=say)
