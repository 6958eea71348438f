"""Stories in, claims out: attribution, speakers, judgement, and the sentences nobody is cited for."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import sentencex

from annotators.attribution import Reading, to_relation
from annotators.decoding import Found
from annotators.finding import find
from annotators.listing import listed_roles, listed_scores
from annotators.models import Model
from annotators.pieces import SURROGATES
from annotators.role_words import evidence
from annotators.speakers import Resolution, Speaker, resolve
from schemas.claim import Choice, Claim, claim_keys
from schemas.labels import Naming
from schemas.quotation import quotation
from schemas.spans import Span, cut
from schemas.story import Story

CHUNK = 96
"""Stories read together, so that windows of like length fill a batch."""
_SHORTEST = 3
"""Shortest unattributed sentence kept, in words: less is a headline fragment or a signature."""


Told = tuple[str | None, dict[str, Choice]]


@dataclass(frozen=True)
class Judged:
    """A story with what was found in it."""

    story: Story
    claims: tuple[Claim, ...]
    speakers: tuple[Speaker, ...] = ()


def annotate(stories: Iterable[Story], model: Model, workers: int = 1) -> Iterator[Judged]:
    """Each story with its claims, in the order of the text: a stream in, a stream out, batched inside.

    workers: threads that annotate side by side, a core each; the stories keep their order.
    """
    rest = iter(stories)
    chunks = iter(lambda: list(itertools.islice(rest, max(1, CHUNK // workers))), [])
    if workers == 1:
        for chunk in chunks:
            yield from _annotate_chunk(chunk, model)
        return
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[list[Judged]]] = deque()
        for chunk in chunks:
            ahead.append(pool.submit(_annotate_chunk, chunk, model))
            if len(ahead) > workers:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def _annotate_chunk(chunk: Sequence[Story], model: Model) -> list[Judged]:
    """Stories' claims: found, led to their speakers, and the claims of all of them judged together."""
    readings = find([s.text for s in chunk], model.tokenizer, model.backend)
    read = [(s, r, f, resolve(s.text, [to_relation(x, r.pieces) for x in f])) for s, (r, f) in zip(chunk, readings, strict=True)]
    seen = [model.judge.contexts(s.text, r.pieces if model.one_tokenizer else None, who.relations, who) for s, r, _, who in read]
    told = np.concatenate([evidence(s.text, who) for s, _, _, who in read])
    roles = [listed_roles(s.text, s.published, who, model.actors) for s, _, _, who in read]
    listed = np.concatenate([listed_scores(who, its) for (_, _, _, who), its in zip(read, roles, strict=True)])
    choices = iter(model.judge.judge(list(itertools.chain(*seen)), told, listed))
    return [
        Judged(s, tuple(story_claims(s, r, f, who, list(zip(its, choices, strict=False)), model)), tuple(who.speakers()))
        for (s, r, f, who), its in zip(read, roles, strict=True)
    ]


def story_claims(
    story: Story,
    reading: Reading,
    found: Sequence[Found],
    resolution: Resolution,
    judged: Sequence[Told],
    model: Model,
) -> list[Claim]:
    """The claims of one story: attributed ones from what was found, and the remaining sentences as the outlet's own.

    judged: of each found one the role that the desk's file gives its speaker, and what the judge chose.
    """
    parts = [_parts(f, reading, story.text) for f in found]
    who, namings = resolution.names(), resolution.naming
    own = _unattributed(story, reading, parts)
    keys = claim_keys(story.guid, [*parts, *(((), (), (sentence,)) for sentence, _ in own)])
    claims = []
    for number, ((source, cue, content), (listed, picked)) in enumerate(zip(parts, judged, strict=True)):
        claims.append(
            Claim(
                key=keys[number],
                story_id=story.guid,
                story_version=story.version,
                attributed=True,
                content=content,
                cue=cue,
                source=source,
                speaker=who[number],
                quotation=quotation(story.text, content),
                naming=namings[number],
                role=picked["role"],
                modality=picked["modality"],
                stance=picked["stance"],
                score=calibrated(found[number].probability, model),
                by=model.name,
                listed=listed,
            )
        )
    for key, (sentence, score) in zip(keys[len(parts) :], own, strict=True):
        claims.append(_outlet_claim(story, key, sentence, score, model.name))
    return sorted(claims, key=lambda c: (c.spans[0].start, c.key))


def calibrated(probability: float, model: Model) -> float:
    """The probability that a relation is right, from the product of its parts' (a logistic fit on dev)."""
    slope, shift = model.config.get("calibration", (1.0, 0.0))
    odds = np.log(max(probability, 1e-6) / max(1 - probability, 1e-6))
    return round(float(1 / (1 + np.exp(-(slope * odds + shift)))), 4)


def _parts(found: Found, reading: Reading, text: str) -> tuple[tuple[Span, ...], tuple[Span, ...], tuple[Span, ...]]:
    def spans(ranges: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
        return tuple(cut(text, int(reading.pieces.start[a]), int(reading.pieces.end[b - 1])) for a, b in sorted(ranges))

    return spans(found.sources), spans([found.cue]), spans(found.contents)


def _unattributed(story: Story, reading: Reading, parts: Sequence[tuple[tuple[Span, ...], ...]]) -> list[tuple[Span, float]]:
    """Sentences that share nothing with any relation, each with the probability that it belongs to none."""
    taken = np.zeros(len(story.text) + 1, dtype=bool)
    for spans in parts:
        for span in itertools.chain(*spans):
            taken[span.start : span.end] = True
    if not len(reading.pieces):
        return []
    outside = reading.sure[:, 0]
    found = []
    for sentence in sentences(story):
        if len(sentence.text.split()) < _SHORTEST or taken[sentence.start : sentence.end].any():
            continue
        a, b = reading.pieces.covering(sentence.start, sentence.end)
        if a < b:
            found.append((sentence, round(float(outside[a:b].min()), 4)))
    return found


def sentences(story: Story) -> Iterator[Span]:
    """The story's sentences, paragraph by paragraph, without the white space around them."""
    for paragraph in story.paragraphs:
        for row in sentencex.get_sentence_boundaries(story.language[:2] or "en", paragraph.text.translate(SURROGATES)):
            start, end = paragraph.start + row["start_index"], paragraph.start + row["end_index"]
            while start < end and story.text[start].isspace():
                start += 1
            while end > start and story.text[end - 1].isspace():
                end -= 1
            if start < end:
                yield cut(story.text, start, end)


def _outlet_claim(story: Story, key: str, sentence: Span, score: float, by: str) -> Claim:
    return Claim(
        key=key,
        story_id=story.guid,
        story_version=story.version,
        attributed=False,
        content=(sentence,),
        cue=(),
        source=(),
        speaker=None,
        quotation=quotation(story.text, (sentence,)),
        naming=str(Naming.NONE),
        role=None,
        modality=None,
        stance=None,
        score=score,
        by=by,
    )
