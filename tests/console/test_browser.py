"""The console in a real browser: in three languages, by keyboard, at 400 %, in light and dark, on paper, and by axe.

Pictures of what was seen are kept in the folder that GUARD_SCREENSHOTS names.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from guard.console.language import LANGUAGES
from tests.console.desk import Desk, desk

NAMES = ("chromium", "chromium-browser", "google-chrome")
PAGES = {
    "overview": "", "exchanges": "/exchanges?team=legal", "story": "/exchanges/000-sample", "queue": "/queue",
    "held": "/held", "held-reply": "/held/001-sample", "policies": "/policies", "constitutions": "/constitutions", "constitution": "/constitutions/test",
    "models": "/models", "log": "/log", "error": "/exchanges/nope",
}  # fmt: skip
SIZES = {"desk": (1280, 900), "zoomed": (320, 640)}  # 1280 at 400 % are 320 CSS pixels (WCAG 1.4.10)

# In the dark the page is the same but for its colours.
RULES = {"light": "", "dark": "runOnly: ['color-contrast', 'link-in-text-block']"}


def chromium() -> str:
    """The browser of this machine. Fails where there is none: what was not looked at is not known to work."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(
            "the console is tested in Chromium, which is not installed: apt-get install chromium fonts-noto-cjk"
        )
    return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with desk(tmp_path_factory.mktemp("desk"), held=("001-sample", "009-sample")) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core, from the wheel that carries it; nothing of that package is imported."""
    place = importlib.util.find_spec("axe_playwright_python")
    assert place is not None
    assert place.submodule_search_locations
    return (Path(place.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


def opened(browser: Browser, desk: Desk, *, language: str = "en", scheme: str = "light") -> Page:
    """A browser of an admin who has signed in; what it complains of fails the test that asks for it."""
    width, height = SIZES["desk"]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale=language, reduced_motion="reduce"
    )
    context.add_cookies([{"name": "guard_session", "value": desk.session("admin"), "url": desk.url}])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("requestfailed", lambda r: r.failure == "net::ERR_ABORTED" or page.complaints.append(r.url))  # left early
    page.on("request", lambda r: r.url.startswith(desk.url) or page.complaints.append(r.url))
    return page


def kept(page: Page, name: str) -> None:
    """Keep a picture of the page, where somebody wants them."""
    if folder := os.environ.get("GUARD_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_can_be_seen_in_every_language_and_fits_at_400_percent(shared, browser, language):
    page = opened(browser, shared, language=language)
    for name, path in PAGES.items():
        page.goto(f"{shared.url}/console{path}")
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("h1").count() == 1
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, size)
            kept(page, f"{name}-{language}-{size}")
    assert [one for one in page.complaints if "404" not in one] == []  # one of the pages is that of an error
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(shared, browser, axe, scheme):
    found = []
    page = opened(browser, shared, scheme=scheme, language="ko" if scheme == "dark" else "en")
    for name, path in PAGES.items():
        page.goto(f"{shared.url}/console{path}")
        page.evaluate(axe)
        result = page.evaluate(f"axe.run(document, {{resultTypes: ['violations'], {RULES[scheme]}}})")
        assert len(result["passes"]) >= (10 if scheme == "light" else 1)  # it has really looked
        found += [(name, one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in result["violations"]]
        if scheme == "dark":
            kept(page, f"{name}-dark")
    assert found == []
    page.context.close()


def test_axe_would_find_something(shared, browser, axe):
    page = opened(browser, shared)
    page.goto(f"{shared.url}/console")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input>')")
    page.evaluate(axe)
    assert [one["id"] for one in page.evaluate("axe.run(document, {runOnly: ['label']})")["violations"]] == ["label"]
    page.context.close()


def test_an_auditor_finds_looks_and_labels_by_keyboard_alone(shared, browser):
    page = opened(browser, shared)
    page.goto(f"{shared.url}/console/queue")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(3):  # past the region that scrolls, to the first link
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "A":
            break
    width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
    assert width >= 2  # where one is can be seen
    page.keyboard.press("Enter")
    page.wait_for_url("**/exchanges/018-sample?from=queue*")
    page.locator("#l-principle").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")  # right → wrong
    page.keyboard.press("Tab")
    page.keyboard.type("일상적인 표현입니다")
    page.keyboard.press("Tab")
    kept(page, "label")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue?told=label")
    (label,) = shared.console.parts.labels.of("018-sample")
    assert (label.principle, label.right, label.note) == ("no-weapons", False, "일상적인 표현입니다")
    assert page.complaints == []
    page.context.close()


def test_the_change_can_be_read_without_colours(shared, browser):
    page = opened(browser, shared)
    page.goto(f"{shared.url}/console/exchanges/000-sample")
    assert "please pay today[−, or else−]." in page.locator(".diff").inner_text()
    page.context.close()


def test_a_page_on_paper_shows_everything_and_no_controls(shared, browser):
    page = opened(browser, shared)
    page.goto(f"{shared.url}/console/exchanges/000-sample")
    page.emulate_media(media="print")
    assert not page.locator("button").first.is_visible()
    assert not page.locator(".top nav").first.is_visible()
    assert page.locator("#scores").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.wide')).overflowX") == "visible"
    if folder := os.environ.get("GUARD_SCREENSHOTS"):
        page.pdf(path=Path(folder) / "story.pdf", format="A4")
    page.context.close()


def test_the_language_is_switched_and_remembered(shared, browser):
    page = opened(browser, shared)
    page.goto(f"{shared.url}/console")
    page.get_by_role("link", name="日本語").click()
    assert page.locator("h1").inner_text() == "過去30日間"
    page.get_by_role("link", name="やり取り一覧").click()
    assert page.locator("html").get_attribute("lang") == "ja"
    page.context.close()
