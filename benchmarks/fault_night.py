"""The night that `night_faults` kills: the real one in small batches, which records what is given to a model and its own process.

`ONRECORD_DATA` is the trial's folder, `ONRECORD_FAULT_TITLE` the Label Studio project. Run as a program, or as a deployment of `nightly`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from flows import batches, connecting, isolation
from flows.settings import load_settings, prepare_prefect
from flows.shift import Shift, on_threads, work_night
from flows.studio import Studio

BATCH = 8
RECORDING = """
import sys
from flows import annotating
real = annotating.annotate
def annotate(stories, model):
    with open(sys.argv[2], "a") as file:
        file.write(" ".join(story.guid for story in stories) + "\\n")
    return real(stories, model)
annotating.annotate = annotate
annotating.main(sys.argv[1])
"""


def _connect(settings) -> Studio:  # noqa: ANN001
    return Studio(settings.label_studio_url, settings.token(), title=os.environ["ONRECORD_FAULT_TITLE"])


def _set_up() -> None:
    folder = load_settings().data
    script = folder / "recording.py"
    script.write_text(RECORDING)
    # the model folder comes before what is recorded, so a shell puts the record behind it
    isolation.COMMAND = ("/bin/sh", "-c", f'exec "{sys.executable}" "{script}" "$0" "{folder / "computed"}"')
    batches.BATCH = BATCH
    connecting.connect = _connect
    with (folder / "pids").open("a") as pids:
        pids.write(f"{os.getpid()}\n")


def main(wire: Path, *, plain: bool) -> bool:
    """Works a night, without Prefect where `plain`. Gives whether all went well."""
    settings = load_settings()
    shift = Shift(settings, [wire], None if plain else lambda: _connect(settings), say=print)
    if plain:
        done = work_night(shift, on_threads(settings.workers))
    else:
        prepare_prefect(settings)
        from flows.nightly import run_shift

        done = run_shift(shift)
    print(done.failures)
    return not done.failures


_set_up()
if __name__ == "__main__":
    sys.exit(not main(Path(sys.argv[1]), plain=sys.argv[2:] == ["--plain"]))
else:
    from flows.nightly import nightly  # noqa: F401  the entrypoint of the deployment; it takes the connection from above
