"""Processes that outlive the command that started them: told apart from later ones with the same pid, and ended whole.

Linux only: it reads /proc.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Process:
    """A process by its pid and its birth (boot and start time), since a pid alone is given to others later."""

    pid: int
    birth: str

    @property
    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return birth(self.pid) == self.birth

    def end(self, patience: float = 10.0) -> bool:
        """Ends its process group, gently and after `patience` seconds by force. Gives whether it is gone."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if not self.alive:
                break
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, sign)
            self._wait(patience)
        with contextlib.suppress(ChildProcessError):  # ours only if this command started it
            os.waitpid(self.pid, os.WNOHANG)
        return not self.alive

    def _wait(self, patience: float) -> None:
        deadline = time.monotonic() + patience
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.05)


def birth(pid: int) -> str | None:
    """When a process was born, as boot and clock ticks; None where no such process lives."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{_BOOT.read_text().strip()}:{ticks}"


def start_detached(command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> Process:
    """Starts a command in a session of its own, all it says going to `log`, so that it survives the caller.

    Errors: OSError where it cannot be executed.
    """
    to_log = (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    no_input = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    # posix_spawn, since a Popen that nobody waits for warns when it is collected
    pid = os.posix_spawn(
        command[0],
        [str(part) for part in command],
        environment,
        file_actions=[no_input, to_log, (os.POSIX_SPAWN_DUP2, 1, 2)],
        setsid=True,
    )
    return Process(pid, birth(pid) or "")
