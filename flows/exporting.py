"""`onrecord export`: what the store holds of people's decisions as a dataset folder, or as the manifest of an earlier one says."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from exports.claims_table import Row
from exports.dataset import write_dataset
from exports.formats import Layout, write_format
from exports.manifest import Manifest, only, read_manifest
from exports.splits import TRAIN, check_no_leak, split_stories
from flows.settings import load_settings
from flows.showing import err
from flows.store import Store
from schemas.errors import BadInput
from schemas.guideline import guideline_markdown


def export_reviews(out: Path, source: Path | None = None, now: datetime | None = None, form: Layout = Layout.DATASET) -> None:
    """Writes the folder aside and renames it. source: the manifest of an earlier export to make again; form: another format to add."""
    store = Store(load_settings().store)
    if not store.count_reviewed():
        raise BadInput("nothing has been reviewed yet: annotate in Label Studio, then `onrecord pull`, then export")
    if out.exists() and not (out / "README.md").exists() and any(out.iterdir()):
        raise BadInput(f"{out}: is not empty and not an export; name a new folder")
    missing: dict[str, str] = {}
    rows: Iterable[Row] = store.reviewed()
    if source:
        manifest = read_manifest(source)
        rows = only(rows, manifest.reviews, missing)
        manifest.stories, manifest.reviews = {}, {}
    else:
        manifest = _new_manifest(store, now or datetime.now(UTC))
    _write(out, rows, manifest, store, form)
    store.record_export(str(out.resolve()), manifest.made, manifest.stories)
    for number, why in sorted(missing.items()):
        err().print(f"annotation {number} {why}; it was left out", markup=False)
    for guid, why in sorted(manifest.left_out.items()):
        err().print(f"{guid}: left out, {why}", markup=False)
    print(f"{len(manifest.reviews)} reviews of {len(manifest.stories)} stories in {out}")


def _new_manifest(store: Store, now: datetime) -> Manifest:
    """The splits of all reviewed stories, proven not to leak; new ones are kept, so that a story stays where it is."""
    splits = split_stories(store.reviewed_stories(), store.splits())
    gold = set(store.gold().values())
    for story, claim, _ in store.reviewed() if gold else ():
        if claim.key in gold and splits.of.get(story.guid) == TRAIN:
            del splits.of[story.guid]
            splits.left_out[story.guid] = "holds hidden gold, which is never trained on"
    check_no_leak(store.reviewed_stories(), splits.of)
    store.keep_splits(splits.of)
    told = hashlib.sha256(guideline_markdown().encode()).hexdigest()
    return Manifest(now.isoformat(timespec="seconds"), version("onrecord"), told, splits=splits.of, left_out=splits.left_out)


def _write(out: Path, rows: Iterable[Row], manifest: Manifest, store: Store, form: Layout) -> None:
    """The folder, aside and then renamed: there is the old one or the new one, never half of one."""
    aside, before = out.with_name(out.name + ".part"), out.with_name(out.name + ".before")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    total = store.count_reviewed()
    try:
        write_dataset(rows, aside, manifest, store.unreviewed(), say=lambda n: err().print(f"{n:,} of {total:,} reviews written"))
        write_format(aside, form)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    shutil.rmtree(before, ignore_errors=True)
    if out.exists():
        out.rename(before)
    aside.rename(out)
    shutil.rmtree(before, ignore_errors=True)
