"""The process that annotates, started by `flows.isolation`: a request a line in, a claim list a line out, as JSON.

A story may hang or crash it: its parent lives on. The system ends it (SIGALRM) where a request takes longer than it may, even within
native code, and it ends by itself when its parent is gone.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

from annotators.claims import annotate
from annotators.models import Model, load_model
from flows.actors import informed
from schemas.errors import OnRecordError
from schemas.story import Story


def main(model_path: str, actors: str = "") -> None:
    """Serves requests `{"stories": [...], "seconds": limit}` until its input ends."""
    out = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    try:
        model = informed(load_model(Path(model_path) if model_path else None), Path(actors) if actors else None)
    except OnRecordError as error:
        _say(out, {"refused": str(error)})
        return
    _say(out, {"model": model.revisions})
    for line in sys.stdin:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])
        began = time.process_time()
        try:
            _answer(out, [Story.from_dict(row) for row in request["stories"]], model)
        except Exception as error:  # noqa: BLE001  whatever a story does to a model
            signal.setitimer(signal.ITIMER_REAL, 0)
            _say(out, {"failed": f"{type(error).__name__}: {error}"[:300]})
            continue
        signal.setitimer(signal.ITIMER_REAL, 0)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        _say(out, {"done": True, "cpu_seconds": time.process_time() - began, "memory_mb": peak})


def _answer(out: Any, stories: list[Story], model: Model) -> None:
    for number, judged in enumerate(annotate(stories, model)):
        _say(out, {"story": number, "claims": [claim.to_dict() for claim in judged.claims]})


def _say(out: Any, message: dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
