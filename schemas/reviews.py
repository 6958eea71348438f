"""Label Studio annotations back: spans, relations and choices of one annotation as claims."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from schemas.claim import Choice, Claim, claim_keys
from schemas.errors import BadData
from schemas.labels import Naming, Part, Reviewed
from schemas.missed import read_missed
from schemas.quotation import quotation
from schemas.spans import Span, cut, shift
from schemas.story_html import story_text
from schemas.studio_config import LINKS, MISSED, NOTE, PROBLEM, REVIEWED, SPAN

Json = dict[str, Any]


@dataclass(frozen=True)
class Review:
    """What one person decided on one task.

    claims: one for each cue (or one without a cue); the first is the task's own. choices: element to label, only
    what was picked. problems, note: as ticked and written. seconds: time spent. kind: `claim`, or `passage` where the model
    found none. passage: where the text shown begins and ends in the story. whole: every claim of it is in `claims` or has a task
    of its own. missed: lines of missed claims as typed; those that can be read are the last of `claims`.
    """

    annotation_id: int
    key: str
    story_version: int
    by: str
    updated: str
    claims: tuple[Claim, ...]
    choices: dict[str, str]
    problems: tuple[str, ...]
    note: str
    seconds: float
    skipped: bool
    kind: str = "claim"
    passage: tuple[int, int] = (0, 0)
    whole: bool = False
    missed: tuple[str, ...] = ()

    def to_dict(self) -> Json:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, row: Json) -> Review:
        """A review from what `to_dict` gave."""
        lists: Json = {name: tuple(row[name]) for name in ("problems", "passage", "missed") if name in row}
        return cls(**row | lists | {"claims": tuple(map(Claim.from_dict, row["claims"]))})


def parse_annotation(annotation: Json, data: Json, by: str, speaker: str | None = None) -> Review:
    """A review from an annotation and its task's data.

    speaker: who the task's claim resolved to, kept when the source is. Errors: BadData where spans and text disagree.
    """
    result = annotation.get("result") or []
    choices, ticked, note, typed = _picked(result)
    story = story_text(data["story_html"])
    regions = {r["id"]: r for r in result if r.get("type") == "labels" and r.get("from_name") == SPAN}
    spans = {i: _span(r, data, story) for i, r in regions.items()}
    parts = {i: _part(r, data) for i, r in regions.items()}
    groups = _groups(result, parts, spans, f"{data['key']}-cue-")
    relations = [tuple(tuple(sorted(spans[i] for i in ids if parts[i] is part)) for part in Part) for ids in groups]
    read, _ = read_missed(typed, data["text"])
    relations += [tuple(shift(part, data["text_start"], story) for part in relation) for relation in read]
    keys = claim_keys(data["guid"], [(r[0], r[1], r[2]) for r in relations])
    claims = []
    for number, (key, (source, cue, content)) in enumerate(zip(keys, relations, strict=True)):
        own = number == 0
        picked = {n: Choice(choices[n], 1.0) if own and n in choices else None for n in ("role", "modality", "stance")}
        naming = choices.get("naming", "") if own else ""
        claims.append(
            Claim(
                key=key,
                story_id=data["guid"],
                story_version=data["version"],
                attributed=bool(cue or source),
                content=content,
                cue=cue,
                source=source,
                speaker=speaker if own else None,
                quotation=quotation(story, content),
                naming=naming or (str(Naming.NONE) if not source else ""),
                role=picked["role"],
                modality=picked["modality"],
                stance=picked["stance"],
                score=1.0,
                by=f"human:{by}",
            )
        )
    return Review(
        annotation_id=annotation["id"],
        key=data["key"],
        story_version=data["version"],
        by=by,
        updated=annotation.get("updated_at") or annotation.get("created_at") or "",
        claims=tuple(claims),
        choices=choices,
        problems=tuple(ticked[PROBLEM]),
        note=note,
        seconds=float(annotation.get("lead_time") or 0.0),
        skipped=bool(annotation.get("was_cancelled")),
        kind=data["kind"],
        passage=(data["text_start"], data["text_start"] + len(data["text"])),
        whole=Reviewed.WHOLE in ticked[REVIEWED] and not annotation.get("was_cancelled"),
        missed=tuple(typed),
    )


def _span(region: Json, data: Json, story: str) -> Span:
    """A region's span in the story. The page may leave `text` out; where it is there it must be the slice."""
    value, origin = region["value"], data["text_start"]
    inside = cut(data["text"], value["start"], value["end"])
    if value.get("text") not in (None, inside.text):
        raise BadData(f"task {data['key']!r}: region {region['id']} says {value['text']!r} where the passage has {inside.text!r}")
    return shift([inside], origin, story)[0]


def _part(region: Json, data: Json) -> Part:
    labels = region["value"].get("labels")
    for part in Part:
        if labels == [str(part)]:
            return part
    raise BadData(f"task {data['key']!r}: region {region['id']} is labelled {labels}, not one of {', '.join(Part)}")


def _picked(result: list[Json]) -> tuple[dict[str, str], dict[str, list[str]], str, list[str]]:
    """What was picked by element, what was ticked by group, the note, and the lines of missed claims."""
    choices: dict[str, str] = {}
    ticked: dict[str, list[str]] = {PROBLEM: [], REVIEWED: []}
    typed: dict[str, list[str]] = {NOTE: [], MISSED: []}
    for row in result:
        value = row.get("value", {})
        if row.get("type") == "choices" and row["from_name"] in ticked:
            ticked[row["from_name"]] = list(value["choices"])
        elif row.get("type") == "choices" and value["choices"]:
            choices[row["from_name"]] = value["choices"][0]
        elif row.get("type") == "textarea":
            typed[row["from_name"]] = value["text"] if isinstance(value["text"], list) else [str(value["text"])]
    return choices, ticked, "\n".join(typed[NOTE]), typed[MISSED]


def _groups(result: list[Json], parts: dict[str, Part], spans: dict[str, Span], own: str) -> list[list[str]]:
    """The regions of each claim, by its cue; the pre-label's, whose ids begin with `own`, leads and is one, else the first.

    A source or content that no relation ties belongs to the cue nearest to it in the text.
    """
    cues = [i for i, part in parts.items() if part is Part.CUE]
    if not cues:
        return [list(parts)] if parts else []
    mine = [cue for cue in cues if cue.startswith(own)]
    head = {cue: mine[0] if cue in mine else cue for cue in cues}
    groups: dict[str, list[str]] = {cue: [] for cue in (*mine[:1], *cues) if head[cue] == cue}
    for cue in cues:
        groups[head[cue]].append(cue)
    tied: set[str] = set()
    for row in result:
        if row.get("type") != "relation" or not set(row.get("labels") or LINKS.values()) <= set(LINKS.values()):
            continue
        for cue, other in ((row["from_id"], row["to_id"]), (row["to_id"], row["from_id"])):
            if cue in head and other in parts and other not in head and other not in groups[head[cue]]:
                groups[head[cue]].append(other)
                tied.add(other)
    # a claim that was added is seldom tied, the pre-label's own always is: so first among cues with nothing tied to them
    bare = [cue for cue in groups if all(other in head for other in groups[cue])] or list(groups)
    for i in parts:
        if i not in head and i not in tied:
            groups[min(bare, key=lambda cue: _gap(spans[cue], spans[i]))].append(i)
    return list(groups.values())


def _gap(a: Span, b: Span) -> int:
    return max(a.start - b.end, b.start - a.end, 0)
