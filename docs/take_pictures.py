"""Takes the README's pictures of a review task from the demo's Label Studio (`make demo` first; needs Debian's chromium).

python docs/take_pictures.py [KEY]: of the task with this key, else of a well-found claim in a short passage.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

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


def main() -> None:
    """Signs in, opens the task at each size, and writes one picture each."""
    settings = load_settings()
    server = running(settings.studio_home)
    chromium = shutil.which("chromium")
    if server is None or chromium is None:
        sys.exit("start the demo first (`make demo`), and install chromium (`apt-get install chromium`)")
    studio = Studio(server.url, server.token)
    project = studio.ensure_project(studio.title, **project_settings())
    key = sys.argv[1] if len(sys.argv) > 1 else best_key(Store(settings.store))
    task = studio.find(project, [key])[key][0]
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            sign_in(page, server)
            open_task(page, server, project, task)
            for look in ("Light", "Dark"):  # the page's own switch
                page.evaluate(f"localStorage.setItem('preferred-color-scheme', '{look}')")
                open_task(page, server, project, task)
                path = PICTURES / f"{name}{'-dark' * (look == 'Dark')}.png"
                page.screenshot(path=path)
                print(path)
        browser.close()


def best_key(store: Store) -> str:
    """A claim with source and content, surely found, in a story that stands."""
    rows = [(c.score, c.key) for c in (entry.claim for entry in store.entries(states=["pushed"])) if c.source and 60 < len(c.quoted) < 220]
    return max(rows)[1]


def sign_in(page: Page, server: RunningStudio) -> None:
    """Through the log-in form, as a person does."""
    page.goto(f"{server.url}/user/login/")
    page.fill("input[name=email]", server.email)
    page.fill("input[name=password]", server.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)


def open_task(page: Page, server: RunningStudio, project: int, task: int) -> None:
    """The task as the queue shows it, once its passage and regions are drawn."""
    page.goto(f"{server.url}/projects/{project}/data?labeling=1&task={task}")
    page.wait_for_selector(".lsf-htx-richtext")
    page.wait_for_function("document.querySelectorAll('.htx-highlight').length >= 3")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()
