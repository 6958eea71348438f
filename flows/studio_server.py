"""A Label Studio server of our own on this machine: started once, found again by the next command, stopped.

It listens on loopback only, calls nobody, and keeps all it has in one folder:

    credentials.json   e-mail, password and token of the account made at the first start (mode 0600)
    server.json        which process serves it, and on which port
    server.log         what it said since its last start (server.log.1: before that)
    label_studio.sqlite3, .env, media, ...   Label Studio's own
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import secrets
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import httpx

from flows.processes import Process, start_detached
from schemas.errors import BadInput, Unavailable

HOST = "127.0.0.1"
EMAIL = "onrecord@localhost"
DATABASE = "label_studio.sqlite3"
START_TIMEOUT = 300.0
"""Seconds. A first start takes about 70 on two busy cores, a later one about 10."""
_SAY_EVERY = 5.0
# Below the ports that the system gives to outgoing connections: one of those could be taken while the server starts.
_PORTS = range(20_000, 32_000)

Say = Callable[[str], None]


@dataclass(frozen=True)
class RunningStudio:
    """A server that answers, and the account to use it with. started: whether this call started it."""

    url: str
    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    pid: int
    started: bool


@dataclass(frozen=True)
class _Account:
    """confirmed: a server has accepted it, so that the first start is known to have come to its end."""

    email: str
    password: str
    token: str
    confirmed: bool = False


@dataclass(frozen=True)
class _Served:
    process: Process
    port: int


def ensure_running(home: Path, executable: Path, *, port: int | None = None, say: Say, timeout: float = START_TIMEOUT) -> RunningStudio:
    """The server of the data folder `home`, started if it does not run.

    port: where to start it; by default where it was last, else one that is free. say: told of progress every few seconds.
    Errors: BadInput for a port in use, a folder or an executable that cannot be used; Unavailable where it does not start.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home = home.resolve()
        with _lock(home, say):
            account = _account(home)
            served = _served(home)
            started = not (served and served.process.alive)
            if served is None or started:
                served = _start(home, executable, _choose_port(port, served), account)
            _wait_until_ours(served, account, home, started=started, say=say, timeout=timeout)
            if not account.confirmed:
                _write_private(_credentials(home), asdict(replace(account, confirmed=True)))
    except OSError as error:
        raise BadInput(f"Label Studio's data folder {home} cannot be used: {error}; choose another or mend that") from error
    if port not in (None, served.port):
        say(f"Label Studio runs on port {served.port} already; stop it first to start it on port {port}")
    return _running(served, account, started=started)


def running(home: Path) -> RunningStudio | None:
    """The server that `ensure_running` has given out on `home`, if its process still runs; whether it answers is not asked."""
    served = _served(home)
    if served is None or not served.process.alive or not _credentials(home).exists():
        return None
    account = _account(home)
    return _running(served, account, started=False) if account.confirmed else None


def stop(home: Path) -> bool:
    """Ends the server that `ensure_running` started on `home`. False if none ran. Errors: Unavailable where it will not end."""
    served = _served(home)
    if served is None or not served.process.alive:
        return False
    try:
        ended = served.process.end()
    except PermissionError:
        raise BadInput(f"Label Studio's process {served.process.pid} belongs to another user; stop it as that user") from None
    if not ended:
        raise Unavailable(f"Label Studio's process {served.process.pid} does not end, not even by force; look at {home / 'server.log'}")
    return True


def _running(served: _Served, account: _Account, *, started: bool) -> RunningStudio:
    return RunningStudio(_url(served.port), account.email, account.password, account.token, served.process.pid, started)


def _start(home: Path, executable: Path, port: int, account: _Account) -> _Served:
    if not account.confirmed and _holds_nothing(home / DATABASE):
        # An interrupted first start leaves half a database: migrations that cannot be resumed, or a user with another token.
        for left in home.glob(f"{DATABASE}*"):
            left.unlink()
    log = home / "server.log"
    if log.exists():
        log.replace(home / "server.log.1")
    command: list[str | Path] = [executable.absolute(), "start", "--no-browser", "--internal-host", HOST, "--port", str(port)]
    try:
        process = start_detached(command, _environment(home, account), log)
    except OSError as error:
        raise BadInput(f"{executable} cannot be executed ({error.strerror}); `make label-studio` installs Label Studio") from error
    served = _Served(process, port)
    _write_private(home / "server.json", {"pid": process.pid, "birth": process.birth, "port": port})
    return served


def _holds_nothing(database: Path) -> bool:
    """Whether nobody has made a project in a database, if there is one at all."""
    if not database.exists():
        return True
    try:
        with contextlib.closing(sqlite3.connect(database)) as db:  # writable, for it may have to undo what was cut off
            made = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'project'").fetchone()
            return not (made and db.execute("SELECT 1 FROM project").fetchone())
    except sqlite3.Error as error:
        raise BadInput(f"{database} cannot be read ({error}); restore it, or move {database.parent} away to begin anew") from error


