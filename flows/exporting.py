"""`onrecord export`: what the store holds of people's decisions as a dataset folder, or as the manifest of an earlier one says."""

from __future__ import annotations

import hashlib
import itertools
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from exports.adjudication import Judge, Rule
from exports.aside import OnDisk
from exports.claims_table import Row
from exports.dataset import write_dataset
from exports.fanning import Fanned, with_fanned
from exports.formats import Layout, write_format
from exports.manifest import Manifest, digest, only, read_manifest
from exports.passages_table import Open
from exports.splits import TRAIN, check_no_leak, split_stories
from flows.settings import load_settings
from flows.showing import err
from flows.store import Store
from flows.store.fanning import Stretches
from schemas.errors import BadInput
from schemas.guideline import guideline_markdown
from schemas.story import Story


def export_reviews(
    out: Path,
    source: Path | None = None,
    now: datetime | None = None,
    form: Layout = Layout.DATASET,
    rule: Rule | None = None,
    experts: Sequence[str] = (),
) -> None:
    """Writes the folder aside and renames it. source: the manifest of an earlier export to make again; form: another format to add.

    rule, experts: how several people's words on a claim become one; a manifest has its own.
    """
    if source and (rule or experts):
        raise BadInput(f"--from {source} says by which rule people's words become one: leave --rule and --expert out")
    store = Store(load_settings().store)
    if not store.count_reviewed():
        raise BadInput("nothing has been reviewed yet: annotate in Label Studio, then `onrecord pull`, then export")
    if out.exists() and not (out / "README.md").exists() and any(out.iterdir()):
        raise BadInput(f"{out}: is not empty and not an export; name a new folder")
    missing: dict[str, str] = {}
    rows: Iterable[Row] = store.reviewed()
    waiting: Stretches = {}
    fanned = Fanned(store.fanned_out(waiting))
    if source:
        manifest = read_manifest(source)
        elsewhere = {name: digest for name, digest in manifest.reviews.items() if " in " in name}
        rows = only(rows, {name: digest for name, digest in manifest.reviews.items() if name not in elsewhere}, missing)
        fanned = Fanned(only(fanned, elsewhere, missing))
        judge = _judge(store, manifest.rule, manifest.experts, manifest.reviews)
        manifest.stories, manifest.reviews = OnDisk(), OnDisk()
    else:
        rule = rule or (Rule.EXPERT if experts else Rule.MAJORITY)
        judge = _judge(store, rule, sorted(experts))
        manifest = replace(_new_manifest(store, fanned, now or datetime.now(UTC)), rule=rule, experts=sorted(experts))
    for story, stretch in store.unreviewed():
        if story[0] in manifest.splits:
            waiting.setdefault(story, []).append(stretch)
    _write(out, with_fanned(rows, fanned, manifest.splits), manifest, store, form, waiting, judge)
    store.record_export(str(out.resolve()), manifest.made, manifest.stories)
    _tell(out, manifest, missing)


def _judge(store: Store, rule: Rule, experts: Sequence[str], named: Mapping[str, str] | None = None) -> Judge:
    """Who says what counts. named: the reviews to know people by, with their hashes, where an earlier export is made again."""
    shared = store.all_reviews(shared=True) if rule is Rule.DAWID_SKENE else ()
    return Judge([r for r in shared if named is None or named.get(str(r.annotation_id)) == digest(r)], rule, experts)


def _tell(out: Path, manifest: Manifest, missing: Mapping[str, str]) -> None:
    """What was written, and what was left out."""
    for number, why in sorted(missing.items()):
        err().print(f"annotation {number} {why}; it was left out", markup=False)
    for guid, why in sorted(manifest.left_out.items()):
        err().print(f"{guid}: left out, {why}", markup=False)
    more = sum(" in " in name for name in manifest.reviews)
    of_them = f", {more} of them fanned out to near-duplicates," if more else ""
    print(f"{len(manifest.reviews)} reviews{of_them} of {len(manifest.stories)} stories in {out}")


def _new_manifest(store: Store, fanned: Fanned, now: datetime) -> Manifest:
    """The splits of all stories with decisions, proven not to leak; new ones are kept, so that a story stays where it is."""

    def stories() -> Iterator[Story]:
        left = set(fanned.stories())
        for story in store.reviewed_stories():
            left.discard((story.guid, story.version))
            yield story
        yield from (fanned.story(guid) for guid, _ in sorted(left))

    splits = split_stories(stories(), store.splits(), {guid: first for first, keys in store.clusters().items() for guid, _ in keys})
    gold = set(store.gold().values())
    for story, _, review in itertools.chain(store.reviewed(), fanned) if gold else ():
        if review.key in gold and splits.of.get(story.guid) == TRAIN:
            del splits.of[story.guid]
            splits.left_out[story.guid] = "holds hidden gold, which is never trained on"
    check_no_leak(stories(), splits.of)
    store.keep_splits(splits.of)
    guideline = hashlib.sha256(guideline_markdown().encode()).hexdigest()
    return Manifest(now.isoformat(timespec="seconds"), version("onrecord"), guideline, splits=splits.of, left_out=splits.left_out)


def _progress(total: int, clock: Callable[[], float]) -> Callable[[int], None]:
    """Says how many of so many reviews are written, and how long the rest will take."""
    began = clock()

    def say(done: int) -> None:
        left = (clock() - began) / done * max(total - done, 0)
        err().print(f"{done:,} of {total:,} reviews written, {f'{left / 60:.0f} min' if left >= 90 else f'{left:.0f} s'} left")

    return say


def _write(out: Path, rows: Iterable[Row], manifest: Manifest, store: Store, form: Layout, waiting: Open, judge: Judge) -> None:
    """The folder, aside and then renamed: there is the old one or the new one, never half of one."""
    aside, before = out.with_name(out.name + ".part"), out.with_name(out.name + ".before")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        write_dataset(rows, aside, manifest, waiting, judge, say=_progress(store.count_reviewed(), time.monotonic))
        write_format(aside, form)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    shutil.rmtree(before, ignore_errors=True)
    if out.exists():
        out.rename(before)
    aside.rename(out)
    shutil.rmtree(before, ignore_errors=True)
