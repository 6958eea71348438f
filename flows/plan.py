"""How the desk works: how much people can review, and which shares of it they review twice, blind, or with a known answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from schemas.errors import BadInput

_BUDGET = re.compile(r"(\d+(?:\.\d+)?)\s*(h|m|min)?")


@dataclass(frozen=True)
class Budget:
    """How much people can review a day: seconds of work, or tasks."""

    seconds: float = 0.0
    tasks: int = 0

    @classmethod
    def read(cls, text: str) -> Budget | None:
        """A budget such as `3h`, `90m` or `400` (tasks); None for an empty text. Errors: BadInput for another."""
        if not text.strip():
            return None
        match = _BUDGET.fullmatch(text.strip().lower())
        if not match or (not match[2] and "." in match[1]) or not float(match[1]):
            raise BadInput(f"budget {text!r} is none; give hours (3h), minutes (90m) or a number of tasks a day (400)")
        if not match[2]:
            return cls(tasks=int(match[1]))
        return cls(seconds=float(match[1]) * (3600 if match[2] == "h" else 60))

    def size(self, seconds_per_task: float) -> int:
        """How many tasks that is."""
        return self.tasks or int(self.seconds / seconds_per_task)


@dataclass(frozen=True)
class Plan:
    """How the desk works. Shares from 0 to 1, drawn by key and `seed`.

    abstain_below: a choice less sure is left open. budget: how much is in Label Studio at once; None: everything.
    double: tasks that two people review. blind: of these, those that hide the pre-label. gold: hidden tasks with a known answer.
    """

    abstain_below: float = 0.5
    budget: Budget | None = None
    double: float = 0.0
    blind: float = 0.0
    gold: float = 0.0
    seed: int = 0
