"""What mkdocs-jupyter makes of a lab's notebook, mended to be like other pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mkdocs_jupyter import plugin as mkdocs_jupyter_plugin
from mkdocs_jupyter.config import settings
from nbconvert.exporters import html as nbconvert_html

TEMPLATES = Path(__file__).with_name("notebook")
CAPTION = re.compile(
    r"(?P<figure><figure\b[^>]*><img [^>]*>)</figure>\s*"
    r"(?P<notes><ol>(?:(?!</?ol>).)*</ol>\s*)?<p><em>(?P<caption>.*?)</em></p>",
    re.S,
)
HEADING = re.compile(r"<h(?P<level>[1-6])\b[^>]*>.*?</h(?P=level)>", re.S)
CODE_OR_TEXT = re.compile(r"<pre\b.*?</pre>|<code\b.*?</code>|(?P<text>[^<]+|<)", re.S)
DISPLAYED = re.compile(r"<p>\s*\$\$(?P<tex>.*?)\$\$\s*</p>", re.S)
INLINE = re.compile(r"(?<![\\$])\$(?P<tex>[^$]+)\$")
TAGGED = re.compile(r"\\tag\{([^}]*)\}")


class Unread(str):
    """HTML that nbconvert need not read again, to mend what our template has right."""

    def __new__(cls, html: str, features: str) -> Unread:
        """Take a text as BeautifulSoup takes it."""
        return super().__new__(cls, html)

    def select(self, _: str) -> Iterable[object]:
        """Return nothing that is to be mended."""
        return ()


def use_our_template() -> None:
    """Let mkdocs-jupyter write the HTML of our pages: no own colours, no scripts.

    A lab's contents are those of its headings, and our notebooks are sound: neither is
    asked of nbconvert, which takes half of its time for them.
    """
    settings.templates_dir = str(TEMPLATES)
    html: Any = nbconvert_html
    html.BeautifulSoup = Unread
    html.HTMLExporter.optimistic_validation = True
    jupyter: Any = mkdocs_jupyter_plugin
    jupyter._get_nb_toc_tokens = lambda *_: ([], None)


def finish(
    html: str,
    headings: Iterable[tuple[str, str]],
    labels: Mapping[str, str],
    words: Mapping[str, str],
) -> str:
    """Give a lab's page the markup of other pages: captions, anchors, formulas.

    `headings` are anchors and HTML of the lab's headings in order, `labels` those of
    its formulas by their numbers.
    """
    html = html.rpartition("<style>")[0] or html
    html = html.replace("<summary></summary>", f"<summary>{words['code']}</summary>")
    html = anchors(html, headings, words["permalink"])
    captioned = r"\g<figure><figcaption>\g<caption></figcaption></figure>\g<notes>"
    return formulas(CAPTION.sub(captioned, html), labels)


def anchors(html: str, headings: Iterable[tuple[str, str]], permalink: str) -> str:
    """Give the headings the anchors that they have in the book."""
    following = iter(headings)

    def put(match: re.Match[str]) -> str:
        anchor, text = next(following)
        link = f'<a class="headerlink" href="#{anchor}" title="{permalink}">#</a>'
        return f'<h{match["level"]} id="{anchor}">{text}{link}</h{match["level"]}>'

    return HEADING.sub(put, html)


def formulas(html: str, labels: Mapping[str, str]) -> str:
    """Mark formulas as arithmatex does on other pages, outside code."""

    def display(match: re.Match[str]) -> str:
        tagged = TAGGED.search(match["tex"])
        marked = rf'<div class="arithmatex">\[{match["tex"]}\]</div>'
        label = labels.get(tagged[1]) if tagged else None
        return f'<div id="{label}">{marked}</div>' if label else marked

    html = DISPLAYED.sub(display, html)

    def mark(match: re.Match[str]) -> str:
        if match["text"] is None:
            return match[0]
        return INLINE.sub(r'<span class="arithmatex">\\(\g<tex>\\)</span>', match[0])

    return CODE_OR_TEXT.sub(mark, html)
