"""What the commands on quarantine do, and on stories that were withdrawn."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from flows.feed import Delivery, deliveries, feed_files
from flows.settings import load_settings
from flows.showing import err
from flows.store import Store, TurnedAway
from schemas.errors import BadInput

_AROUND = 2
_WIDEST = 200


def list_quarantine(*, as_json: bool) -> None:
    """A line for each file, or a JSON list."""
    found = Store(load_settings().store).quarantined()
    if as_json:
        print(json.dumps([vars(entry) for entry in found], ensure_ascii=False, indent=2))
        return
    for entry in found:
        print(f"{entry.seen[:16].replace('T', ' ')}  {entry.file}: {entry.reason}")
    if not found:
        print("nothing is in quarantine")


def show_quarantine(name: str) -> None:
    """All that is known of the entries of a file. Errors: BadInput where there is none."""
    found = _entries(Store(load_settings().store), [name])
    for entry in found:
        print(f"file:   {entry.file}\nseen:   {entry.seen}\ndigest: {entry.digest or 'it could not be opened'}")
        print("".join(f"reason: {reason}\n" for reason in entry.reason.split("; ") if not reason.startswith("accepted")), end="")
        for line in _lines(entry):
            print(line)


def retry_quarantine(names: Sequence[str]) -> None:
    """Reads the files again and stores what can be read; exit status 1 where some still cannot."""
    store = Store(load_settings().store)
    entries = _entries(store, names) if names else store.quarantined()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    freed = stored = left = 0
    for source in dict.fromkeys(_source(entry.file) for entry in entries):
        mine = {entry.file for entry in entries if _source(entry.file) == source}
        for delivery in _again(source):
            if delivery.file in mine:
                stored += sum(not arrival.known for arrival in store.add_stories(delivery.stories, now))
            if delivery.file in mine and not delivery.reason and not delivery.refused:
                freed += store.release(delivery.file)
                mine.discard(delivery.file)
        left += len(mine)
    print(f"{freed} of {freed + left} can be read now, {stored} new stories; the next night annotates them")
    if left:
        err().print(f"onrecord: {left} still cannot be read; `onrecord quarantine list` says why")
        sys.exit(1)


def list_withdrawn() -> None:
    """A line for each withdrawn story, and one for each export that held it."""
    store = Store(load_settings().store)
    found = store.killed()
    for guid, reason in found:
        print(f"{guid}: {reason}")
        for made, folder in store.exports_with(guid):
            print(f"  held by the export of {made} in {folder}")
    if not found:
        print("no story was withdrawn")


def _entries(store: Store, names: Sequence[str]) -> list[TurnedAway]:
    """The entries of the names. Errors: BadInput for a name that has none."""
    found = store.quarantined()
    for name in names:
        if not any(entry.file == name or entry.file.endswith(name) for entry in found):
            raise BadInput(f"{name}: is not in quarantine; `onrecord quarantine list` names what is")
    return [e for e in found if any(e.file == name or e.file.endswith(name) for name in names)]


def _source(file: str) -> str:
    """The file or address to open: an archive for its member, a long file for its part."""
    return re.sub(r" part \d+$", "", file.partition("!")[0])


def _again(source: str) -> list[Delivery]:
    try:
        return list(deliveries(feed_files([source])))
    except BadInput:
        return []  # it is gone


def _lines(entry: TurnedAway) -> list[str]:
    """The lines around the place that the reason names, where the file is here and is text."""
    place, path = re.search(r": line (\d+)", entry.reason), Path(entry.file)
    if not place or not path.is_file():
        return []
    at = int(place[1])
    lines = path.read_bytes()[:1_000_000].decode("utf-8", "backslashreplace").split("\n")
    some = range(max(1, at - _AROUND), min(len(lines), at + _AROUND) + 1)
    return [f"{'>' if n == at else ' '} {n:6} | {lines[n - 1][:_WIDEST]}" for n in some]
