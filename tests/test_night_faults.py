"""A few of the instants of `make faults`: a night killed with -9 anywhere, and run again, leaves what an undisturbed night leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fault_servers import VICTIMS, World, world_of
from benchmarks.night_faults import Instant, check, instants


def outcomes(world: World, wanted: list[Instant]) -> list[str]:
    found = list(check(world, wanted, 0, say=print))
    assert len(found) == len(wanted)
    return [outcome.wrong for outcome in found]


def test_instants_are_seeded() -> None:
    first = list(instants(100, 0, list(VICTIMS)))
    assert first[:40] == list(instants(40, 0, list(VICTIMS)))  # a run that goes on meets the same
    assert {instant.victim for instant in first} == set(VICTIMS)


@pytest.mark.slow
def test_killed_without_servers(tmp_path: Path) -> None:
    """SQLite, no Prefect, no Label Studio: the night's process and the one that annotates."""
    with world_of(tmp_path, plain=True) as world:
        assert world.victims == ["night", "annotator"]
        assert outcomes(world, list(instants(3, 5, world.victims))) == [""] * 3


@pytest.mark.studio
@pytest.mark.prefect
@pytest.mark.postgres
def test_killed_with_real_servers(tmp_path: Path, studio_template: Path) -> None:
    """PostgreSQL and Prefect's worker are killed and started again; the others' turn is in `make faults`."""
    with world_of(tmp_path, plain=False, template=studio_template) as world:
        if "postgres" not in world.victims:
            pytest.skip("no PostgreSQL server; Debian's package postgresql has one")
        assert outcomes(world, [Instant(0, "postgres", 0.6, False), Instant(1, "worker", 0.7, True)]) == ["", ""]
