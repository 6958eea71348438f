"""The annotators' page in a real browser: what it shows, what keyboard and mouse do, and what of that comes back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, WebError, expect, sync_playwright

from flows.studio import Studio
from flows.studio_server import HOST, RunningStudio
from schemas.claim import Choice, Claim, claim_keys
from schemas.guideline import project_settings
from schemas.labels import HUMAN_ONLY, Part
from schemas.quotation import quotation
from schemas.reviews import Review, parse_annotation
from schemas.spans import Span, cut
from schemas.story import Story
from schemas.studio_config import LINKS, PICKED, REVIEWED, labeling_config
from schemas.tasks import claim_task

pytestmark = [pytest.mark.studio, pytest.mark.browser]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1280, "height": 720}
"""The smallest screen that the page is made for."""
IGNORED = {"/heidi-tips": "the server fetches Label Studio's tips from GitHub, and answers 404 where it is cut off"}
"""Addresses about which the page may complain, and why."""
GROUPS = (*PICKED, *HUMAN_ONLY, "problem")
"""The groups of choices in the page's order."""
WORDS_BOX = """words => {
    const walker = document.createTreeWalker(document.querySelector(".or-text"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const at = walker.currentNode.data.indexOf(words);
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(walker.currentNode, at);
        range.setEnd(walker.currentNode, at + words.length);
        return range.getBoundingClientRect().toJSON();
    }
}"""
"""Where words that no mark interrupts stand on the screen."""

# headline; text; source, cue and content; stance (of the first the model is unsure)
STORIES = [
    (
        "Interior minister denies that police fired on protesters as opposition leaders call for a strike in the capital",
        "MINSK 🗞 - Police fired.\n\nСтолица: the minister said “we did not 👩‍👩‍👧 shoot” on Friday, and left.\n\nHe spoke on Friday.",
        ("the minister", "said", "we did not 👩‍👩‍👧 shoot"),
        Choice("government", 0.3),
    ),
    (
        "Rights group counts the arrested",
        "MINSK - A rights group counted 300 arrests on Sunday.\n\nThe <b>police</b> & the courts have, according to Viasna, jailed 40.",
        ("Viasna", "according to", "The <b>police</b> & the courts have"),
        Choice("opposition", 0.9),
    ),
    (
        "Schools to open again",
        "The governor said schools would open on Monday. Teachers warned that classrooms were flooded, and asked for pumps.",
        ("The governor", "said", "schools would open on Monday"),
        Choice("neutral", 0.9),
    ),
    (
        "Polls open",
        "Polls open at eight, the commission announced.",
        ("the commission", "announced", "Polls open at eight"),
        Choice("neutral", 0.9),
    ),
]


def span(text: str, words: str) -> Span:
    at = text.index(words)
    return cut(text, at, at + len(words))


def made(number: int) -> tuple[Story, Claim]:
    """A story and a claim in it, as the model would find it."""
    headline, text, words, stance = STORIES[number]
    story = Story(guid=f"story-{number}", version=1, text=text, headline=headline, agency="Wire", location="Minsk")
    source, cue, content = ((span(text, w),) for w in words)
    claim = Claim(
        key=claim_keys(story.guid, [(source, cue, content)])[0],
        story_id=story.guid,
        story_version=1,
        attributed=True,
        content=content,
        cue=cue,
        source=source,
        speaker=None,
        quotation=quotation(text, content),
        naming="unnamed",
        role=Choice("government", 0.9),
        modality=Choice("denies", 0.8),
        stance=stance,
        score=0.8,
        by="model:1",
    )
    return story, claim


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed; `apt-get install chromium` installs it")
    with sync_playwright() as play, play.chromium.launch(executable_path=chromium, args=FLAGS) as browser:
        yield browser


@dataclass
class Watch:
    """What a page does beside what it shows: the hosts it asks, and the errors it reports."""

    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.hostname:  # data: and blob: have none
            self.hosts.add(address.hostname)

    def console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and urlsplit(message.location["url"]).path not in IGNORED:
            self.errors.append(f"{message.text} ({message.location['url']})")

    def weberror(self, error: WebError) -> None:
        self.errors.append(str(error.error))


