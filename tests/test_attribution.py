"""The shipped model on whole texts: nothing cut off, no seams, no form of a text that changes what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotators.claims import annotate
from annotators.models import Model, load_model
from schemas.claim import Claim
from schemas.readers import read_stories
from schemas.story import Story

WIRE = Path(__file__).resolve().parent.parent / "examples" / "wire"
FILLER = "The road over the pass was closed by snow for the third day. Buses turned back at the tunnel. Schools stayed shut.\n\n" * 15


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def story(text: str, guid: str = "s") -> Story:
    return Story(guid, 1, text)


def found(model: Model, text: str) -> list[Claim]:
    (judged,) = annotate([story(text)], model)
    return [c for c in judged.claims if c.attributed]


def words(claims: list[Claim], origin: int = 0) -> set[tuple]:
    return {tuple(tuple((s.start - origin, s.end - origin) for s in part) for part in (c.source, c.cue, c.content)) for c in claims}


def example(name: str) -> str:
    return read_stories((WIRE / name).read_bytes(), name)[0].text


@pytest.mark.slow
def test_spans_slice_and_batches_do_not_matter(model: Model) -> None:
    texts = [example(p.name) for p in sorted(WIRE.glob("*.txt"))]
    together = list(annotate([story(t, str(n)) for n, t in enumerate(texts)], model))
    for judged, text in zip(together, texts, strict=True):
        assert all(text[s.start : s.end] == s.text for c in judged.claims for s in c.spans)
        (alone,) = annotate([story(text, judged.story.guid)], model)
        assert len(alone.claims) > 5
        assert alone == judged  # to the last digit of every score


@pytest.mark.slow
def test_threads_change_nothing(model: Model) -> None:
    texts = [example(p.name) for p in sorted(WIRE.glob("*.txt"))] * 30  # several chunks
    stories = [story(t, str(n)) for n, t in enumerate(texts)]
    assert list(annotate(stories, model, workers=3)) == list(annotate(stories, model))


@pytest.mark.slow
def test_seams_do_not_show(model: Model) -> None:
    """A long story says the same behind other text: what stands before it is context to its first window, and moves no other."""
    text = "\n\n".join(example(p.name) for p in sorted(WIRE.glob("*.txt"))) * 2
    plain, padded = words(found(model, text)), words([c for c in found(model, FILLER + text) if c.cue[0].start >= len(FILLER)], len(FILLER))
    beyond = 2500  # characters: about two windows
    late = [{r for r in its if r[1][0][0] > beyond} for its in (plain, padded)]
    assert len(late[0]) > 40
    assert late[0] == late[1]
    assert len(plain & padded) >= 0.9 * max(len(plain), len(padded))


def test_a_short_story_behind_other_text(model: Model) -> None:
    """All of a short story is near its start, so other text in front is context to most of it: cues stay, borders may move."""
    text = example("17-march.txt")
    plain, padded = words(found(model, text)), words([c for c in found(model, FILLER + text) if c.cue[0].start >= len(FILLER)], len(FILLER))
    assert len(plain & padded) >= 0.8 * max(len(plain), len(padded))
    cues = [{relation[1] for relation in its} for its in (plain, padded)]
    assert len(cues[0] & cues[1]) >= 0.9 * max(map(len, cues))


@pytest.mark.slow
def test_20_000_words_are_read_to_the_end(model: Model) -> None:
    text = FILLER * (20_000 // len(FILLER.split())) + 'The mayor, Ana Vidal, said: "The road will open on Monday."'
    last = found(model, text)[-1]
    assert (last.source[0].text.strip(","), last.cue[0].text.strip(":")) == ("The mayor, Ana Vidal", "said")


ODD = [
    ("nothing", ""),
    ("only marks", '... "!" -- ?'),
    ("emoji", "😀😀 👩‍👩‍👧 😀"),
    ("one word of 5,000 letters", "x" * 5000),
    ("half a character", "Police said \ud800 that it rained."),
    ("NUL", "Police said \0 that it rained."),
    ("right to left", 'قال الوزير: "لن نفعل ذلك".'),
]


@pytest.mark.parametrize("text", [case[1] for case in ODD], ids=[case[0] for case in ODD])
def test_odd_texts_pass(model: Model, text: str) -> None:
    (judged,) = annotate([story(text)], model)
    assert all(text[s.start : s.end] == s.text for c in judged.claims for s in c.spans)


FORMS = [
    ("upper case", str.upper),
    ("lower case", str.lower),
    ("straight quotes", lambda t: t.translate(str.maketrans("“”‘’", "\"\"''"))),
]


@pytest.mark.parametrize("change", [case[1] for case in FORMS], ids=[case[0] for case in FORMS])
@pytest.mark.slow
def test_form_does_not_matter(model: Model, change) -> None:
    text = example("08-ambush-sextant.json")
    assert words(found(model, change(text))) == words(found(model, text))


def test_a_source_may_speak_twice(model: Model) -> None:
    claims = found(model, 'The minister said prices would fall, adding that "nobody need worry".')
    assert [c.cue[0].text for c in claims] == ["said", "adding"]
    assert [c.source[0].text for c in claims if c.source] == ["The minister", "The minister"]
