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

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = """options => axe.run(options).then(found => found.violations
  .filter(rule => ["serious", "critical"].includes(rule.impact))
  .flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.html.slice(0, 120)} ${node.failureSummary}`)))"""
SETTLED = """async () => {
  const moving = () => document.getAnimations().some(a => a.playState === "running");
  while (moving()) await new Promise(requestAnimationFrame);
}"""
"""Waits until nothing moves. A motion broken off is over, what follows it is not."""
THROUGH = """async () => {
  await document.fonts.ready;
  const frame = () => new Promise(requestAnimationFrame);
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
    scrollTo({top: y, behavior: "instant"});
    await frame();
  }
  return window.shifts;
}"""
"""Scrolls through a page, so that all of it has once been near."""
COLOURS = ["color-contrast", "link-in-text-block"]
LEFT_OUT = {rule: {"enabled": False} for rule in [*COLOURS, "region"]}
"""Rules that take longest; those of colours depend on a page's kind alone."""


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
def reading(browser: Any, where: str | None, **options: Any) -> Iterator[Any]:
    """Open an address of the site, or none yet, in a context of its own.

    Tests may evaluate what they like, unless `bypass_csp` is False.
    """
    context = browser.new_context(**{"bypass_csp": True} | options)
    context.set_default_timeout(10_000)
    page = context.new_page()
    if where is not None:
        page.goto(HOME + where)
    yield page
    context.close()


def switch(page: Any, edition: str) -> None:
    """Choose another edition in the header."""
    page.click("[data-editions] summary")
    page.click(f"a[data-edition={edition}]")


def serious(page: Any, **options: Any) -> list[str]:
    """Let axe-core judge a page; give what is serious."""
    if not AXE.exists():
        pytest.skip("needs axe-core: npm ci")
    if not page.evaluate("window.axe"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(SERIOUS, {"resultTypes": ["violations"]} | options)
    return found
