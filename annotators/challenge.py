"""Puts a candidate beside the model in use on frozen stories: the gate's figures, its word, and the worst new errors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from annotators.corpora import Article, Relation
from annotators.evaluation import judged, predict
from annotators.exported_claims import Reviewed
from annotators.gate import Counts, Verdict, compare, judge, label_counts, relation_counts, worst_new_errors
from annotators.judging import JUDGED
from annotators.models import Model
from schemas.claim import Choice
from schemas.spans import cut

Found = list[list[Relation]]
Said = list[list[dict[str, Choice]]]


@dataclass(frozen=True)
class Frozen:
    """What models are measured on and none is trained on: articles with their agencies, and stories with judged claims."""

    articles: list[Article]
    agencies: list[str]
    claims: list[Reviewed]


def challenge(before: Model, after: Model, frozen: Frozen, say: Callable[[str], None]) -> tuple[Verdict, list[dict[str, str]]]:
    """The verdict on `after`, and the ten worst of what it gets wrong and `before` had right."""
    (relations, labels), (new_relations, new_labels) = (_read(model, frozen, say) for model in (before, after))
    figures = compare(*_counts(frozen, relations, new_relations))
    old, new = (label_counts(_triples(frozen.claims, said)) for said in (labels, new_labels))
    shared = {name: old[name] for name in old if name in new and old[name][:, 2].any()}
    figures += compare(shared, {name: new[name] for name in shared})
    lost = worst_new_errors(frozen.articles, relations, new_relations)
    worst = itertools.zip_longest(_worst_labels(frozen.claims, labels, new_labels), lost)
    return judge(figures), [row for pair in worst for row in pair if row][:10]


def _read(model: Model, frozen: Frozen, say: Callable[[str], None]) -> tuple[Found, Said]:
    say(f"{model.revision} reads {len(frozen.articles)} passages and {len(frozen.claims)} stories with judged claims")
    found = [[r for r, _ in its] for its in predict(frozen.articles, model.tokenizer, model.backend)]
    return found, [judged(story.gold, model) for story in frozen.claims]


def _counts(frozen: Frozen, before: Found, after: Found) -> tuple[dict[str, Counts], dict[str, Counts]]:
    old, new = (relation_counts(frozen.articles, found, frozen.agencies) for found in (before, after))
    return old, new


def _triples(stories: Sequence[Reviewed], said: Said) -> list[list[tuple[str, str, str]]]:
    """Each story's (element, gold label, label said)."""
    return [
        [
            (name, gold, its[name].label)
            for labels, its in zip(story.gold.labels, mine, strict=True)
            for name in JUDGED
            if (gold := labels[name])
        ]
        for story, mine in zip(stories, said, strict=True)
    ]


def _worst_labels(stories: Sequence[Reviewed], before: Said, after: Said) -> list[dict[str, str]]:
    """Labels that the old model had and the new one has not, that of which the new one is surest first."""
    lost = []
    for story, old, new in zip(stories, before, after, strict=True):
        rows = zip(story.gold.article.relations, story.gold.labels, old, new, strict=True)
        for (relation, labels, was, now), name in itertools.product(rows, JUDGED):
            if (gold := labels[name]) and was[name].label == gold != now[name].label:
                text = story.gold.article.text
                words = " … ".join(cut(text, a, b).text for a, b in relation.content)
                said = {"article": story.gold.article.id, "content": words, "element": name, "gold": gold, "said": now[name].label}
                lost.append((now[name].score, said))
    return [row for _, row in sorted(lost, key=lambda pair: (-pair[0], pair[1]["article"], pair[1]["content"], pair[1]["element"]))]
