"""A few of the instants of `make faults`: a night killed with -9 anywhere, and run again, leaves what an undisturbed night leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.night_faults import BATCH, check, world_of


def test_killed_without_servers(tmp_path: Path) -> None:
    """SQLite, no Prefect, no Label Studio: the night's process and the one that annotates."""
    with world_of(tmp_path, plain=True) as world:
        assert world.victims == ["night", "annotator"]
        assert check(world, 3, seed=5, say=print) <= BATCH


@pytest.mark.studio
@pytest.mark.prefect
@pytest.mark.postgres
def test_killed_with_real_servers(tmp_path: Path, studio_template: Path) -> None:
    """PostgreSQL, Prefect's server and Label Studio are killed as well, and started again."""
    with world_of(tmp_path, plain=False, template=studio_template) as world:
        if "postgres" not in world.victims:
            pytest.skip("no PostgreSQL server; Debian's package postgresql has one")
        assert check(world, 2, seed=11, say=print) <= BATCH
