"""Settings, from the environment (ONRECORD_...) and a `.env` file; the only place that reads them."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.plan import Budget, Plan
from schemas.errors import BadInput, Unavailable

BLOCK = "block:"
"""How a secret begins that a Prefect block holds."""
ROOT = Path(__file__).resolve().parent.parent
"""The repository."""


class Settings(BaseSettings):
    """What can be set, with its default."""

    model_config = SettingsConfigDict(env_prefix="ONRECORD_", env_file=".env", extra="ignore")

    data: Path = Field(ROOT / "data", description="Folder under which everything is written.")
    store_url: SecretStr = Field(SecretStr(""), description="Database URL; empty: SQLite in the data folder.")
    model: Path | None = Field(None, description="Model folder; empty: the one promoted, else the shipped one.")
    actors: Path | None = Field(None, description="The desk's file of who is who, and when (YAML); empty: none.")
    label_studio_url: str = Field("", description="Label Studio's address; empty: the demo's own server.")
    label_studio_token: SecretStr = Field(SecretStr(""), description="Its token; better in a file:")
    label_studio_token_file: Path | None = Field(None, description="File that holds the token.")
    label_studio_executable: Path = Field(
        ROOT / ".venv-label-studio" / "bin" / "label-studio", description="The server's own program, for the demo."
    )
    label_studio_port: int | None = Field(None, ge=1, le=65535, description="Port of the demo's server; empty: a free one.")
    abstain_below: float = Field(0.5, ge=0, le=1, description="A choice less sure than this is left to the human.")
    passages: float = Field(0.05, ge=0, le=1, description="Share of paragraphs without a claim that are reviewed all the same.")
    budget: str = Field("", description="What people can review a day: 3h, 90m, or a number of tasks; empty: everything.")
    double: float = Field(0.0, ge=0, le=1, description="Share of claims that two people review, neither seeing the other.")
    blind: float = Field(0.0, ge=0, le=1, description="Share of these that hide the model's pre-label too.")
    gold: float = Field(0.0, ge=0, le=1, description="Hidden tasks with a known answer, as a share of all.")
    seed: int = Field(0, description="Seed of these shares.")
    workers: int = Field(default_factory=lambda: len(os.sched_getaffinity(0)), ge=1, description="Batches annotated side by side.")
    runner: Literal["threads", "processes", "dask", "ray"] = Field("threads", description="What hands out batches (extras: dask, ray).")
    runner_address: str = Field("", description="Address of a running Dask or Ray cluster; empty: one on this machine for the night.")
    story_seconds: float = Field(60, gt=0, description="Seconds that a story may take, and one more for each 200 words.")
    wire: Path | None = Field(None, description="Folder of the wire that scheduled nights read; empty: wire in the data folder.")
    hosts: str = Field("", description="Hosts inside this network that wire may be fetched from, with commas between.")
    reports: Path | None = Field(None, description="Folder of the morning pages; empty: reports in the data folder.")
    webhook: SecretStr = Field(SecretStr(""), description="Address that is told each night's result as JSON.")
    mlflow: str = Field("", description="MLflow store or server that retrainings are told to as well; empty: none (extra: mlflow).")
    time_zone: str = Field("UTC", description="Time zone of the schedules, such as Europe/London.")
    prefect_port: int = Field(4200, ge=1, le=65535, description="Port of the Prefect server that `onrecord up` starts.")
    log: Literal["text", "json"] = Field("text", description="How log lines are written on standard error.")

    @property
    def store(self) -> str:
        """The store's URL, the default filled in."""
        return self._shown(self.store_url, "STORE_URL") or f"sqlite:///{self.data / 'onrecord.db'}"

    @property
    def plan(self) -> Plan:
        """How the desk works. Errors: BadInput for a budget that is none."""
        return Plan(self.abstain_below, Budget.read(self.budget), self.double, self.blind, self.gold, self.seed)

    @property
    def model_folder(self) -> Path:
        """The model in use: that of the settings, else what the registry has promoted, else the shipped one."""
        from annotators.registry import Registry

        return self.model or Registry(self.data / "models").current()

    @property
    def wire_folder(self) -> Path:
        """Where scheduled nights look for stories."""
        return self.wire or self.data / "wire"

    @property
    def inside(self) -> frozenset[str]:
        """Hosts in this network that wire may be fetched from."""
        return frozenset(host.strip().lower() for host in self.hosts.split(",") if host.strip())

    @property
    def report_folder(self) -> Path:
        """Where morning pages are written."""
        return self.reports or self.data / "reports"

    @property
    def studio_home(self) -> Path:
        """Where the demo's Label Studio keeps its data."""
        return self.data / "label-studio"

    def token(self) -> str:
        """Label Studio's token. Errors: BadInput where its file cannot be read."""
        if self.label_studio_token_file is None:
            return self._shown(self.label_studio_token, "LABEL_STUDIO_TOKEN")
        try:
            return self.label_studio_token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadInput(f"ONRECORD_LABEL_STUDIO_TOKEN_FILE={self.label_studio_token_file}: {error.strerror}") from error

    def webhook_address(self) -> str:
        """Who is told each night's result; empty: nobody. Errors: BadInput for a block that is not there."""
        return self._shown(self.webhook, "WEBHOOK")

    def _shown(self, secret: SecretStr, name: str) -> str:
        """A secret: itself, or what the Prefect block holds that `block:NAME` names."""
        value = secret.get_secret_value()
        if not value.startswith(BLOCK):
            return value
        prepare_prefect(self)
        return _block(f"ONRECORD_{name}={value}", value.removeprefix(BLOCK))


@cache
def _block(given: str, name: str) -> str:
    """What a Prefect Secret block holds; asked once a process. Errors: BadInput where there is none, Unavailable where nobody answers."""
    from prefect.blocks.system import Secret

    try:
        return str(Secret.load(name, _sync=True).get())  # type: ignore[union-attr, call-arg]
    except ValueError as error:
        raise BadInput(
            f"{given}: Prefect has no such Secret block; make it on Prefect's page under Blocks, or give the value itself"
        ) from error
    except Exception as error:
        raise Unavailable(f"{given}: Prefect's server does not give the block: {type(error).__name__}") from error


def load_settings() -> Settings:
    """The settings. Errors: BadInput names the variable and what it may be."""
    try:
        settings = Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = f"ONRECORD_{str(first['loc'][0]).upper()}"
        raise BadInput(f"{name}={first['input']!s}: {first['msg']}") from error
    settings.data = settings.data.resolve()
    return settings


def prepare_prefect(settings: Settings) -> None:
    """Prefect's own environment, before it is imported: its files under the data folder, no telemetry, time to start."""
    (settings.data / "prefect").mkdir(parents=True, exist_ok=True)
    for name, value in {
        "PREFECT_HOME": str(settings.data / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "flows,annotators,exports",
        # or a night's task runs are on record half a minute late
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    }.items():
        os.environ.setdefault(name, value)
    if "PREFECT_API_URL" not in os.environ:
        # nobody can read the temporary server's logs later, and the command says what failed in a line of its own
        for logger in ("FLOW_RUNS", "TASK_RUNS"):
            os.environ.setdefault(f"PREFECT_LOGGING_LOGGERS_PREFECT_{logger}_LEVEL", "CRITICAL")
