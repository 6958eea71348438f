"""`make demo`: Label Studio up, one night over the example stories, and where to go from there."""

from __future__ import annotations

import shutil
from pathlib import Path

from flows.connecting import connect
from flows.feed import feed_files
from flows.settings import ROOT, Settings, load_settings, prepare_prefect
from flows.showing import err, night_lines
from schemas.errors import BadInput, Unavailable

_ROOM = 1_000_000_000
"""Bytes of free disk without which a first start is not tried."""


def run_demo(wire: Path) -> None:
    """Starts what is not running, pushes what is not pushed, and says so."""
    settings, notes = load_settings(), err()
    folder = wire if wire.exists() else ROOT / wire
    feed_files([folder])
    _check_room(settings)
    prepare_prefect(settings)
    from flows.nightly import run_nightly
    from flows.studio_server import ensure_running

    server = ensure_running(
        settings.studio_home, settings.label_studio_executable, port=settings.label_studio_port, say=lambda line: notes.print(line)
    )
    notes.print(f"Label Studio {'started' if server.started else 'was running already'} at {server.url}")
    night = run_nightly([folder], settings, connect(settings), say=notes.print)
    print()
    for line in night_lines(night):
        print(line)
    if night.failures:
        raise Unavailable("the night did not end well (see FAILED above); run `make demo` again, it goes on where it stopped")
    if not night.pushed and not night.stories_new:
        print("nothing new: nothing was started or pushed twice")
    print(_farewell(server.url, server.email, settings))


def stop_demo() -> None:
    """Stops the demo's Label Studio; its data stay."""
    from flows.studio_server import stop

    print("Label Studio stopped" if stop(load_settings().studio_home) else "Label Studio was not running")


def _check_room(settings: Settings) -> None:
    settings.data.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data).free
    if free < _ROOM:
        raise BadInput(
            f"{settings.data}: only {free // 1_000_000} MB free on its disk, {_ROOM // 1_000_000} MB are needed; set ONRECORD_DATA"
        )


def _farewell(url: str, email: str, settings: Settings) -> str:
    credentials = settings.studio_home / "credentials.json"
    return f"""
Review at  {url}/projects
Login      {email}, password in {credentials}

Next:
  .venv/bin/onrecord pull                          bring your reviews into the store
  .venv/bin/onrecord export data/export            write them as a dataset
  .venv/bin/onrecord annotate examples/wire        see the claims in the terminal, without a server
Stop Label Studio with `make stop`."""
