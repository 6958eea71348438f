"""Seeded schedules of faults between the desk and a real Label Studio: afterwards each task is there once and no decision is lost.

python -m benchmarks.desk_faults [--schedules 300] [--first 0] [--json FILE]
python -m benchmarks.desk_faults --merge FILE... --json FILE: of parts that ran side by side, one summary

A schedule pushes, pulls, rolls a model out and withdraws through a faulty proxy while people annotate, edit, skip, draft and delete
beside it; what fails, fails. Then one run without faults, and everything is compared: the server's tasks and annotations with what
people did, and the store with both.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import httpx
import sqlalchemy as sa

from benchmarks.faulty_proxy import Fault, Schedule, faulty
from flows.plan import Plan
from flows.pulling import pull
from flows.pushing import push
from flows.settings import ROOT
from flows.store import Store
from flows.studio import Studio
from flows.studio_server import RunningStudio, ensure_running, running, stop
from flows.studio_tasks import pages
from flows.tables import reviews
from schemas.claim import Choice, Claim, claim_keys
from schemas.errors import OnRecordError
from schemas.guideline import project_settings
from schemas.reviews import Review
from schemas.spans import Span
from schemas.story import Status, Story
from schemas.tasks import claim_task

Json = dict[str, Any]
HASTE = 0.02
"""Seconds that the client waits where it would wait longer: what is tested is the order of things, not patience."""
PATIENCE = 2.5
"""Seconds after which the client gives an answer up; a slow one takes longer."""
PLAN = Plan(double=0.2)
NOW = "2026-03-01T00:00:00+00:00"


def quiet(_: object) -> None:
    """Says nothing."""


def story_and_claim(name: str, number: int) -> tuple[Story, Claim]:
    """A story of one sentence, and the claim in it as the first model finds it."""
    words = f"prices rose {number} times"
    text = f"Report {number} of {name}.\n\nThe minister said {words} on Monday."
    source, cue, content = (Span(text.index(w), text.index(w) + len(w), w) for w in ("The minister", "said", words))
    story = Story(guid=f"{name}-{number}", version=1, text=text, headline="Minister speaks", agency="Wire")
    key = claim_keys(story.guid, [((source,), (cue,), (content,))])[0]
    sure = Choice("government", 0.9)
    asserts = Choice("asserts", 0.9)
    return story, Claim(
        key, story.guid, 1, True, (content,), (cue,), (source,), None, "indirect", "unnamed", sure, asserts, sure, 0.8, "model:1"
    )


@dataclass
class People:
    """Annotators at work, on the server itself, and what they have done: the truth that nothing may change."""

    url: str
    token: str
    project: int
    rng: random.Random
    decisions: dict[int, list[Json]] = field(default_factory=dict)
    skips: set[int] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    drafts: set[int] = field(default_factory=set)
    about_to_delete: set[str] = field(default_factory=set)
    about_to_draft: set[int] = field(default_factory=set)
    unsure: bool = False

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": f"Token {self.token}"}, trust_env=False, timeout=60)

    def work(self, tasks: dict[str, Json], pushed: set[str]) -> None:
        """Something to one task: of those that are there once. pushed: keys that the store knows to be there."""
        if not tasks:
            return
        self.about_to_delete, self.about_to_draft = set(), set()
        key = self.rng.choice(sorted(tasks))
        task = tasks[key]
        mine = [a["id"] for a in task["annotations"]]
        what = self.rng.choices(("annotate", "edit", "skip", "draft", "unsay", "delete"), (6, 2, 1, 1, 1, 1))[0]
        stance = self.rng.choice(("government", "opposition", "neutral"))
        result = [{"id": "s", "from_name": "stance", "to_name": "text", "type": "choices", "value": {"choices": [stance]}}]
        if what in ("annotate", "skip") or (what == "edit" and not mine):
            body = {"result": result, "lead_time": 9.0, "was_cancelled": what == "skip"}
            if made := self._done("POST", f"/api/tasks/{task['id']}/annotations/", body):
                self.decisions[made["id"]] = result
                self.skips |= {made["id"]} if what == "skip" else set()
        elif what == "edit":
            if self._done("PATCH", f"/api/annotations/{mine[0]}/", {"result": result}):
                self.decisions[mine[0]] = result
        elif what == "draft":
            self.about_to_draft = {task["id"]}
            if self._done("POST", f"/api/tasks/{task['id']}/drafts", {"result": result}):
                self.drafts.add(task["id"])
        elif what == "unsay" and mine:
            if self._done("DELETE", f"/api/annotations/{mine[0]}/") is not None:
                del self.decisions[mine[0]]
        elif what == "delete" and not mine and key in pushed and task["id"] not in self.drafts:
            self.about_to_delete = {key}
            self.deleted |= {key} if self._done("DELETE", f"/api/tasks/{task['id']}/") is not None else set()

    def look(self, tasks: dict[str, list[Json]]) -> None:
        """Sees what was carried out where no answer came, as people do when they find the server back."""
        self.unsure = False
        there = {a["id"]: a for same in tasks.values() for task in same for a in task["annotations"]}
        self.decisions = {number: annotation["result"] for number, annotation in there.items()}
        self.skips = {number for number, annotation in there.items() if annotation["was_cancelled"]}
        self.deleted |= self.about_to_delete - set(tasks)
        self.drafts |= self.about_to_draft

    def _done(self, method: str, path: str, body: Json | None = None) -> Json | None:
        """The answer to what was done; None where it was not, such as on a task that has just gone."""
        try:
            answer = self.http.request(method, path, params={"project": self.project}, json=body)
        except httpx.TransportError:
            self.unsure = True  # the server is being restarted
            return None
        return (answer.json() if answer.content else {}) if answer.is_success else None


@dataclass
class Outcome:
    """What a schedule came to. wrong: what should not be, empty where all is well."""

    seed: int
    happened: list[tuple[Fault, str]]
    failed: Counter[str]
    wrong: list[str]
    seconds: float


class Rig:
    """One schedule: a store, a project, people, and a way to the server that fails as the seed says."""

    def __init__(self, seed: int, server: RunningStudio, folder: Path, restart: Callable[[], None] | None) -> None:
        self.seed, self.server, self.rng = seed, server, random.Random(seed)
        self.store = Store(f"sqlite:///{folder / f'{seed}.db'}")
        self.name = f"faults {seed} {os.urandom(3).hex()}"
        self.clean = self._studio(server.url, 60.0)
        self.project = self.clean.ensure_project(self.name, **project_settings())
        self.people = People(server.url, server.token, self.project, random.Random(seed + 1))
        self.schedule = self._faults(restart)
        self.failed: Counter[str] = Counter()
        self.stories = 0
        self.version = 0

    def _studio(self, url: str, timeout: float) -> Studio:
        return Studio(url, self.server.token, wait=lambda s: time.sleep(min(s, HASTE)), timeout=timeout, title=self.name)

    def _faults(self, restart: Callable[[], None] | None) -> Schedule:
        kinds = [f for f in Fault if f is not Fault.RESTART]
        any_, writes = {}, {}
        for _ in range(self.rng.randint(1, 5)):
            any_[self.rng.randrange(60)] = self.rng.choice(kinds)
        for _ in range(self.rng.randint(1, 4)):
            writes[self.rng.randrange(12)] = self.rng.choice(kinds)
        if restart and self.rng.random() < 0.1:
            writes[self.rng.randrange(6)] = Fault.RESTART
        return Schedule(any_, writes, slow=PATIENCE + 0.5, restart=restart)

    # What is done

    def run(self) -> Outcome:
        """Everything under faults, then once without, then the comparison."""
        begun = time.monotonic()
        with faulty(self.server.url, self.schedule) as url, self._studio(url, PATIENCE) as shaky:
            for step in [self.push, *self.rng.choices((self.push, self.pull, self.roll_out, self.withdraw, self.push_twice), k=4)]:
                self._beside(lambda step=step: self._tried(step, shaky))
        self.schedule.settle()
        for step in (self.pull, self.push, self.roll_out, self.pull):  # pulled first: what was unsaid no longer keeps a task in
            step(self.clean)
        wrong = list(self.wrong())
        self.people.http.close()
        if not wrong:
            httpx.delete(f"{self.server.url}/api/projects/{self.project}/", headers=dict(self.people.http.headers), timeout=60)
        self.clean.__exit__()
        return Outcome(self.seed, self.schedule.happened, self.failed, wrong, time.monotonic() - begun)

    def _beside(self, step: Callable[[], None]) -> None:
        """A step, with somebody at work on tasks that were there before, while it runs."""
        once, pushed = {key: same[0] for key, same in self._tasks().items() if len(same) == 1}, set(self.pushed())
        worker = threading.Thread(target=self.people.work, args=(once, pushed))
        worker.start()
        step()
        worker.join()
        if self.people.unsure:
            self.people.look(self._tasks())

    def _tasks(self) -> dict[str, list[Json]]:
        self.schedule.settle()
        found: dict[str, list[Json]] = {}
        for task in self.clean.annotated(self.project):
            found.setdefault(task["data"]["key"], []).append(task)
        return found

    def _tried(self, step: Callable[[Studio], None], studio: Studio) -> None:
        try:
            step(studio)
        except OnRecordError as error:
            self.failed[type(error).__name__] += 1

    def push(self, studio: Studio) -> None:
        """Some new stories, and all that waits."""
        for _ in range(self.rng.randint(1, 4)):
            story, claim = story_and_claim(f"s{self.seed}", self.stories)
            self.stories += 1
            self.store.add_story(story, NOW)
            self.store.add_claims(story, [claim])
        push(self.store, studio, PLAN, say=quiet)

    def push_twice(self, studio: Studio) -> None:
        """Two runs at once."""
        other = threading.Thread(target=lambda: self._tried(self._push_only, studio))
        other.start()
        try:
            self.push(studio)
        finally:
            other.join()  # what it does after the schedule would be no fault of the clean run

    def _push_only(self, studio: Studio) -> None:
        push(self.store, studio, PLAN, say=quiet)

    def pull(self, studio: Studio) -> None:
        """What people did."""
        pull(self.store, studio)

    def roll_out(self, studio: Studio) -> None:
        """Another model's pre-labels on every claim."""
        self.version += 1
        changed = {}
        for number in range(self.stories):
            story, claim = story_and_claim(f"s{self.seed}", number)
            task = claim_task(story, replace(claim, stance=Choice("neutral", 0.8), by=f"model:{self.version}"))
            changed[claim.key] = task["predictions"][0]
        studio.roll_out(self.project, f"model:{self.version}", changed, say=quiet)

    def withdraw(self, studio: Studio) -> None:
        """A story is killed."""
        if self.stories:
            story, _ = story_and_claim(f"s{self.seed}", self.rng.randrange(self.stories))
            self.store.add_story(replace(story, version=2, status=Status.CANCELLED), NOW)
        push(self.store, studio, PLAN, say=quiet)

    # What must be

    def pushed(self) -> list[str]:
        return self.store.task_keys(["pushed"])

    def wrong(self) -> Iterator[str]:
        tasks = list(pages(self.clean._api, self.project, [], fields="all", include="id,data,predictions,annotations,result"))
        there = Counter(task["data"]["key"] for task in tasks)
        wanted = set(self.pushed()) - self.people.deleted
        yield from (f"task {key} is there {n} times" for key, n in there.items() if n > 1)
        yield from (f"task {key} is missing" for key in sorted(wanted - set(there)))
        yield from (f"task {key} is back after somebody deleted it" for key in sorted(self.people.deleted & set(there)))
        for key in sorted(set(there) - wanted - self.people.deleted):
            (task, *_) = [t for t in tasks if t["data"]["key"] == key]
            if not task["annotations"] and task["id"] not in self.people.drafts:
                yield f"task {key} should have been withdrawn"
        shown = self.clean.shown_version(self.project)
        if tasks and shown != f"model:{self.version}":
            yield f"version {shown} is shown, not model:{self.version}"
        for task in tasks:
            versions = [p["model_version"] for p in task["predictions"]]
            if versions != [shown]:
                yield f"task {task['data']['key']} has pre-labels of {versions}"
        there_now = {a["id"]: a["result"] for task in tasks for a in task["annotations"]}
        for number, result in self.people.decisions.items():
            if _picked(there_now.get(number)) != _picked(result):
                yield f"decision {number} was {_picked(result)} and is {_picked(there_now.get(number))}"
        yield from (f"decision {n} is there and nobody made it" for n in set(there_now) - set(self.people.decisions))
        yield from self._store_wrong()

    def _store_wrong(self) -> Iterator[str]:
        with self.store.engine.begin() as db:
            kept = {row.annotation_id: Review.from_dict(row.payload) for row in db.execute(sa.select(reviews))}
        for number, result in self.people.decisions.items():
            if number not in kept:
                yield f"decision {number} has not come into the store"
            elif kept[number].choices != {"stance": _picked(result)} or kept[number].skipped != (number in self.people.skips):
                yield f"decision {number} is {kept[number].choices} in the store"
        yield from (f"the store keeps decision {n}, which was unsaid" for n in set(kept) - set(self.people.decisions))


