"""Takes the pictures of the review page from the demo's Label Studio (`make demo` first; needs Debian's chromium).

python docs/take_pictures.py: of the queue's first task; where a task has a conflict or a missed claim that cannot be read, of the
first such one as the Data Manager opens it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from flows.settings import load_settings
from flows.store import Store
from flows.studio import Studio
from flows.studio_server import RunningStudio, running
from schemas.guideline import project_settings

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = Path(__file__).resolve().parent / "pictures"
SIZES = {"review": (1440, 900), "review-small": (1280, 720), "review-large": (1920, 1080)}
NOTICED = {"notice-small": (1280, 720), "notice-large": (1920, 1080)}


def main() -> None:
    """Signs in, opens the task at each size, and writes one picture each."""
    settings = load_settings()
    server = running(settings.studio_home)
    chromium = shutil.which("chromium")
    if server is None or chromium is None:
        sys.exit("start the demo first (`make demo`), and install chromium (`apt-get install chromium`)")
    studio = Studio(server.url, server.token)
    project = studio.ensure_project(studio.title, **project_settings())
    store = Store(settings.store)
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, size in SIZES.items():
            take(browser, server, name, size, lambda page: open_queue(page, server, project))
        for key in store.noticed_keys()[:1]:
            task = studio.find(project, [key])[key][0]
            for name, size in NOTICED.items():
                take(browser, server, name, size, lambda page: open_task(page, server, project, task))  # noqa: B023  called at once
        browser.close()


def take(browser: Browser, server: RunningStudio, name: str, size: tuple[int, int], show: Callable[[Page], None]) -> None:
    """What `show` opens, at one size, light and dark."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    sign_in(page, server)
    show(page)
    for look in ("Light", "Dark"):  # the page's own switch
        page.evaluate(f"localStorage.setItem('preferred-color-scheme', '{look}')")
        show(page)
        path = PICTURES / f"{name}{'-dark' * (look == 'Dark')}.png"
        page.screenshot(path=path)
        print(path)
    page.close()


def sign_in(page: Page, server: RunningStudio) -> None:
    """Through the log-in form, as a person does."""
    page.goto(f"{server.url}/user/login/")
    page.fill("input[name=email]", server.email)
    page.fill("input[name=password]", server.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)


def open_queue(page: Page, server: RunningStudio, project: int) -> None:
    """The first task of the queue, once its passage and regions are drawn."""
    page.goto(f"{server.url}/projects/{project}/data?labeling=1")
    drawn(page)


def open_task(page: Page, server: RunningStudio, project: int, task: int) -> None:
    """The task as the Data Manager opens it, once its passage and regions are drawn."""
    page.goto(f"{server.url}/projects/{project}/data?task={task}")
    drawn(page)


def drawn(page: Page) -> None:
    """Waits until passage and regions are drawn."""
    page.wait_for_selector(".lsf-htx-richtext")
    page.wait_for_function("document.querySelectorAll('.htx-highlight').length >= 3")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()
