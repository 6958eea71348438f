"""The morning page: what a night did, what was held back and why, beside the last seven nights."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from flows.night import Night, Station
from flows.store import NightRow, Store

WEEK = 7
"""Nights that a night is compared with."""
MANY = 200
"""Rows of a list that the page shows; the rest is a number."""
_ENOUGH = 3
"""Nights below which nothing is called unusual."""
_LONG = 60
"""Seconds of a night below which its speed says nothing."""
_ENDED = ("done", "failed")


@dataclass(frozen=True)
class Section:
    """A further part of the page: a title, a line of what it says, and rows of name and value."""

    title: str
    line: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)


SECTIONS: list[Callable[[Store], Section | None]] = []
"""What others put on the page, such as drift and agreement; each is asked once a night, when all else is done."""


@dataclass(frozen=True)
class Morning:
    """The page's figures and lists. lists: (what, why) by title; unusual: figures outside the last nights' range, in words."""

    number: int
    started: str
    ended: str
    state: str
    who: str
    model: str
    figures: dict[str, float]
    lists: dict[str, list[tuple[str, str]]]
    failures: list[str]
    notes: list[str]
    stations: list[Station]
    queue: dict[str, str]
    unusual: list[str]
    sections: list[Section]
    week: list[dict[str, Any]]

    @property
    def headline(self) -> str:
        """The night in one line."""
        f = self.figures
        said = f"{f['stories in']:.0f} new stories, {f['claims']:.0f} claims, {f['tasks out']:.0f} tasks out"
        return f"{said}; {len(self.failures)} FAILED" if self.failures else said

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; without the nights before, which the store has."""
        return {name: value for name, value in asdict(self).items() if name != "week"} | {"headline": self.headline}


def morning_of(store: Store, number: int, night: Night, ended: str) -> Morning:
    """The page of a night, with what befell the nights before it and those that came while it worked."""
    before = store.nights(100, before=number)
    me = store.nights(1, before=number + 1)[0]
    week = [{"started": row.started, "state": row.state} | row.page["figures"] for row in before if row.state in _ENDED and row.page][:WEEK]
    figures = _figures(store, night)
    lists = {f"{kind} ({len(rows)})": _shortened(rows) for kind, rows in (_kinds(night) | _for_people(store)).items() if rows}
    return Morning(
        number=number,
        started=me.started,
        ended=ended,
        state="failed" if night.failures else "done",
        who=me.who,
        model=night.model,
        figures=figures,
        lists=lists,
        failures=list(night.failures),
        notes=[*night.notes, *_befallen(me, before), *_left(store.nights_after(number))],
        stations=list(night.stations),
        queue=_queue(store, night),
        unusual=unusual(figures, week),
        sections=[section for ask in SECTIONS if (section := ask(store))],
        week=week,
    )


def _figures(store: Store, night: Night) -> dict[str, float]:
    seconds = sum(station.seconds for station in night.stations)
    annotating = sum(station.seconds for station in night.stations if station.name == "annotate")
    return {
        "files": night.files,
        "stories in": night.stories_new,
        "known before": night.stories_known,
        "annotated": night.annotated,
        "claims": night.claims,
        "carried over": night.carried,
        "tasks out": night.pushed,
        "there already": night.already,
        "withdrawn": night.removed,
        "conflicts": len(store.conflicts()),
        **{name.lower(): len(rows) for name, rows in _kinds(night).items()},
        "seconds": round(seconds, 1),
        "words a second": round(night.words / annotating) if annotating and night.words else 0,
    }


def _poisoned(why: str) -> bool:
    return "could not be annotated" in why


def _queue(store: Store, night: Night) -> dict[str, str]:
    """What waits for people, against the budget."""
    queue = {f"tasks {state}": f"{count:,}" for state, count in store.task_states().items()}
    seconds, measured = store.seconds_per_task()
    left = store.open_copies()
    if left:
        queue["reviews that Label Studio waits for"] = (
            f"{left:,}, {left * seconds / 3600:.1f} hours at {seconds:.0f} s each ({measured} measured)"
        )
    if night.budget:
        queue["budget"] = f"{night.budget}; {night.waits:,} tasks wait for another day"
    return queue


