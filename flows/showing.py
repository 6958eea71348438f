"""What the command line shows people: claims, figures and the night's result as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from annotators.claims import Judged
from annotators.scoring import Rates, Scores
from annotators.speakers import Speaker
from exports.agreement import Agreement
from flows.night import Night
from schemas.claim import Choice, Claim
from schemas.labels import Role, Stance

_COLOUR: dict[str, str] = {
    Role.GOVERNMENT: "blue",
    Role.OPPOSITION: "magenta",
    Role.ARMED_GROUP: "red",
    Stance.NEUTRAL: "default",
}
_SHORTEST = 78
_UNSURE = 0.5
"""A choice less sure than this is left to people, and pale in the table."""


def story_table(judged: Judged, width: int) -> Group:
    """One story's claims, a row each: who, in what role, says what, on whose side, how sure; what was not said for sure stays pale."""
    story, claims = judged.story, [c for c in judged.claims if c.attributed]
    title = Text(story.headline or story.guid, style="bold", overflow="ellipsis", no_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim", expand=width >= _SHORTEST, padding=(0, 1, 1, 0))
    for name, ratio in (("who", 3), ("role", 2), ("cue", 2), ("what", 7), ("stance", 2)):
        table.add_column(name, ratio=ratio, overflow="fold")
    table.add_column("sure", justify="right")
    called = {m.start: s for s in judged.speakers for m in s.mentions}
    shown: set[str] = set()
    for claim in claims:
        speaker = called.get(claim.source[0].start) if claim.source else None
        table.add_row(_who(claim, speaker, shown), _role(claim), _cue(claim), _what(claim), _choice(claim.stance), f"{claim.score:.0%}")
    outlet = len(judged.claims) - len(claims)
    foot = Text(f"{len(claims)} claims attributed, {outlet} sentences of the outlet's own", style="dim")
    return Group(title, table, foot, Text(""))


def _who(claim: Claim, speaker: Speaker | None, shown: set[str]) -> Text:
    """The source's words; the speaker they lead to; at its first claim why it is not named."""
    words = " ".join(s.text for s in claim.source) or "—"
    text = Text(words, style="bold" if claim.naming == "named" else "")
    if claim.speaker and claim.speaker != words and claim.speaker not in words:
        text.append(f"\n= {claim.speaker}", style="not bold dim")
    for reason in speaker.anonymity if speaker else ():
        if reason.text not in shown:
            shown.add(reason.text)
            text.append(f"\n({reason.text})", style="not bold dim italic")
    return text


def _cue(claim: Claim) -> Text:
    text = Text(" … ".join(s.text for s in claim.cue))
    if claim.modality and claim.modality.label != "asserts":
        text.append(f"\n{claim.modality.label}", style="yellow")
    return text


def _what(claim: Claim) -> Text:
    mark = "“{}”" if claim.quotation == "direct" and claim.quoted[0].isalnum() else "{}"
    return Text(mark.format(claim.quoted))


def _choice(choice: Choice | None) -> Text:
    if choice is None:
        return Text("—")
    colour = _COLOUR.get(choice.label, "default")
    return Text(f"{choice.label} {choice.score:.0%}", style=colour if choice.score >= _UNSURE else f"dim {colour}")


def _role(claim: Claim) -> Text:
    """The role, and the desk's file's where it has another."""
    text = _choice(claim.role)
    return text.append(f"\nlisted as {claim.listed}", style="yellow") if claim.against_list else text


def attribution_table(scores: Scores) -> Table:
    """The figures of attribution."""
    table = Table("measure", "precision", "recall", "F1", title=f"{scores.gold} gold relations, {scores.predicted} found", box=None)

    def add(name: str, r: Rates) -> None:
        table.add_row(name, *(f"{x:.1f}" for x in (r.p, r.r, r.f)))

    for role, r in scores.exact.items():
        add(f"exact {role}", r)
    for role, r in scores.word.items():
        add(f"word {role}", r)
    add("relation exact", scores.relation_exact)
    add("relation lenient", scores.relation_lenient)
    return table


def claims_table(result: dict) -> Group:
    """The figures of claims on gold spans beside the baselines', accuracy and macro-F1, and where the labels went."""
    title = f"{result['claims']} claims of {result['stories']} stories; {result['relations found']} % found end to end (cues overlap)"
    names = ("majority", "role copied", "bag of words")
    table = Table("element", "accuracy", "macro-F1", "ECE", *names, title=title, box=None)
    rows = {name: row for name, row in result.items() if isinstance(row, dict)}
    for name, row in rows.items():
        beside = [f"{x['accuracy']:.1f} / {x['macro_f1']:.1f}" if (x := row.get(b)) else "" for b in names]
        table.add_row(name, f"{row['accuracy']:.1f}", f"{row['macro_f1']:.1f}", f"{row['ece']:.3f}", *beside)
    return Group(table, *(_confusion_table(name, row["confusion"]) for name, row in rows.items()))


def _confusion_table(name: str, confusion: dict[str, dict[str, int]]) -> Table:
    said = sorted({label for row in confusion.values() for label in row})
    table = Table(f"{name}: gold", title_justify="left", box=None)
    for label in said:
        table.add_column(label, justify="right")
    for label, row in confusion.items():
        counts = [Text(str(row.get(s, "·")), style="bold" if s == label else "") for s in said]
        table.add_row(label, *counts)
    return table


def agreement_table(figures: Iterable[Agreement], title: str) -> Table:
    """Agreement, an element a row; a figure that says nothing is left out, with the reason."""
    table = Table("element", "measure", title=title, box=None)
    for name in ("claims", "people", "agree", "value", "95 %"):
        table.add_column(name, justify="right")
    table.add_column("note")
    for f in figures:
        interval = f"{f.low:.2f} to {f.high:.2f}" if f.low is not None else ""
        value = f"{f.value:.2f}" if f.value is not None else "—"
        table.add_row(f.element, f.measure, str(f.claims), str(f.people), f"{f.observed:.0%}", value, interval, f.note)
    return table


def night_lines(night: Night) -> Iterable[str]:
    """The night's result, a line each."""
    yield f"in:    {night.files} files, {night.stories_new} new stories, {night.stories_known} known before"
    yield f"found: {night.claims} claims in {night.annotated} stories, {night.unattributed} sentences of the outlets' own"
    yield f"out:   {night.pushed} tasks pushed, {night.already} were there already, {night.removed} withdrawn"
    if night.budget:
        yield f"queue: {night.budget}; {night.waits} tasks wait for another day"
    for what, why in night.held:
        yield f"held:  {what} ({why})"
    for what, why in night.quarantined:
        yield f"quarantined: {why if why.startswith(what) else f'{what}: {why}'}"
    for note in night.notes:
        yield f"note:  {note}"
    if night.page:
        yield f"page:  {night.page}"
    for failure in night.failures:
        yield f"FAILED: {failure}"


def err() -> Console:
    """Standard error, where progress and messages go."""
    return Console(stderr=True, highlight=False, soft_wrap=True)
