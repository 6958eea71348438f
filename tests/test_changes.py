"""What changed, for whoever reviews a claim again."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.store import Store
from schemas.changes import what_changed
from schemas.claim import Claim, claim_keys
from schemas.spans import cut
from schemas.story import Story

OLD = "The minister said 300 people had been held, and left.\n\nNobody was hurt, the governor told a crowd in the square."


@pytest.mark.parametrize(
    ("passage", "said"),
    [
        ("Nobody was hurt, the governor told a crowd in the square.", ""),  # as it was
        (
            "The minister said 350 people had been held, and left.",
            "Changed in version 2 of the story: “300” is now “350”.",
        ),
        ("The minister said 300 people had been held.", "Changed in version 2 of the story: “held, and left.” is now “held.”."),
        (
            "The minister later said 300 people had been held, and left.",
            "Changed in version 2 of the story: “later” was added.",
        ),
        ("A teacher asked for pumps.", "New in version 2 of the story."),
        (
            "Our minister said 350 women had been freed, and then left.",
            "Changed in version 2 of the story: “The” is now “Our”; “300 people” is now “350 women”; “held,” is now “freed,”; and 1 more.",
        ),
    ],
)
def test_what_changed(passage: str, said: str) -> None:
    assert what_changed(OLD, passage, 2) == said


def test_a_claim_that_comes_back_says_what_changed(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")

    def claims(story: Story) -> list[Claim]:
        found = []
        for source, cue in (("The minister", "said"), ("the governor", "told")):
            spans = tuple((cut(story.text, at := story.text.index(words), at + len(words)),) for words in (source, cue))
            content = (cut(story.text, story.text.index(cue) + 5, story.text.index(cue) + 20),)
            key = claim_keys(story.guid, [(spans[0], spans[1], content)])[0]
            none = (None, "", "", None, None, None, 0.9, "model:1")
            found.append(Claim(key, story.guid, story.version, True, content, spans[1], spans[0], *none))
        return found

    for version, text in ((1, OLD), (2, OLD.replace("300", "350"))):
        story = Story("g", version, text)
        store.add_story(story, "2026-03-01T00:00:00+00:00")
        store.add_claims(story, claims(story))
    notices = {entry.claim.source[0].text: entry.notice for entry in store.entries(states=("waiting",))}
    assert notices == {"The minister": "Changed in version 2 of the story: “300” is now “350”.", "the governor": ""}
