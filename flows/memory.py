"""The most memory that this process has while something runs, read from /proc twenty times a second."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Self

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Megabytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE // 1_000_000


class Peak:
    """Measures within `with`; `megabytes` afterwards."""

    def __init__(self, every: float = 0.05) -> None:
        self.megabytes = 0
        self._every, self._end = every, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        self.megabytes = resident()
        while not self._end.wait(self._every):
            self.megabytes = max(self.megabytes, resident())
