"""The desk of the tests: a store, a project of its own on the real server, and somebody who reviews."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

import httpx

from benchmarks.desk_faults import story_and_claim
from flows.plan import Plan
from flows.pushing import push
from flows.reconciling import compare, repair
from flows.store import Store
from flows.studio import Studio
from schemas.reviews import Review

Json = dict[str, Any]
NOW = "2026-03-01T00:00:00+00:00"
PLAN = Plan()


def quiet(_: object) -> None:
    """Says nothing."""


@dataclass
class Desk:
    """A store, a project of its own, and somebody who reviews."""

    store: Store
    studio: Studio
    http: httpx.Client
    name: str

    def take_in(self, *numbers: int, by: str = "model:1") -> list[str]:
        """Stories with a claim each; the keys of their tasks."""
        keys = []
        for number in numbers:
            story, claim = story_and_claim(self.name, number)
            self.store.add_story(story, NOW)
            self.store.add_claims(story, [replace(claim, by=by)])
            keys.append(claim.key)
        return keys

    def push(self, plan: Plan = PLAN) -> Any:
        return push(self.store, self.studio, plan, say=quiet)

    @property
    def project(self) -> int:
        project = self.studio.find_project(self.studio.title)
        assert project is not None
        return project

    def tasks(self) -> dict[str, Json]:
        """The only task of each key, whole."""
        found: dict[str, Json] = {}
        for task in self.studio.whole_tasks(self.project):
            assert found.setdefault(task["data"].get("key", str(task["id"])), task) is task
        return found

    def review(self, key: str, *more: Json, **fields: Any) -> Json:
        """Agrees with the pre-label, with something more."""
        task = self.tasks()[key]
        body = {"result": [*task["predictions"][0]["result"], *more], "lead_time": 8.0, **fields}
        return (
            self.http.post(f"/api/tasks/{task['id']}/annotations/", params={"project": self.project}, json=body).raise_for_status().json()
        )

    def differences(self, restore: bool = False) -> dict[str, tuple[str, ...]]:
        found = compare(self.store, self.studio, PLAN, restore=restore)
        return {name: difference.keys for name, difference in found.differences.items()}

    def mend(self, restore: bool = False) -> Any:
        found = compare(self.store, self.studio, PLAN, restore=restore)
        return repair(self.store, self.studio, PLAN, found, restore=restore, say=quiet)


def picked(name: str, label: str) -> Json:
    return {"id": uuid.uuid4().hex[:8], "from_name": name, "to_name": "text", "type": "choices", "value": {"choices": [label]}}


def said(review: Review) -> Json:
    """What a review says, without what a new server gives anew."""
    return replace(review, annotation_id=0, updated="").to_dict()
