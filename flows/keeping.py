"""What `onrecord up` keeps running: its own children, and the Label Studio of this machine; each started again after it ended."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from flows.processes import Process, start_detached
from flows.settings import Settings
from flows.studio_server import ensure_running, running, stop
from schemas.errors import OnRecordError

Say = Callable[[str], None]
_SHORTEST, _LONGEST = 1.0, 60.0


@dataclass
class Pause:
    """Seconds before something that ended is started again: doubled each time, up to a minute."""

    seconds: float = _SHORTEST
    due: float = 0.0

    def begun(self) -> bool:
        """Whether one is on."""
        return bool(self.due)

    def begin(self, now: float) -> float:
        """Begins one and gives how long it is."""
        self.due = now + self.seconds
        return self.seconds

    def over(self, now: float) -> bool:
        """Whether it has just ended; the next is longer."""
        if now < self.due:
            return False
        self.seconds, self.due = min(2 * self.seconds, _LONGEST), 0.0
        return True


class Child:
    """A process that is kept running."""

    def __init__(self, name: str, command: Sequence[str | Path], folder: Path) -> None:
        self.name, self.command, self._folder = name, command, folder
        self._process: Process | None = None
        self._pause = Pause()

    @property
    def _record(self) -> Path:
        return self._folder / f"{self.name}.json"

    def end_leftover(self) -> None:
        """Ends what an earlier `up`, that was killed, left running."""
        if self._record.exists():
            Process(**json.loads(self._record.read_text(encoding="utf-8"))).end()
            self._record.unlink()

    def start(self) -> None:
        """Starts it."""
        self._process = start_detached(self.command, os.environ, self._folder / f"{self.name}.log")
        self._record.write_text(json.dumps(asdict(self._process)), encoding="utf-8")

    def keep(self, now: float, say: Say) -> None:
        """Starts it again where it has ended, each time after a longer pause."""
        if self._process is None or self._process.alive:
            return
        if not self._pause.begun():
            say(f"{self.name} ended, see {self._folder / self.name}.log; started again in {self._pause.begin(now):.0f} s")
        elif self._pause.over(now):
            self.start()

    def end(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.end()
            self._record.unlink(missing_ok=True)


class KeptStudio:
    """Label Studio on this machine. Its start takes up to minutes, so that it is started again beside all else."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self._settings, self._say = settings, say
        self._pause = Pause()
        self._starting: threading.Thread | None = None
        self._ours = False

    def start(self) -> None:
        """Starts it where it does not run. Errors: BadInput, Unavailable where it does not start."""
        settings = self._settings
        server = ensure_running(settings.studio_home, settings.label_studio_executable, port=settings.label_studio_port, say=self._say)
        self._ours |= server.started
        where = settings.studio_home / "credentials.json"
        self._say(f"Label Studio at {server.url}, login {server.email}, password in {where}")

    def keep(self, now: float, say: Say) -> None:
        """Starts it again where it has ended."""
        if (self._starting is not None and self._starting.is_alive()) or running(self._settings.studio_home) is not None:
            return
        if not self._pause.begun():
            say(f"Label Studio ended, see {self._settings.studio_home / 'server.log'}; started again in {self._pause.begin(now):.0f} s")
        elif self._pause.over(now):
            self._starting = threading.Thread(target=self._again, daemon=True)
            self._starting.start()

    def _again(self) -> None:
        try:
            self.start()
        except OnRecordError as error:
            self._say(f"Label Studio does not start: {str(error).splitlines()[0]}")

    def end(self) -> None:
        """Ends it where it was started here; one that ran before runs on."""
        starting = self._starting is not None and self._starting.is_alive()
        if self._ours or starting:
            stop(self._settings.studio_home)
