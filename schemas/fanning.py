"""Decisions on one story as they hold for its near-duplicates: a review moved to where the same words stand."""

from __future__ import annotations

from dataclasses import dataclass, replace

from schemas.carrying import Anchors
from schemas.claim import Claim, claim_keys
from schemas.reviews import Review
from schemas.story import Story
from schemas.tasks import passage


@dataclass(frozen=True)
class FannedOut(Review):
    """A review as it holds for a near-duplicate of the story that it was made on. of: that story's guid."""

    of: str = ""


def words(claim: Claim) -> tuple[str, ...]:
    """What makes two claims of two stories the same: all their words."""
    return tuple(" … ".join(" ".join(s.text.split()) for s in part) for part in (claim.source, claim.cue, claim.content))


def fan_out(model: Claim, review: Review, anchors: Anchors, story: Story) -> tuple[Claim, FannedOut] | None:
    """A pre-labelled claim and its review in a near-duplicate; None where a word of them is not there.

    The claims get the keys of that story, the review keeps its task's. It says that a passage is whole only where that stands too.
    """
    there = [anchors.claim(claim, story.version) for claim in (model, *review.claims)]
    moved = [claim for claim in there if claim is not None]
    if len(moved) < len(there):
        return None
    (key,), keys = _keys(moved[:1], story), _keys(moved[1:], story)
    claims = tuple(replace(claim, key=k, story_id=story.guid) for k, claim in zip(keys, moved[1:], strict=True))
    fields = vars(review) | {"story_version": story.version, "claims": claims, "of": model.story_id}
    return replace(moved[0], key=key, story_id=story.guid), FannedOut(**fields | _passage(review, moved, anchors, story))


def _keys(claims: list[Claim], story: Story) -> list[str]:
    return claim_keys(story.guid, [(c.source, c.cue, c.content) for c in claims])


def _passage(review: Review, moved: list[Claim], anchors: Anchors, story: Story) -> dict[str, tuple[int, int] | bool]:
    """Where the passage lies in the near-duplicate, and whether it is whole there: (0, 0) where a claim leaves it."""
    shown = passage(story, moved[0])
    if any(span.start < shown.start or span.end > shown.end for claim in moved for span in claim.spans):
        return {"passage": (0, 0), "whole": False}
    same = anchors.old[slice(*review.passage)].split() == shown.text.split()
    return {"passage": (shown.start, shown.end), "whole": review.whole and same}
