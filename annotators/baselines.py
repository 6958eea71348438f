"""What a judge must beat: the most frequent label, the role copied to the stance, and a bag of words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from annotators.claimset import read_passages
from annotators.judging import LABELS
from schemas.labels import Role, Stance

WRITTEN = Path(__file__).with_name("claims")
SMOOTHING = 0.5
Bag = Counter[str]


def majority(truth: Sequence[str]) -> list[str]:
    """The most frequent label, for each."""
    return [Counter(truth).most_common(1)[0][0]] * len(truth) if truth else []


def copied(roles: Sequence[str]) -> list[str]:
    """The role as the stance: government and opposition speak for their own side, all others for none."""
    own = {str(Role.GOVERNMENT): str(Stance.GOVERNMENT), str(Role.OPPOSITION): str(Stance.OPPOSITION)}
    return [own.get(role, str(Stance.NEUTRAL)) for role in roles]


def bag(text: str, source: Sequence[tuple[int, int]], cue: Sequence[tuple[int, int]], content: Sequence[tuple[int, int]]) -> Bag:
    """The words of a claim, each with the part it stands in."""
    parts = (("s", source), ("c", cue), ("t", content))
    return Counter(f"{part}:{word}" for part, spans in parts for a, b in spans for word in re.findall(r"\w+", text[a:b].lower()))


class BagOfWords:
    """Naive Bayes over the words of source, cue and content, learned from the written claims."""

    def __init__(self, bags: Sequence[Bag], labels: Sequence[str], order: Sequence[str]) -> None:
        self.order = list(order)
        counts = Counter(word for b in bags for word in b)
        self.words = {word: i for i, word in enumerate(sorted(w for w, n in counts.items() if n > 1))}
        table = np.full((len(self.order), len(self.words)), SMOOTHING)
        for b, label in zip(bags, labels, strict=True):
            for word in b:
                if word in self.words:
                    table[self.order.index(label), self.words[word]] += 1
        said = Counter(labels)
        self.prior = np.log(np.array([said[label] + 1 for label in self.order]))
        self.likely = np.log(table / table.sum(1, keepdims=True))

    def judge(self, b: Bag) -> str:
        """The likeliest label."""
        known = [self.words[word] for word in b if word in self.words]
        return self.order[int((self.prior + self.likely[:, known].sum(1)).argmax())]


def bags_of_words(element: str) -> BagOfWords:
    """The bag-of-words judge of one element."""
    rows = [(p.text, c) for path in sorted(WRITTEN.glob("*.jsonl")) for p in read_passages(path) for c in p.claims]
    bags = [bag(text, c.relation.source, c.relation.cue, c.relation.content) for text, c in rows]
    return BagOfWords(bags, [c.labels[element] for _, c in rows], LABELS[element])
