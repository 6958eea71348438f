"""Label Studio as the settings name it."""

from __future__ import annotations

from flows.settings import Settings
from flows.studio import Studio
from flows.studio_server import running
from schemas.errors import BadInput, Unavailable


def connect(settings: Settings) -> Studio:
    """The server of the settings, or the demo's own. Errors: BadInput where there is neither, Unavailable where the demo's is down."""
    if settings.label_studio_url:
        if not settings.token():
            raise BadInput("ONRECORD_LABEL_STUDIO_URL is set without a token; set ONRECORD_LABEL_STUDIO_TOKEN_FILE or ..._TOKEN")
        return Studio(settings.label_studio_url, settings.token())
    server = running(settings.studio_home)
    if server is not None:
        return Studio(server.url, server.token)
    if (settings.studio_home / "credentials.json").exists():
        raise Unavailable("Label Studio is not running; `onrecord up` or `make demo` starts it, and the next night pushes what waits")
    raise BadInput("no Label Studio: set ONRECORD_LABEL_STUDIO_URL and ..._TOKEN_FILE, start the demo's with `make demo`, or use --no-push")