def _environment(home: Path, account: _Account) -> dict[str, str]:
    """All that the server is told. Of ours only the basics, for it obeys such common names as HOST, PORT and DEBUG."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return kept | {
        "LABEL_STUDIO_BASE_DATA_DIR": str(home),
        # used only when the account is first made; here and not in the arguments, which every user can read
        "LABEL_STUDIO_USERNAME": account.email,
        "LABEL_STUDIO_PASSWORD": account.password,
        "LABEL_STUDIO_USER_TOKEN": account.token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        # calls nobody
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "LATEST_VERSION_CHECK": "false",
        # its log-in page makes the server fetch a file of tips from outside, which no switch of its own turns off
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
        # refuses pre-labels that do not fit the config; by default it takes them and logs
        "fflag_feat_utc_210_prediction_validation_15082025": "true",
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_ours(served: _Served, account: _Account, home: Path, *, started: bool, say: Say, timeout: float) -> None:
    """Waits until the server is up and knows our account. One that this call started is ended where that fails."""
    begun = time.monotonic()
    said = 0.0
    what = "Label Studio is starting" if account.confirmed else "Label Studio is starting for the first time, which takes about a minute"
    with httpx.Client(base_url=_url(served.port), timeout=5.0, trust_env=False) as client:
        while not _is_up(client):
            passed = time.monotonic() - begun
            if not served.process.alive:
                raise Unavailable(f"Label Studio ended while it was starting. {_last_lines(home)}")
            if passed > timeout:
                if started:
                    served.process.end()
                raise Unavailable(f"Label Studio did not answer within {timeout:.0f} s on port {served.port}. {_last_lines(home)}")
            if passed - said >= _SAY_EVERY:
                said = passed
                say(f"{what}: {passed:.0f} s")
            time.sleep(0.2)
        if _knows(client, account):
            return
    if started:  # it moves to another port where its own was taken meanwhile, and somebody else answered here
        served.process.end()
        raise Unavailable(f"another server took port {served.port} while Label Studio was starting; try again")
    raise BadInput(
        f"Label Studio on port {served.port} no longer accepts the token in {_credentials(home)}; "
        f"put the account's present token there (Label Studio: Account & Settings, Legacy Token)"
    )


def _is_up(client: httpx.Client) -> bool:
    try:
        answer = client.get("/health")
        return answer.status_code == 200 and answer.json().get("status") == "UP"
    except (httpx.HTTPError, ValueError, AttributeError):
        return False


def _knows(client: httpx.Client, account: _Account) -> bool:
    try:
        answer = client.get("/api/current-user/whoami", headers={"Authorization": f"Token {account.token}"}, timeout=60.0)
        return answer.status_code == 200 and answer.json().get("email") == account.email
    except (httpx.HTTPError, ValueError, AttributeError):
        return False


def _last_lines(home: Path, count: int = 15) -> str:
    log = home / "server.log"
    with contextlib.suppress(OSError):
        return "\n".join([f"The last lines of {log}:", *log.read_text(errors="replace").splitlines()[-count:]])
    return f"{log} cannot be read."


def _choose_port(asked: int | None, last: _Served | None) -> int:
    if asked is not None:
        if not 0 < asked < 65_536:
            raise BadInput(f"port {asked} does not exist; give one from 1024 to 65535")
        if _in_use(asked):
            raise BadInput(f"port {asked} is in use by another program; end that, or give another port or none")
        return asked
    candidates = ([last.port] if last else []) + random.sample(_PORTS, 20)
    for port in candidates:
        if not _in_use(port):
            return port
    raise Unavailable(f"no free port was found for Label Studio, 20 tried between {_PORTS.start} and {_PORTS.stop}")


def _in_use(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((HOST, port)) == 0


def _url(port: int) -> str:
    return f"http://{HOST}:{port}"


def _credentials(home: Path) -> Path:
    return home / "credentials.json"


def _account(home: Path) -> _Account:
    """The folder's account, made up at the first call."""
    path = _credentials(home)
    if path.exists():
        try:
            return _Account(**json.loads(path.read_text()))
        except (ValueError, TypeError):
            raise BadInput(f"{path} cannot be understood; restore it, or move {home} away to begin anew") from None
    if (home / DATABASE).exists():
        raise BadInput(f"{home} holds the data of a Label Studio that was not started from here; choose another folder")
    account = _Account(EMAIL, secrets.token_urlsafe(15), secrets.token_hex(20))
    _write_private(path, asdict(account))
    return account


def _served(home: Path) -> _Served | None:
    """Who served the folder last, whether or not it still does."""
    try:
        row = json.loads((home / "server.json").read_text())
        return _Served(Process(row["pid"], row["birth"]), row["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_private(path: Path, row: dict[str, object]) -> None:
    """Writes JSON that only its owner may read, whole or not at all. Call it under the folder's lock."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:  # noqa: PTH123 - the mode from the first moment
        json.dump(row, out)
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, path)


@contextlib.contextmanager
def _lock(home: Path, say: Say) -> Iterator[None]:
    """Lets one command at a time start the folder's server; the lock dies with its holder."""
    with (home / ".starting").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another command is starting Label Studio; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
