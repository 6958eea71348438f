"""The desk against the bare API of the same Label Studio, in one run: push, no-op push, pull, no-op pull, and the client's memory.

python -m benchmarks.desk [--tasks 5000] [--json FILE]

Bare import: the same tasks, 250 a request, one after the other, into a project of its own before, between and after three pushes; a
push's share is that of the mean of the two beside it, and the median of the shares counts. Bare listing: all annotated tasks, 500 a page.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from benchmarks.desk_faults import NOW, PLAN, Server, quiet, story_and_claim
from flows.memory import Peak
from flows.pulling import pull
from flows.pushing import push, task_of
from flows.settings import ROOT
from flows.store import Store
from flows.studio import Studio
from schemas.claim import Claim
from schemas.guideline import project_settings
from schemas.story import Story

Json = dict[str, Any]
_FILLER = "The committee met again in the afternoon and went through the papers that had been laid before it. "


def story(number: int, words: int = 330) -> tuple[Story, Claim]:
    """A story of about 2 KB behind the sentence with the claim."""
    short, claim = story_and_claim("bench", number)
    text = f"{short.text}\n\n" + "\n\n".join([(_FILLER * 4).strip()] * max(1, words // 66))
    return Story(short.guid, 1, text, headline=short.headline, agency=short.agency), claim


def review(task: Json) -> Json:
    """An annotation that agrees with the pre-label."""
    return {"result": task["predictions"][0]["result"], "lead_time": 12.0, "was_cancelled": False, "ground_truth": False}


class Bench:
    """One run on one server."""

    def __init__(self, server: Server, folder: Path, count: int) -> None:
        running = server.running
        self.count = count
        self.http = httpx.Client(
            base_url=running.url,
            headers={"Authorization": f"Token {running.token}"},
            trust_env=False,
            timeout=300,
            limits=httpx.Limits(max_keepalive_connections=0),  # as `StudioApi`: the server is slow on a kept connection
        )
        self.studios = [Studio(running.url, running.token, title=f"bench {number}") for number in range(ROUNDS)]
        self.reviewed = Studio(running.url, running.token, title="bench reviewed")
        first = Store(f"sqlite:///{folder / 'first.db'}")
        for number in range(count):
            one, claim = story(number)
            first.add_story(one, NOW)
            first.add_claims(one, [claim])
        self.tasks = [task_of(entry, 0.5) for entry in first.entries()]
        self.stores = [copied(first, folder / f"bench{number}.db") for number in range(ROUNDS)]
        self.second = first

    def run(self) -> Json:
        """All measures, seconds of the wall; ratios to the bare way in the same run."""
        bare, pushed, again = [self.bare_import("bare before")], [], []
        with Peak() as memory:
            for number, (store, studio) in enumerate(zip(self.stores, self.studios, strict=True)):
                pushed.append(timed(lambda: push(store, studio, PLAN0, say=quiet)))  # noqa: B023
                again.append(timed(lambda: push(store, studio, PLAN0, say=quiet)))  # noqa: B023
                bare.append(self.bare_import(f"bare after {number}"))
        push_memory = memory.megabytes
        shares = [(before + after) / 2 / ours for before, after, ours in zip(bare, bare[1:], pushed, strict=False)]
        project = self.reviewed.ensure_project(self.reviewed.title, **project_settings())
        self.bare_import("bench reviewed", annotated=True, project=project)
        self.second.mark_pushed({key: same[0] for key, same in self.reviewed.find(project, [t["data"]["key"] for t in self.tasks]).items()})
        listings = [timed(lambda: sum(1 for _ in self.bare_listing(project)))]
        with Peak() as memory:
            pulled = timed(lambda: pull(self.second, self.reviewed))
        listings.append(timed(lambda: sum(1 for _ in self.bare_listing(project))))
        time.sleep(max(0.0, 61 - sum(listings) - pulled))  # what is younger than a minute is asked for again
        pull(self.second, self.reviewed)
        no_pull = timed(lambda: pull(self.second, self.reviewed))
        kept = len(self.second.all_reviews())
        assert kept == self.count, f"{kept} of {self.count} reviews came"
        listing = sum(listings) / 2
        return {
            "tasks": self.count,
            "bytes a task": len(json.dumps(self.tasks[0])),
            "bare import, s": [round(s, 1) for s in bare],
            "push, s": [round(s, 1) for s in pushed],
            "push, tasks/s": round(self.count / statistics.median(pushed)),
            "push, share of the bare import's rate": [round(share, 3) for share in shares],
            "push, median share": round(statistics.median(shares), 3),
            "no-op push, s": round(statistics.median(again), 1),
            "bare listing, s": [round(s, 1) for s in listings],
            "full pull, s": round(pulled, 1),
            "full pull, times the bare listing": round(pulled / listing, 2),
            "no-op pull, s": round(no_pull, 1),
            "client memory, MB (peak of push, of pull)": [round(push_memory), round(memory.megabytes)],
            "load": round(os.getloadavg()[0], 1),
        }

    def bare_import(self, title: str, *, annotated: bool = False, project: int | None = None) -> float:
        """The tasks over the API and nothing else. Gives seconds."""
        number = (
            project or self.http.post("/api/projects/", json={"title": title, "label_config": project_settings()["config"]}).json()["id"]
        )
        tasks = [task | {"annotations": [review(task)]} for task in self.tasks] if annotated else self.tasks

        def send() -> None:
            for at in range(0, len(tasks), 250):
                self.http.post(f"/api/projects/{number}/import", json=tasks[at : at + 250]).raise_for_status()

        return timed(send)

    def bare_listing(self, project: int) -> Iterator[Json]:
        """All annotated tasks, page by page."""
        for page in range(1, -(-self.count // 500) + 1):
            params = {"project": project, "fields": "all", "include": INCLUDE, "page_size": 500, "page": page}
            yield from self.http.get("/api/tasks/", params=params).raise_for_status().json()["tasks"]


INCLUDE = "id,data,updated_at,annotations,result,completed_by,was_cancelled,lead_time,created_at"
"""What people decided, by whom and when: the server applies the list to the annotations' own fields as well."""
ROUNDS = 3
"""Pushes, each with a bare import on both sides."""
PLAN0 = type(PLAN)()
"""All of it, one reviewer a task."""


def copied(store: Store, path: Path) -> Store:
    """A store with the same content."""
    with contextlib.closing(sqlite3.connect(str(store.engine.url.database))) as old, contextlib.closing(sqlite3.connect(path)) as new:
        old.backup(new)
    return Store(f"sqlite:///{path}")


def timed(do: Callable[[], object]) -> float:
    """Seconds that something takes."""
    begun = time.monotonic()
    do()
    return time.monotonic() - begun


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=5000)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--template", type=Path, default=next(iter(sorted((ROOT / ".cache").glob("label-studio-template-*"))), None))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), asked.template)
        try:
            figures = Bench(server, Path(folder), asked.tasks).run()
        finally:
            server.stop()
    print(json.dumps(figures, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n")
    sys.exit(0)


if __name__ == "__main__":
    main()
