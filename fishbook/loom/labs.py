"""What mkdocs-jupyter makes of a lab's notebook, finished as a chapter's page is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.structure.toc import AnchorLink, TableOfContents
from mkdocs_jupyter.config import settings

from fishbook.loom.chapter import Chapter, Heading
from fishbook.loom.weave import choose, heading_text, plain_text

TEMPLATES = Path(__file__).parent / "notebook"

STYLE = re.compile(r"<style>.*?</style>", re.S)
CODE = re.compile(
    r'<div class="highlight-ipynb[^"]*"><pre>(?P<code>.*?)</pre></div>\s*'
    r'<div class="clipboard-copy-txt"[^>]*>.*?</div>',
    re.S,
)
MARKS = re.compile(r'(<span class="c1"># \(\d+\))(?=</span>)')
NOTES = re.compile(
    r'(?P<code><div class="highlight">(?:(?!</div>).)*\(1\)!(?:(?!</div>).)*</div>)'
    r'(?P<shown>(?:\s*<div class="output highlight">(?:(?!</div>).)*</div>)*\s*'
    r"(?:<figure>(?:(?!</figure>).)*</figure>\s*)?)"
    r"(?P<notes><ol>(?:(?!</?ol>).)*</ol>)",
    re.S,
)
CAPTION = re.compile(
    r'<figure><img alt="" src="(?P<path>[^"]+)" ?/?></figure>\s*'
    r"<p><em>(?P<caption>.*?)</em></p>",
    re.S,
)
HEADING = re.compile(r"<h(?P<level>[1-6])\b[^>]*>.*?</h(?P=level)>", re.S)
SUMMARY = "<summary></summary>"
CODE_OR_TEXT = re.compile(r"<pre\b.*?</pre>|<code\b.*?</code>|(?P<text>[^<]+|<)", re.S)
DISPLAYED = re.compile(r"<p>\s*\$\$(?P<tex>.*?)\$\$\s*</p>", re.S)
INLINE = re.compile(r"(?<![\\$])\$(?P<tex>[^$]+)\$")
TAG = re.compile(r"<[^>]*>")


def use_our_template() -> None:
    """Let mkdocs-jupyter write the HTML of our pages: no own colours, no scripts."""
    settings.templates_dir = str(TEMPLATES)


def finish(html: str, lab: Chapter, edition: str, words: dict[str, str]) -> str:
    """Give a lab's page a chapter's markup: code, captions, anchors, formulas."""
    html = CODE.sub(
        r'<div class="highlight"><pre><span></span><code>\g<code></code></pre></div>',
        STYLE.sub("", html),
    )
    html = NOTES.sub(r"\g<code>\n\g<notes>\g<shown>", MARKS.sub(r"\1!", html))
    html = html.replace(SUMMARY, f"<summary>{words['code']}</summary>")
    html = set_headings(html, lab, edition, words["permalink"])
    return mark_formulas(CAPTION.sub(_captioned, html))


def _captioned(match: re.Match[str]) -> str:
    alt = plain_text(TAG.sub("", match["caption"])).replace('"', "&quot;")
    return (
        f'<figure><img alt="{alt}" src="{match["path"]}">'
        f"<figcaption>{match['caption']}</figcaption></figure>"
    )


def headings_of(lab: Chapter) -> list[Heading]:
    """Give a lab's headings in order."""
    return [block for block in lab.blocks if isinstance(block, Heading)]


def set_headings(html: str, lab: Chapter, edition: str, permalink: str) -> str:
    """Give the headings the anchors that they have in the book."""
    following = iter(headings_of(lab))

    def put(match: re.Match[str]) -> str:
        heading = next(following)
        level, anchor = heading.level, heading.anchor
        text = heading_text(edition, heading.zh, heading.en)
        link = f'<a class="headerlink" href="#{anchor}" title="{permalink}">#</a>'
        return f'<h{level} id="{anchor}">{text}{link}</h{level}>'

    return HEADING.sub(put, html)


def set_toc(toc: TableOfContents, lab: Chapter, edition: str) -> None:
    """Give the table of contents the same anchors and words."""
    for link, heading in zip(_links(toc.items), headings_of(lab), strict=True):
        link.id = heading.anchor
        link.title = choose(edition, heading.zh, heading.en)


def _links(items: list[AnchorLink]) -> Iterator[AnchorLink]:
    for item in items:
        yield item
        yield from _links(item.children)


def mark_formulas(html: str) -> str:
    """Mark formulas as arithmatex does on chapter pages, outside code."""
    html = DISPLAYED.sub(r'<div class="arithmatex">\\[\g<tex>\\]</div>', html)

    def mark(match: re.Match[str]) -> str:
        if match["text"] is None:
            return match[0]
        return INLINE.sub(r'<span class="arithmatex">\\(\g<tex>\\)</span>', match[0])

    return CODE_OR_TEXT.sub(mark, html)
