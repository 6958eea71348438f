"""The label set, version 1: what is chosen for each claim. Config, dataset features and docs all come from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

VERSION = 1


@dataclass(frozen=True)
class Step:
    """What becomes of labels that a version of the label set no longer has.

    version: the new one. renamed: by element (or `problem`), the new name of each old label; several may become one.
    """

    version: int
    renamed: Mapping[str, Mapping[str, str]]


STEPS: tuple[Step, ...] = ()
"""The steps from version 1 to this one. A change of label names is a new VERSION and a step; `onrecord relabel` carries it out."""


def joined(steps: Iterable[Step], since: int) -> dict[str, dict[str, str]]:
    """The steps after a version as one: where a label was renamed twice, the last name counts."""
    names: dict[str, dict[str, str]] = {}
    for step in sorted((step for step in steps if step.version > since), key=lambda step: step.version):
        for group, new in step.renamed.items():
            mine = names.setdefault(group, {})
            mine |= {old: new.get(now, now) for old, now in mine.items()}
            mine |= {old: now for old, now in new.items() if old not in mine}
    return names


def serves(version: int) -> bool:
    """Whether a model made for a version of the label set may serve this one: labels were only renamed or added since.

    That none of those it knows is gone without a step is for whoever loads it to check.
    """
    there = {step.version for step in STEPS}
    one_to_one = all(len(set(new.values())) == len(new) for new in joined(STEPS, version).values())
    return version <= VERSION and there >= set(range(version + 1, VERSION + 1)) and one_to_one


class _Explained(StrEnum):
    """A label that carries its explanation."""

    note: str

    def __new__(cls, value: str, note: str) -> _Explained:
        member = str.__new__(cls, value)
        member._value_ = value
        member.note = note
        return member


class Part(_Explained):
    """The three parts of an attribution relation; the names are those of Label Studio's labels."""

    SOURCE = "Source", "who is cited, with the whole noun phrase"
    CUE = "Cue", "the words that tie source and content"
    CONTENT = "Content", "what is attributed"


class Quotation(_Explained):
    """How the content is quoted."""

    DIRECT = "direct", "all of the content stands inside quotation marks"
    MIXED = "mixed", "part of it does"
    INDIRECT = "indirect", "none of it does"


class Naming(_Explained):
    """How the source is named."""

    NAMED = "named", "a proper name identifies it, here or by an unmistakable earlier mention"
    UNNAMED = "unnamed", "it is described only"
    NONE = "none", "there is no source"


class Role(_Explained):
    """The capacity in which the source speaks, on the story's date; the first that fits."""

    GOVERNMENT = "government", "state and government, agencies, police, army, courts, state media, governing party"
    OPPOSITION = "opposition", "parties, movements, exiles, dissidents opposing the government at issue"
    ARMED_GROUP = "armed_group", "guerrillas, rebels, paramilitaries, cartels, militias outside the state"
    CIVIL_SOCIETY = "civil_society", "rights groups, charities, unions, professional bodies, churches"
    INTERNATIONAL = "international", "foreign governments and officials, the UN and other intergovernmental bodies"
    BUSINESS = "business", "companies, executives, trade associations, traders, private bankers"
    EXPERT = "expert", "academics, analysts, economists, pollsters, doctors, lawyers speaking from expertise"
    MEDIA = "media", "news organisations, reporters, commentators"
    CITIZEN = "citizen", "witnesses, residents, victims, relatives, voters, accused persons with no political part"
    UNKNOWN = "unknown", "no source, or no way to tell"


class Modality(_Explained):
    """What the source does with the content."""

    ASSERTS = "asserts", "the source puts it forward"
    DENIES = "denies", "the source says it is not so, or refuses it"
    HEDGES = "hedges", "the source suspects, fears, doubts, or the cue signals distance"


class Stance(_Explained):
    """Whose position the claim, as its source puts it, advances in the dispute."""

    GOVERNMENT = "government", "supports or defends the government, or blames its opponents"
    OPPOSITION = "opposition", "supports or defends the government's opponents, or blames the government"
    NEUTRAL = "neutral", "neither, both equally, or no way to tell"


class Reliability(_Explained):
    """Of the source, on the Admiralty scale; by a human only."""

    A = "A", "completely reliable"
    B = "B", "usually reliable"
    C = "C", "fairly reliable"
    D = "D", "not usually reliable"
    E = "E", "unreliable"
    F = "F", "cannot be judged"


class Credibility(_Explained):
    """Of the information, on the Admiralty scale; by a human only."""

    CONFIRMED = "1", "confirmed by other sources"
    PROBABLE = "2", "probably true"
    POSSIBLE = "3", "possibly true"
    DOUBTFUL = "4", "doubtful"
    IMPROBABLE = "5", "improbable"
    UNJUDGED = "6", "cannot be judged"


class Problem(_Explained):
    """What an annotator may tick against a task."""

    NOT_A_CLAIM = "not a claim", "the marked stretch attributes nothing"
    BAD_SPLIT = "bad split", "the spans belong to more than one claim, or to half of one"
    MISSED_ONE = "missed one", "the passage holds a claim that was not found"


class Reviewed(_Explained):
    """How much of the passage was read for claims; ticked beforehand where the model found none in it."""

    WHOLE = "whole passage", "every claim of this passage is marked here, or has a task of its own"


CHOICES: dict[str, type[_Explained]] = {"quotation": Quotation, "naming": Naming, "role": Role, "modality": Modality, "stance": Stance}
"""The elements that a model pre-labels and a human decides."""
HUMAN_ONLY: dict[str, type[_Explained]] = {"reliability": Reliability, "credibility": Credibility}
"""The elements that software never fills in."""