def _kinds(night: Night) -> dict[str, list[tuple[str, str]]]:
    """What was held back, in lists of one kind each."""
    read = [("" if why.startswith(what) else what, why) for what, why in night.quarantined]
    kinds: dict[str, list[tuple[str, str]]] = {"Quarantined": read, "Duplicates": [], "Held": []}
    for what, why in night.held:
        kind = "Quarantined" if _poisoned(why) else "Duplicates" if why.startswith("duplicate") else "Held"
        kinds[kind].append((what, why))
    return kinds


def _for_people(store: Store) -> dict[str, list[tuple[str, str]]]:
    """What waits for an annotator's word, by task."""
    return {
        "Conflicts": [(key, f"{cause}: {what}") for key, cause, what in store.conflicts()],
        "Missed claims to correct": [(key, f"{by}: {why}") for key, by, why in store.unread_lines()],
    }


def _shortened(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return rows if len(rows) <= MANY else [*rows[:MANY], ("...", f"and {len(rows) - MANY} more")]


def _befallen(me: NightRow, before: Sequence[NightRow]) -> list[str]:
    """What befell the nights since the last that ended, oldest first; `before` is newest first."""
    said: list[str] = []
    after = me
    for row in before:
        if row.state in _ENDED:
            told = (row.page or {}).get("notes", [])
            return [note for note in said[::-1] if note not in told]
        if row.state == "left":
            said.append(_came(row))
            continue
        done = after.before.get("annotated", 0) - row.before.get("annotated", 0)
        said.append(
            f"the night begun {row.started} ({row.who}) ended without a word at station {row.station}; "
            f"{done} stories had been annotated by then, and this night went on from there"
        )
        after = row
    return said[::-1]


def _left(after: Sequence[NightRow]) -> list[str]:
    return [_came(row) for row in after if row.state == "left"]


def _came(row: NightRow) -> str:
    return f"another night came at {row.started} ({row.who}), found one at work, and left"


def unusual(figures: Mapping[str, float], week: Sequence[Mapping[str, Any]]) -> list[str]:
    """Figures outside the range of the nights before, by more than a tenth of their median and more than two; speed: of long nights."""
    said = []
    for name in ("stories in", "claims", "quarantined", "duplicates", "words a second"):
        least = _LONG if name == "words a second" else 0
        seen = [row[name] for row in week if name in row and row.get("seconds", 0) >= least]
        if len(seen) < _ENOUGH or figures["seconds"] < least:
            continue
        low, high, slack = min(seen), max(seen), max(2, statistics.median(seen) / 10)
        if not low - slack <= figures[name] <= high + slack:
            said.append(f"{name}: {figures[name]:.0f}, where the last {len(seen)} nights had {low:.0f} to {high:.0f}")
    return said


def _pages() -> Environment:
    return Environment(
        loader=PackageLoader("flows"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def html(morning: Morning) -> str:
    """The page as one HTML file that fetches nothing."""
    return _pages().get_template("morning.html").render(m=morning)


def markdown(morning: Morning) -> str:
    """The same for Prefect's page."""
    pages = _pages()
    pages.filters["cell"] = lambda text: " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")
    return pages.get_template("morning.md").render(m=morning)


def write_page(morning: Morning, folder: Path) -> Path:
    """Writes the page aside and renames it: `night-NUMBER.html`, and the newest as `index.html`."""
    folder.mkdir(parents=True, exist_ok=True)
    text, path = html(morning), folder / f"night-{morning.number:05d}.html"
    for target in (path, folder / "index.html"):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, suffix=".part", delete=False) as aside:
            aside.write(text)
        Path(aside.name).chmod(0o644)
        os.replace(aside.name, target)
    return path
