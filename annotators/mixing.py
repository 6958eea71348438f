"""Claims that nobody made: a claim with another's speaker, another's cue, a part of its content, or a sentence that nobody said.

A teacher tells what they would be; so a small network sees what turns a label far more often than in the claims that were written
(Jiao et al. 2020 augment for a small student so, by words).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from tokenizers import Tokenizer

from annotators.context import CONTENT, CUE, OPENING, PLAIN, SOURCE, SPEAKER, Context, assembled

SHORTEST, LOST = 8, 0.08
"""Pieces of a content that may lose its begin or end; share of single pieces that a claim loses besides."""
OTHER_SPEAKER, SAME_STORY, OTHER_STORY, OTHER_CUE, CROPPED = 0.75, 0.6, 0.5, 0.25, 0.3
"""How often a claim gets another's speaker, whose story is its own, or else begins it; another's cue; only a part of its content."""


@dataclass(frozen=True)
class Parts:
    """A claim's pieces: the story's beginning, what the speaker is called, and its window: (w,) pieces and their kinds."""

    opening: np.ndarray
    called: np.ndarray
    window: np.ndarray
    kinds: np.ndarray

    def of(self, kind: int) -> np.ndarray:
        """The window's pieces of a kind."""
        return self.window[self.kinds == kind]

    def kept(self, places: np.ndarray) -> Parts:
        """The claim with these pieces of its window."""
        return replace(self, window=self.window[places], kinds=self.kinds[places])

    def given(self, kind: int, pieces: np.ndarray) -> Parts:
        """The claim with other pieces of a kind, where its first one stood."""
        places = np.flatnonzero(self.kinds == kind)
        if not len(places):
            return self
        at, rest = places[0], np.delete(np.arange(len(self.kinds)), places)
        before, after = rest[rest < at], rest[rest > at]
        window, kinds = self.window, self.kinds
        return replace(
            self,
            window=np.concatenate([window[before], pieces, window[after]]),
            kinds=np.concatenate([kinds[before], np.full(len(pieces), kind), kinds[after]]),
        )


def parts(context: Context) -> Parts:
    """What `annotators.context` put together, apart again."""
    opening, called = (context.ids[context.kinds == kind][:-1] for kind in (OPENING, SPEAKER))
    begin = len(opening) + len(called) + 3
    return Parts(opening, called, context.ids[begin:-1], context.kinds[begin:-1])


def spoken(
    sentences: Iterable[np.ndarray], stories: Sequence[Sequence[Context]], special: tuple[int, int], rng: random.Random
) -> Iterator[Context]:
    """Each sentence, (pieces,), as the content of one of the stories' claims. special: ids of the pieces that open and close."""
    everyone = [parts(context) for story in stories for context in story]
    for sentence in sentences:
        new = rng.choice(everyone).given(CONTENT, sentence)
        yield assembled(new.opening, new.called, new.window, new.kinds, special)


def mixed(stories: Sequence[Sequence[Context]], special: tuple[int, int], rng: random.Random, each: int = 2) -> Iterator[Context]:
    """`each` new claims for every one of the stories'. special: ids of the pieces that open and close."""
    apart = [[parts(context) for context in story] for story in stories]
    everyone = [claim for story in apart for claim in story]
    for story in apart:
        for claim in story:
            for _ in range(each):
                new = _changed(claim, story, everyone, rng)
                yield assembled(new.opening, new.called, new.window, new.kinds, special)


def _changed(claim: Parts, story: Sequence[Parts], everyone: Sequence[Parts], rng: random.Random) -> Parts:
    swapped = SOURCE in claim.kinds and rng.random() < OTHER_SPEAKER
    if swapped:
        near = rng.random() < SAME_STORY and len(story) > 1
        other = rng.choice(story if near else everyone)
        claim = replace(claim.given(SOURCE, other.of(SOURCE)), called=other.called)
        if not near and rng.random() < OTHER_STORY:
            claim = replace(claim, opening=other.opening)
    if rng.random() < OTHER_CUE:
        claim = claim.given(CUE, rng.choice(everyone).of(CUE))
    return _cropped(claim, rng) if not swapped or rng.random() < CROPPED else claim


def _cropped(claim: Parts, rng: random.Random) -> Parts:
    """The claim without the begin or the end of its content, and without some pieces of it and around it."""
    content = np.flatnonzero(claim.kinds == CONTENT)
    gone = {i for i in np.flatnonzero(np.isin(claim.kinds, (CONTENT, PLAIN))) if rng.random() < LOST}
    if len(content) > SHORTEST:
        cut = rng.randint(SHORTEST // 2, len(content) - 2)
        gone |= set(content[cut:] if rng.random() < 0.5 else content[: len(content) - cut])
    return claim if gone.issuperset(content) else claim.kept(np.array([i for i in range(len(claim.kinds)) if i not in gone]))


def translated(context: Context, ours: Tokenizer, theirs: Tokenizer, special: tuple[int, int]) -> Context:
    """The same claim in another tokenizer's pieces: each stretch of one kind is spelled out and cut anew.

    special: ids of the pieces that open and close there.
    """

    def cut(pieces: np.ndarray) -> list[int]:
        return theirs.encode(ours.decode(pieces.tolist()), add_special_tokens=False).ids

    apart = parts(context)
    stretches = np.split(np.arange(len(apart.kinds)), np.flatnonzero(np.diff(apart.kinds)) + 1)
    anew = [cut(apart.window[its]) for its in stretches]
    kinds = [apart.kinds[its[0]] for its, pieces in zip(stretches, anew, strict=True) for _ in pieces]
    window = np.array([piece for pieces in anew for piece in pieces], dtype=np.int64)
    return assembled(cut(apart.opening), cut(apart.called), window, np.array(kinds, dtype=np.int64), special)
