"""The annotators' guideline, made from the label set, its hotkeys and an example of each label: as HTML for the page, as Markdown for docs.

python -m schemas.guideline prints the Markdown, which is docs/guideline.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from schemas.labels import CHOICES, HUMAN_ONLY, VERSION, Modality, Naming, Part, Problem, Quotation, Reviewed, Role, Stance
from schemas.studio_config import TITLES, hotkey, labeling_config

RULES = (
    "A claim is what a story attributes to somebody: source, cue and content, each as it stands in the text.",
    "Speech, writing, belief, knowledge, fear, hope, plans, demands and orders count; plain actions do not.",
    "One cue, one claim. Two cues on one content are two claims; a claim inside another's content is one of its own.",
    "The content leaves out “that” and the outer quotation marks, and may be in several stretches. "
    "The source keeps title, name and touching appositions.",
    "With a cue and nobody named (“was reported”), the source stays empty.",
    "Follow-on sentences with neither cue nor quotation marks are not marked.",
    "Stance goes by what the content does, not by who speaks; a denial turns it. Role goes by the capacity in which the source speaks.",
    "What is left open, the model was not sure of. What you cannot tell, leave open, or take the label that says so.",
)
WORK = (
    "An agreed claim is Ctrl+Enter. A key toggles its choice, so press only what is to change.",
    "To add a claim that was missed in the passage: q and its cue, s and its source, t and its content.",
    "The same with the keyboard alone, or by pasting: Tab six times to the line under the passage, write source | cue | content "
    "in the passage's own words, Enter; the source may stay empty, “…” parts stretches. Tab and Ctrl+Enter submit.",
    "Where you have read the whole passage and every claim of it is marked or listed, press w. "
    "Passages in which the model found nothing come with the tick set: take it away if you did not read to the end.",
    "Whatever is wrong with the task itself, tick as a problem; the note is for people.",
)
EXAMPLES: dict[str, dict[str, str]] = {
    "span": {
        Part.SOURCE: "“The strike is over,” [union leader Petr Hale] said.",
        Part.CUE: "The ministry [has denied] that shots were fired.",
        Part.CONTENT: "Koréc warned that [the mines would stay shut].",
    },
    "quotation": {
        Quotation.DIRECT: "“We did not come for a palace,” she said.",
        Quotation.MIXED: "Police spoke of “an unlawful procession” of 8,000 people.",
        Quotation.INDIRECT: "He said the restraint would not last.",
    },
    "naming": {
        Naming.NAMED: "Interior Minister Ivo Dragoš; the Defence Ministry; National Police",
        Naming.UNNAMED: "two officers; police; a presidential adviser; the opposition",
        Naming.NONE: "It was reported that the bridge had fallen.",
    },
    "role": {
        Role.GOVERNMENT: "Finance Minister Anna Bell; the army; the prosecutor",
        Role.OPPOSITION: "opposition leader Inès Koréc; an exiled lawmaker of the Civic Union",
        Role.ARMED_GROUP: "a commander of the Northern Front",
        Role.CIVIL_SOCIETY: "the rights group Lantern; the teachers' union; the bishop",
        Role.INTERNATIONAL: "a UN envoy; the neighbouring country's foreign minister",
        Role.BUSINESS: "the mining company; an oil trader",
        Role.EXPERT: "Hedwig Marchal, a political scientist",
        Role.MEDIA: "the newspaper El Faro, as the source of the claim",
        Role.CITIZEN: "Karel Odran, a taxi driver; relatives of the dead",
        Role.UNKNOWN: "sources said",
    },
    "modality": {
        Modality.ASSERTS: "The minister said prices would fall. / They claimed responsibility.",
        Modality.DENIES: "She denied that the authorities were wavering. / He refused to sign.",
        Modality.HEDGES: "Residents fear more arrests. / The rebels claimed a turnout of 60,000.",
    },
    "stance": {
        Stance.GOVERNMENT: "Police said the march was unlawful. / The army said rebels had killed two farmers.",
        Stance.OPPOSITION: "Lantern counted 300 arrests at the hands of the police.",
        Stance.NEUTRAL: "The governor said schools would open on Monday.",
    },
    "problem": {
        Problem.NOT_A_CLAIM: "“Said” is part of a title; nobody says anything.",
        Problem.BAD_SPLIT: "The content runs into what the next speaker says.",
        Problem.MISSED_ONE: "Somebody else is quoted in the passage, and it is in nobody's task.",
    },
    "reviewed": {
        Reviewed.WHOLE: "Read to its end, nothing left to mark.",
    },
}
"""An example of each label by its group, of the invented country of the example stories."""


def project_settings() -> dict[str, Any]:
    """What the desk's project in Label Studio is set to: config and guideline, as `Studio.ensure_project` takes them."""
    return {"config": labeling_config(), "instruction": guideline_html()}


def guideline_html() -> str:
    """The guideline as the page's Instructions button shows it."""
    parts = [f"<h2>What is a claim</h2>{_list(RULES)}<h2>How to work</h2>{_list(WORK)}"]
    for title, rows in _tables():
        lines = "".join(
            f"<p><b>{escape(name)}</b> <kbd>[{escape(key)}]</kbd> {escape(note)}{f'<br><i>{escape(example)}</i>' if example else ''}</p>"
            for name, key, note, example in rows
        )
        parts.append(f"<h3>{escape(title)}</h3>{lines}".replace(" <kbd>[]</kbd>", ""))
    return "".join(parts)


def guideline_markdown() -> str:
    """The guideline for docs/."""
    lines = [f"# Guideline for annotators (label set {VERSION})", ""]
    lines += ["Made from the label set by `python -m schemas.guideline`; on the page it is one click away (Instructions).", ""]
    lines += ["## What is a claim", "", *(f"- {rule}" for rule in RULES), "", "## How to work", "", *(f"- {rule}" for rule in WORK), ""]
    for title, rows in _tables():
        lines += [f"## {title}", "", "| label | key | what it is | example |", "|---|---|---|---|"]
        lines += [f"| {name} | {f'`{key}`' if key else ''} | {note} | {example} |" for name, key, note, example in rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _tables() -> Iterable[tuple[str, list[tuple[str, str, str, str]]]]:
    groups = {"span": ("Spans", Part), "reviewed": ("The passage", Reviewed), "problem": ("Problems", Problem)}
    groups |= {
        name: (TITLES.get(name, f"{name.capitalize()} (computed, not picked)"), labels) for name, labels in (CHOICES | HUMAN_ONLY).items()
    }
    for name in ("span", "stance", "role", "modality", "naming", "quotation", "reviewed", *HUMAN_ONLY, "problem"):
        title, labels = groups[name]
        yield title, [(str(label), hotkey(name, label), label.note, EXAMPLES.get(name, {}).get(label, "")) for label in labels]


def _list(items: Iterable[str]) -> str:
    return "".join(f"<p>• {escape(item)}</p>" for item in items)  # the page takes bullets from lists


if __name__ == "__main__":
    print(guideline_markdown(), end="")
