"""Annotators who answer as a gold does: what each would submit for a task on the review page, and how long it would take.

A pre-label that pairs with a gold claim is left or mended, another is ticked as no claim, a gold claim that nobody found is marked on the
first task that shows all of it. Of role, modality and stance, which PolNeAR does not have, nothing is picked. A person slips with a set
probability: a pre-label that should be changed is let through.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from annotators.corpora import Article, Relation
from annotators.scoring import pairs, word_sets
from annotators.tags import ROLES
from benchmarks.effort import prelabelled
from schemas.carrying import Anchors
from schemas.labels import Part, Problem, Reviewed
from schemas.spans import cut
from schemas.studio_config import LINKS, PROBLEM, REVIEWED, SPAN, TEXT

Json = dict[str, Any]
_PARTS = {"cue": Part.CUE, "source": Part.SOURCE, "content": Part.CONTENT}


@dataclass
class Told:
    """What a task's right answer is, in the story's offsets. own: the gold claim of its pre-label; more: claims nobody found."""

    own: Relation | None = None
    more: list[Relation] = field(default_factory=list)
    whole: bool = True


def moved(article: Article, text: str) -> tuple[list[Relation], list[tuple[int, int]]]:
    """An article's gold in a story's text, whose white space a reader may have changed; and where what could not be moved lies."""
    if text == article.text:
        return list(article.relations), []
    anchors, kept, lost = Anchors(article.text, text), [], []
    for relation in article.relations:
        there = {role: [anchors.span(cut(article.text, a, b)) for a, b in getattr(relation, role)] for role in ROLES}
        spans = [s for its in there.values() for s in its]
        if any(s is None for s in spans):
            lost += [(s.start, s.end) for s in spans if s]
        else:
            kept.append(Relation(**{role: tuple((s.start, s.end) for s in its if s) for role, its in there.items()}))
    return kept, lost


def told(tasks: Sequence[Json], text: str, gold: Sequence[Relation], lost: Sequence[tuple[int, int]] = ()) -> dict[str, Told]:
    """The right answers of a story's tasks, by key. lost: stretches with gold that no annotator can say."""
    answers = {task["data"]["key"]: Told() for task in tasks}
    found = {key: relation for task in tasks if (relation := pre_label(task)) for key in [task["data"]["key"]]}
    golds, founds = word_sets(gold, text), word_sets(found.values(), text)
    of = {id(words): n for n, words in enumerate(golds)}
    key_of = {id(words): key for words, key in zip(founds, found, strict=True)}
    shown = {task["data"]["key"]: (task["data"]["text_start"], task["data"]["text_start"] + len(task["data"]["text"])) for task in tasks}
    told_of: set[int] = set()
    for mine, its in pairs(golds, founds):
        n, key = of[id(mine)], key_of[id(its)]
        if _sayable(gold[n]) and _inside(gold[n], shown[key]):
            answers[key].own, told_of = gold[n], told_of | {n}
    for n, relation in enumerate(gold):
        here = [key for key, there in sorted(shown.items(), key=lambda row: (row[1], row[0])) if _inside(relation, there)]
        if n not in told_of and here and _sayable(relation):
            answers[here[0]].more.append(relation)
            told_of.add(n)
    unsaid = [*lost, *(span for n, relation in enumerate(gold) if n not in told_of for span in _spans(relation))]
    for key, (start, end) in shown.items():
        answers[key].whole = not any(a < end and b > start for a, b in unsaid)
    return answers


def pre_label(task: Json) -> Relation | None:
    """The claim that a task shows, in the story's offsets; None for a passage without one."""
    origin = task["data"]["text_start"]
    parts: dict[str, list[tuple[int, int]]] = {role: [] for role in ROLES}
    for row in task["predictions"][0]["result"]:
        if row["type"] == "labels":
            role = next(name for name, part in _PARTS.items() if row["value"]["labels"] == [str(part)])
            parts[role].append((row["value"]["start"] + origin, row["value"]["end"] + origin))
    return Relation(**{role: tuple(sorted(its)) for role, its in parts.items()}) if any(parts.values()) else None


def annotation(task: Json, answer: Told, slip: float, seed: str) -> Json:
    """What a person submits. slip: the probability of letting through a pre-label that is not as it should be."""
    key, found = task["data"]["key"], pre_label(task)
    slips = random.Random(f"{seed}/{key}").random() < slip
    own = found if slips and found else answer.own
    rows = list(_marked(task, own or found, key)) if own or found else []
    rows += [row for n, relation in enumerate(answer.more) for row in _marked(task, relation, f"{key}-more{n}")]
    rows += [_ticked(key, PROBLEM, Problem.NOT_A_CLAIM)] if found and own is None else []
    rows += [_ticked(key, REVIEWED, Reviewed.WHOLE)] if answer.whole else []
    here = task["data"]["text_start"]
    golds = [_shifted(relation, -here) for relation in (*([own] if own else []), *answer.more)]
    effort = prelabelled(task["data"]["text"], golds, [_shifted(found, -here)] if found else [])
    return {"result": rows, "lead_time": round(effort.seconds, 1), "was_cancelled": False, "ground_truth": False}


def _marked(task: Json, relation: Relation, name: str) -> Iterator[Json]:
    """The regions of a claim and the links from its cue, under the names that its pre-label has."""
    origin, text = task["data"]["text_start"], task["data"]["text"]
    regions = []
    for role, part in _PARTS.items():
        for n, (a, b) in enumerate(getattr(relation, role)):
            value = {"start": a - origin, "end": b - origin, "text": text[a - origin : b - origin], "labels": [str(part)]}
            regions.append({"id": f"{name}-{role}-{n}", "from_name": SPAN, "to_name": TEXT, "type": "labels", "value": value})
            yield regions[-1]
    for region in regions:
        for part, link in LINKS.items():
            if region["value"]["labels"] == [str(part)]:
                yield {"type": "relation", "from_id": f"{name}-cue-0", "to_id": region["id"], "direction": "right", "labels": [link]}


def _ticked(key: str, name: str, label: str) -> Json:
    return {"id": f"{key}-{name}", "from_name": name, "to_name": TEXT, "type": "choices", "value": {"choices": [str(label)]}}


def _spans(relation: Relation) -> Iterator[tuple[int, int]]:
    return (span for role in ROLES for span in getattr(relation, role))


def _sayable(relation: Relation) -> bool:
    """A claim without a cue cannot be told from another's parts on the page."""
    return bool(relation.cue and relation.content)


def _inside(relation: Relation, there: tuple[int, int]) -> bool:
    return all(there[0] <= a and b <= there[1] for a, b in _spans(relation))


def _shifted(relation: Relation, by: int) -> Relation:
    return Relation(**{role: tuple((a + by, b + by) for a, b in getattr(relation, role)) for role in ROLES})