@pytest.fixture
def page(browser: Browser, studio: RunningStudio) -> Iterator[Page]:
    """A page of somebody who has signed in through the form; in the end it has asked no other host and reported no error."""
    expect.set_options(timeout=30_000)
    context, watch = browser.new_context(viewport=SIZE), Watch()
    for event in ("request", "console", "weberror"):
        context.on(event, getattr(watch, event))
    page = context.new_page()
    page.goto(f"{studio.url}/user/login/")
    page.fill("input[name=email]", studio.email)
    page.fill("input[name=password]", studio.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
    yield page
    context.close()
    assert (watch.hosts, watch.errors) == ({HOST}, [])


def expect_task(page: Page, story: Story, claim: Claim, **choices: str) -> None:
    """The claim's task, drawn whole: its marks, its two relations, these choices and no others."""
    expect(page.locator(".or-head h3")).to_have_text(story.headline)
    marks = {mark: str(part) for part in Part for mark in getattr(claim, part.lower())}
    expect_marks(page, {mark.text: marks[mark] for mark in sorted(marks)})
    expect(page.locator("svg text")).to_have_text(list(LINKS.values()))
    for name in GROUPS:
        expect(group(page, name).locator("input:checked")).to_have_count(int(name in choices))
        if name in choices:
            expect(box(page, name, choices[name])).to_be_checked()


def expect_marks(page: Page, marks: dict[str, str]) -> None:
    """The marked words of the passage in their order, and the label of each."""
    found = page.locator(".or-text .htx-highlight")
    expect(found).to_have_text(list(marks))
    assert [found.nth(n).get_attribute("data-label").split(":")[1] for n in range(len(marks))] == list(marks.values())


def group(page: Page, name: str) -> Locator:
    if name == REVIEWED:
        return page.locator(".or-whole .lsf-choices")
    return page.locator(".or-side .lsf-choices").nth(GROUPS.index(name))


def box(page: Page, name: str, label: str) -> Locator:
    return group(page, name).locator(f'input[name="{label}"]')


def mark(page: Page, key: str, words: str) -> None:
    """Takes a label by its key and selects words: one by double click, several by drawing over them."""
    page.keyboard.press(key)
    expect(page.locator(".lsf-label_selected .lsf-label__hotkey")).to_have_text(key)
    at = page.evaluate(WORDS_BOX, words)
    middle = at["y"] + at["height"] / 2
    if " " not in words:
        page.mouse.dblclick(at["x"] + at["width"] / 2, middle)
    else:
        page.mouse.move(at["x"] + 2, middle)
        page.mouse.down()
        page.mouse.move(at["x"] + at["width"] - 2, middle, steps=5)
        page.mouse.up()
    expect(page.locator(".or-text .htx-highlight").filter(has_text=words)).to_have_count(1)


def in_sight(locator: Locator) -> bool:
    """Whether its upper and its lower edge can be seen without scrolling, with nothing lying over them."""
    return locator.evaluate(
        """element => {
            const {top, bottom, x, width} = element.getBoundingClientRect();
            return [top + 1, bottom - 1].every(y => element.contains(document.elementFromPoint(x + width / 2, y)));
        }"""
    )


def reviews(client: Studio, project: int) -> dict[str, Review]:
    """The only review of each task, by story."""
    found: dict[str, Review] = {}
    for task in client.annotated(project):
        (annotation,) = task["annotations"] or [None]
        if annotation:
            found[task["data"]["guid"]] = parse_annotation(annotation, task["data"], annotation["completed_by"])
    return found


def reviewed(claim: Claim, by: str, **changed: Choice) -> Claim:
    """A claim as it comes back from somebody who left all but this as it was."""
    sure: dict[str, Any] = {name: replace(getattr(claim, name), score=1.0) for name in ("role", "modality", "stance")}
    return replace(claim, **sure | changed, score=1.0, by=f"human:{by}")


def test_a_review_by_keyboard_and_mouse(page: Page, studio: RunningStudio, client: Studio, project: int, tmp_path: Path) -> None:
    todo = [made(number) for number in range(len(STORIES))]
    client.push(project, [claim_task(*one) for one in todo], say=str)
    page.goto(f"{studio.url}/projects/{project}/data?labeling=1")
    kept = {"role": "government", "modality": "denies", "naming": "unnamed"}

    # the first: only the stance, which the model left open, is missing
    expect_task(page, *todo[0], **kept)
    page.screenshot(path=tmp_path / "first.png")
    assert in_sight(page.locator("button[name=submit]"))
    assert in_sight(group(page, GROUPS[-1]).locator(".lsf-choice").last)
    assert in_sight(page.get_by_placeholder("Note (optional)"))
    page.keyboard.press("g")
    expect(box(page, "stance", "government")).to_be_checked()
    page.keyboard.press("Control+Enter")

    # the second: all is well
    expect_task(page, *todo[1], stance="opposition", **kept)
    page.keyboard.press("Control+Enter")

    # the third: a claim was missed
    expect_task(page, *todo[2], stance="neutral", **kept)
    for key, words in (("q", "warned"), ("s", "Teachers"), ("t", "classrooms were flooded")):
        mark(page, key, words)
    labels = ("Source", "Cue", "Content")
    first = dict(zip(("The governor", "said", "schools would open on Monday"), labels, strict=True))
    added = dict(zip(("Teachers", "warned", "classrooms were flooded"), labels, strict=True))
    expect_marks(page, first | added)
    page.screenshot(path=tmp_path / "added.png")
    page.keyboard.press("Control+Enter")

    # the fourth stays open
    expect_task(page, *todo[3], stance="neutral", **kept)

    found = reviews(client, project)
    assert list(found) == ["story-0", "story-1", "story-2"]
    assert found["story-0"].claims == (reviewed(todo[0][1], studio.email, stance=Choice("government", 1.0)),)
    assert found["story-0"].choices == kept | {"stance": "government"}
    assert found["story-1"].claims == (reviewed(todo[1][1], studio.email),)
    assert found["story-1"].choices == kept | {"stance": "opposition"}
    old, new = found["story-2"].claims
    assert old == reviewed(todo[2][1], studio.email)
    assert (new.source, new.cue, new.content) == tuple((span(todo[2][0].text, words),) for words in added)
    assert all(review.seconds > 0 and not (review.problems or review.note or review.skipped) for review in found.values())


def test_a_review_by_keyboard_alone(page: Page, studio: RunningStudio, client: Studio, project: int, tmp_path: Path) -> None:
    todo = [made(number) for number in range(len(STORIES))]
    client.push(project, [claim_task(*one) for one in todo], say=str)
    page.goto(f"{studio.url}/projects/{project}/data?labeling=1")
    kept = {"role": "government", "modality": "denies", "naming": "unnamed"}
    expect_task(page, *todo[0], **kept)
    page.keyboard.press("g")
    page.keyboard.press("Control+Enter")
    expect_task(page, *todo[1], stance="opposition", **kept)
    page.keyboard.press("Control+Enter")

    # a claim was missed, and a second line cannot be read
    expect_task(page, *todo[2], stance="neutral", **kept)
    line = page.get_by_placeholder("Missed claim")
    assert in_sight(line)
    for _ in range(6):
        page.keyboard.press("Tab")
    expect(line).to_be_focused()
    for typed in ("teachers | warned | classrooms were flooded", "Pupils | warned | of rain"):
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        expect(page.get_by_text(typed)).to_be_visible()
    page.screenshot(path=tmp_path / "typed.png")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+Enter")
    expect_task(page, *todo[3], stance="neutral", **kept)

    found = reviews(client, project)
    assert list(found) == ["story-0", "story-1", "story-2"]
    text = todo[2][0].text
    old, new = found["story-2"].claims
    assert old == reviewed(todo[2][1], studio.email)
    assert (new.source, new.cue, new.content) == tuple((span(text, w),) for w in ("Teachers", "warned", "classrooms were flooded"))
    assert found["story-2"].missed == ("teachers | warned | classrooms were flooded", "Pupils | warned | of rain")


def test_every_key_picks_its_choice(page: Page, studio: RunningStudio, client: Studio, project: int, tmp_path: Path) -> None:
    story, claim = made(3)
    client.push(project, [claim_task(story, claim, abstain_below=1.0)], say=str)
    # the page's own switch between light and dark
    page.evaluate("localStorage.setItem('preferred-color-scheme', 'Dark')")
    page.goto(f"{studio.url}/projects/{project}/data?labeling=1")
    expect_task(page, story, claim, naming="unnamed")
    for choices in ElementTree.fromstring(labeling_config()).iter("Choices"):
        name, several = choices.attrib["name"], choices.attrib["choice"] == "multiple"
        for number, choice in enumerate(choices, start=1):
            page.keyboard.press(choice.attrib["hotkey"].replace("shift", "Shift"))
            expect(box(page, name, choice.attrib["value"])).to_be_checked()
            expect(group(page, name).locator("input:checked")).to_have_count(number if several else 1)
    # no key touched the choices of another group
    for name in GROUPS[:-1]:
        expect(group(page, name).locator(".lsf-choice:last-child input")).to_be_checked()
    page.get_by_text("Full story").click()
    expect(page.locator(".ant-collapse .lsf-htx-richtext")).to_be_visible()
    expect(page.locator(".ant-motion-collapse")).to_have_count(0)  # it has unfolded
    expect(page.locator(".ant-collapse")).not_to_have_css("background-color", "rgb(250, 250, 250)")  # light whatever the switch says
    page.screenshot(path=tmp_path / "dark.png")


def test_what_an_annotator_must_know_is_said(page: Page, studio: RunningStudio, client: Studio, project: int, tmp_path: Path) -> None:
    story, claim = made(2)
    other = replace(claim, key="other", source=(span(story.text, "Teachers"),), cue=(span(story.text, "warned"),), content=())
    quiet, outlets = made(0)
    outlets = replace(outlets, attributed=False, source=(), cue=(), content=(span(quiet.text, "He spoke on Friday."),))
    tasks = [claim_task(story, claim, others=[claim, other], notice="Changed in version 2 of the story: “dry” is now “flooded”.")]
    client.push(project, [*tasks, claim_task(quiet, outlets), claim_task(*made(3))], say=str)
    title = httpx.get(f"{studio.url}/api/projects/{project}/", headers={"Authorization": f"Token {studio.token}"}).json()["title"]
    client.ensure_project(title, **project_settings())
    page.goto(f"{studio.url}/projects/{project}/data?labeling=1")
    expect(page.locator(".or-notice")).to_contain_text("“dry” is now “flooded”")
    expect(page.locator(".or-others")).to_contain_text("• Teachers – warned")
    # the guideline is one click away
    page.get_by_role("button", name="instructions").or_(page.locator("button[aria-label*=nstruction]")).first.click()
    expect(page.get_by_text("What is a claim")).to_be_visible()
    page.screenshot(path=tmp_path / "guideline.png")
    page.keyboard.press("Escape")
    expect(page.get_by_text("What is a claim")).not_to_be_visible()
    page.screenshot(path=tmp_path / "notice.png")
    page.keyboard.press("Control+Enter")

    # a passage in which the model found nothing: nothing is there, and that is one key
    expect(page.locator(".or-text")).to_contain_text("He spoke on Friday.")
    expect(page.locator(".or-text .htx-highlight")).to_have_count(0)
    expect(page.locator(".or-notice h4, .or-others h4").first).not_to_be_visible()
    expect(box(page, REVIEWED, "whole passage")).to_be_checked()
    page.screenshot(path=tmp_path / "passage.png")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".or-head h3")).to_have_text("Polls open")  # the next one
    found = reviews(client, project)
    assert [(r.kind, r.whole, len(r.claims)) for r in found.values()] == [("claim", False, 1), ("passage", True, 0)]
