"""Annotation in processes of its own, so that a story that hangs or crashes takes nothing else with it.

A process serves one thread at a time and is kept for the next batch, so that the model is loaded once for each.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.settings import ROOT
from schemas.claim import Claim
from schemas.errors import BadInput
from schemas.story import Story

COMMAND = (sys.executable, "-m", "flows.annotating")
"""The process; its arguments are the model folder, empty for the shipped one, and the desk's file of actors, empty for none."""
WORDS = 200
"""Words for which a story may take a second beyond its limit."""
_log = logging.getLogger("annotators")


class Failed(Exception):
    """Stories could not be annotated: the model raised, or the process crashed or took too long."""


@dataclass
class Spent:
    """What annotating cost: CPU seconds, the most memory (MB) that a process had, how often the model was loaded; its revision."""

    cpu_seconds: float = 0.0
    memory_mb: int = 0
    loads: int = 0
    model: str = ""


class Annotator:
    """One such process, started when it is needed and again after it died."""

    def __init__(self, model: Path | None, limit: float, actors: Path | None = None, command: Sequence[str] | None = None) -> None:
        """limit: seconds that a request may take, beside a second for each `WORDS` words."""
        self.spent = Spent()
        self._limit = limit
        self._command = [*(command or COMMAND), str(model or ""), str(actors or "")]
        self._process: subprocess.Popen[str] | None = None
        self._last_words = ""

    def annotate(self, stories: Sequence[Story]) -> Iterator[tuple[Story, list[Claim]]]:
        """Each story with its claims, in order. Errors: Failed; BadInput where the model cannot be loaded."""
        if not stories:
            return
        process = self._running()
        seconds = self._limit + sum(len(story.text.split()) for story in stories) / WORDS
        with contextlib.suppress(BrokenPipeError):  # it died: the answer says so
            assert process.stdin is not None
            process.stdin.write(json.dumps({"seconds": seconds, "stories": [story.to_dict() for story in stories]}) + "\n")
            process.stdin.flush()
        while "done" not in (answer := self._answer(seconds)):
            if "failed" in answer:
                raise Failed(answer["failed"])
            yield stories[answer["story"]], [Claim.from_dict(row) for row in answer["claims"]]
        self.spent.cpu_seconds += answer["cpu_seconds"]
        self.spent.memory_mb = max(self.spent.memory_mb, answer["memory_mb"])

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
            pipe: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            self._process = subprocess.Popen(self._command, text=True, env=environment, **pipe)
            threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True).start()
            answer = self._answer(0)
            if "refused" in answer:
                self.close()
                raise BadInput(answer["refused"])
            self.spent.model = answer["model"]
            self.spent.loads += 1
        return self._process

    def _answer(self, seconds: float) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line.endswith("\n"):
            return json.loads(line)
        status = self._ended()
        if status == -signal.SIGALRM:
            raise Failed(f"took longer than {seconds:.0f} s")
        how = f"signal {-status} ({signal.Signals(-status).name})" if status < 0 else f"status {status}"
        raise Failed(f"the annotating process ended with {how}{': ' if self._last_words else ''}{self._last_words}"[:300])

    def _ended(self) -> int:
        process, self._process = self._process, None
        assert process is not None
        status = process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        return status

    def _listen(self, said: Any) -> None:
        """What the process says on standard error goes to the log."""
        with said:
            for line in said:
                self._last_words = line.strip() or self._last_words
                _log.info("%s", line.rstrip())


_idle: dict[tuple[Path | None, float, Path | None], queue.SimpleQueue[Annotator]] = {}


@contextlib.contextmanager
def borrowed(model: Path | None, limit: float, actors: Path | None = None) -> Iterator[Annotator]:
    """An annotator that nobody else uses meanwhile, its expenses at nought."""
    pool = _idle.setdefault((model, limit, actors), queue.SimpleQueue())
    try:
        annotator = pool.get_nowait()
    except queue.Empty:
        annotator = Annotator(model, limit, actors)
    annotator.spent = Spent(model=annotator.spent.model)
    try:
        yield annotator
    except BaseException:
        annotator.close()  # half an answer may be on its way
        raise
    pool.put(annotator)


def close_all() -> None:
    """Ends the processes that nobody uses."""
    for pool in _idle.values():
        with contextlib.suppress(queue.Empty):
            while True:
                pool.get_nowait().close()
