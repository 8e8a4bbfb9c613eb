"""A browser, and what tests do in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sites import HOME, ROOT

UNUSED = """
AvoidCorsURLLoaderRestartOnRedirect AvoidUnnecessaryBeforeUnloadCheckSync
DestroyProfileOnBrowserClose HttpsFirstBalancedModeAutoEnable HttpsUpgrades LensOverlay
MediaRouter NetworkTimeServiceQuerying OptimizationHints PaintHolding PreconnectToSearch
ThirdPartyStoragePartitioning WebUIOmniboxAimPopup WebUIOmniboxFullPopup
WebUIOmniboxPopup"""
"""What a window does without, half of what opening it costs.

Chromium hears the last such list alone, so what Playwright leaves out is here too.
"""
FLAGS = [
    f"--disable-features={','.join(UNUSED.split())}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = """options => axe.run(options).then(found => found.violations
  .filter(rule => ["serious", "critical"].includes(rule.impact))
  .flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.html.slice(0, 120)} ${node.failureSummary}`)))"""
LIGHTER = """() => {
  const drawn = [...document.querySelectorAll(".katex-html")];
  const widths = drawn.map(e => e.getBoundingClientRect().width);
  drawn.forEach((e, i) => {
    e.replaceChildren();
    e.style.cssText = `display: inline-block; width: ${widths[i]}px; height: 1em`;
  });
  const inner = document.querySelectorAll(".katex-mathml > *");
  inner.forEach(e => e.remove());
}"""
"""Leaves out what readers of a screen don't hear, two thirds of all elements."""
STOPPED = "no frame is drawn"
FRAME = f"""const frame = () => new Promise((drawn, stop) => {{
  requestAnimationFrame(drawn);
  setTimeout(stop, 10_000, new Error("{STOPPED}"));
}});"""
"""A browser without a screen may stop drawing: waiting for it would never end."""
SETTLED = f"""async () => {{
  {FRAME}
  const moving = () => document.getAnimations().some(a => a.playState === "running");
  while (moving()) await frame();
}}"""
"""Waits until nothing moves. A motion broken off is over, what follows it is not."""
THROUGH = f"""async () => {{
  {FRAME}
  await document.fonts.ready;
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {{
    scrollTo({{top: y, behavior: "instant"}});
    await frame();
  }}
  return window.shifts;
}}"""
"""Scrolls through a page, so that all of it has once been near."""
COLOURS = ["color-contrast", "link-in-text-block"]
LEFT_OUT = {rule: {"enabled": False} for rule in [*COLOURS, "region"]}
"""Rules that take longest; those of colours depend on a page's kind alone."""
RULES = {"zh": LEFT_OUT, "en": LEFT_OUT, "zh-en": {"region": {"enabled": False}}}
"""The same by editions, where a page is seen in all: it has its colours in each."""
DESK = {"width": 1280, "height": 720}
KEPT: dict[tuple[int, str], Any] = {}
"""Pages that a test has done with, by their browser and options, for the next one."""


def chromium() -> str:
    """Give the path of a Chromium, or skip the test."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if path := next(filter(None, map(shutil.which, NAMES)), None):
        return path
    with api.sync_playwright() as playwright:
        own: str = playwright.chromium.executable_path
    if not Path(own).exists():
        pytest.skip("needs a Chromium")
    return own


@contextmanager
def launched(path: str, port: int) -> Iterator[Any]:
    """Start a Chromium that finds `HOME` at a port of this machine."""
    from playwright.sync_api import sync_playwright

    home = HOME.split("/")[2]
    rule = f"--host-resolver-rules=MAP {home}:80 127.0.0.1:{port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, rule])
        yield browser
        browser.close()
        KEPT.clear()


@dataclass
class Watch:
    """What went wrong in a page while it was looked at."""

    home: str = HOME
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def over(self, page: Any) -> None:
        for event, heard in self.events():
            page.on(event, heard)

    def leave(self, page: Any) -> None:
        for event, heard in self.events():
            page.remove_listener(event, heard)

    def events(self) -> list[tuple[str, Any]]:
        return [
            ("console", self.hear),
            ("pageerror", self.fail),
            ("request", self.ask),
        ]

    def fail(self, error: Any) -> None:
        self.errors.append(str(error))

    def hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.text} at {message.location}")

    def ask(self, request: Any) -> None:
        self.asked.append(request.url)
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.strangers.append(request.url)


@contextmanager
def reading(
    browser: Any, where: str | None, watch: Watch | None = None, **options: Any
) -> Iterator[Any]:
    """Open an address of the site, or none yet, in a context of its own.

    What opens an address at once may come where another test has been: opening windows
    is what takes longest. Tests may evaluate what they like, unless `bypass_csp` is
    False.
    """
    options = {"bypass_csp": True} | options
    kept = (id(browser), repr(sorted(options.items())))
    page = None if where is None else KEPT.pop(kept, None)
    if not page:
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)
        context.set_default_navigation_timeout(60_000)
        page = context.new_page()
    if watch:
        watch.over(page)
    if where is not None:
        page.goto(HOME + where)
    yield page
    if watch:
        watch.leave(page)
    if where is None or not options.get("java_script_enabled", True):
        page.context.close()
    else:
        forget(page, options.get("viewport", DESK))
        KEPT[kept] = page


def forget(page: Any, size: dict[str, int]) -> None:
    """Leave a page as it was before it was anywhere."""
    if page.url.startswith(HOME):
        page.evaluate("localStorage.clear(), sessionStorage.clear()")
    page.unroute_all()
    page.context.clear_cookies()
    page.mouse.move(0, 0)
    page.goto("about:blank")
    page.emulate_media(media="null")
    page.set_viewport_size(size)


def switch(page: Any, edition: str) -> None:
    """Choose another edition in the header."""
    page.click("[data-editions] summary")
    page.click(f"a[data-edition={edition}]")


def serious(page: Any, **options: Any) -> list[str]:
    """Let axe-core judge a page when nothing moves any more; give what is serious."""
    if not AXE.exists():
        pytest.skip("needs axe-core: npm ci")
    if not page.evaluate("window.axe"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate(LIGHTER)
    page.evaluate(SETTLED)
    found: list[str] = page.evaluate(SERIOUS, {"resultTypes": ["violations"]} | options)
    return found