def _picked(result: list[Json] | None) -> str:
    return result[0]["value"]["choices"][0] if result else "nothing"


class Server:
    """The benchmark's own Label Studio, on a copy of a data folder or a new one, that can be killed and started again."""

    def __init__(self, folder: Path, template: Path | None) -> None:
        self.home = folder / "label-studio"
        if template and template.exists():
            shutil.copytree(template, self.home)
            (self.home / "server.json").unlink(missing_ok=True)  # else every copy asks for the template's port
        self.executable = ROOT / ".venv-label-studio" / "bin" / "label-studio"
        self.running = ensure_running(self.home, self.executable, say=quiet)
        self.restarts = 0
        self._lock = threading.Lock()

    def restart(self) -> None:
        """Kills it at once, whatever it is doing, and starts it again."""
        with self._lock:
            os.killpg(json.loads((self.home / "server.json").read_text())["pid"], signal.SIGKILL)
            port = int(self.running.url.rpartition(":")[2])
            while running(self.home) or _listens(port):
                time.sleep(0.01)
            ensure_running(self.home, self.executable, port=port, say=quiet)
            self.restarts += 1

    def stop(self) -> None:
        """Ends it."""
        stop(self.home)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    """Runs the schedules and says what came of them; exit status 1 where one left something wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schedules", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--json", type=Path, help="write the summary here")
    parser.add_argument("--template", type=Path, default=next(iter(sorted((ROOT / ".cache").glob("label-studio-template-*"))), None))
    parser.add_argument("--merge", type=Path, nargs="+", help="summaries of parts, instead of a run")
    asked = parser.parse_args()
    if asked.merge:
        _say(merged([json.loads(path.read_text()) for path in asked.merge]), asked.json)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), asked.template)
        try:
            summary = _run_all(range(asked.first, asked.first + asked.schedules), server, Path(folder))
        finally:
            server.stop()
    _say(summary, asked.json)


def _say(summary: Json, path: Path | None) -> NoReturn:
    print(json.dumps(summary, indent=1))
    if path:
        path.write_text(json.dumps(summary, indent=1) + "\n")
    sys.exit(1 if summary["schedules with something wrong"] else 0)


def merged(parts: list[Json]) -> Json:
    """One summary of parts: numbers added up, the minutes of the longest."""
    whole: Json = {}
    for part in parts:
        for name, value in part.items():
            if name == "schedules with something wrong":
                whole[name] = whole.get(name, {}) | value
            elif isinstance(value, dict):
                whole[name] = dict(sorted((Counter(whole.get(name, {})) + Counter(value)).items()))
            else:
                whole[name] = max(whole.get(name, 0), value) if name == "minutes" else whole.get(name, 0) + value
    return whole


def _run_all(seeds: range, server: Server, folder: Path) -> Json:
    faults: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    wrong: dict[int, list[str]] = {}
    begun = time.monotonic()
    for done, seed in enumerate(seeds, 1):
        outcome = Rig(seed, server.running, folder, server.restart).run()
        faults.update(str(fault) for fault, _ in outcome.happened)
        failed += outcome.failed
        if outcome.wrong:
            wrong[seed] = outcome.wrong
        print(
            f"{done} of {len(seeds)}: seed {seed}, {len(outcome.happened)} faults, {outcome.wrong or 'all well'}",
            file=sys.stderr,
            flush=True,
        )
    return {
        "schedules": len(seeds),
        "faults": dict(sorted(faults.items())),
        "faults in all": faults.total(),
        "server killed and started": server.restarts,
        "steps that ended in an error": dict(sorted(failed.items())),
        "schedules with something wrong": wrong,
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }


if __name__ == "__main__":
    main()
