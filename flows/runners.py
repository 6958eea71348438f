"""What hands out the batches, by a setting: threads or processes here, or a Dask or Ray cluster."""

from __future__ import annotations

from typing import Any

from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from flows.settings import Settings
from schemas.errors import MissingExtra


def task_runner(settings: Settings) -> Any:
    """Prefect's task runner of the settings. Errors: MissingExtra names the extra to install."""
    made = {"threads": _threads, "processes": _processes, "dask": _dask, "ray": _ray}
    return made[settings.runner](settings)


def _threads(settings: Settings) -> Any:
    return ThreadPoolTaskRunner(max_workers=settings.workers)


def _processes(settings: Settings) -> Any:
    return ProcessPoolTaskRunner(max_workers=settings.workers)


def _dask(settings: Settings) -> Any:
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise MissingExtra("ONRECORD_RUNNER=dask needs the extra: pip install 'onrecord[dask]'") from error
    if settings.runner_address:
        return DaskTaskRunner(address=settings.runner_address)
    # processes of one thread each: an annotator serves one batch at a time
    local = {"n_workers": settings.workers, "threads_per_worker": 1, "dashboard_address": None, "processes": True}
    return DaskTaskRunner(cluster_kwargs=local)


def _ray(settings: Settings) -> Any:
    try:
        from prefect_ray import RayTaskRunner
    except ImportError as error:
        raise MissingExtra("ONRECORD_RUNNER=ray needs the extra: pip install 'onrecord[ray]'") from error
    if settings.runner_address:
        return RayTaskRunner(address=settings.runner_address)
    # never the cluster that a stale file of an earlier night names
    return RayTaskRunner(address="local", init_kwargs={"num_cpus": settings.workers, "include_dashboard": False, "log_to_driver": False})
