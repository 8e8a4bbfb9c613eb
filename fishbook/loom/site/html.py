"""What a page's HTML gets at the build: small passes, each from text to text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape

FIGURE = re.compile(r"<figure\b(?:(?!</figure>).)*</figure>\s*", re.S)
SHOWN = (
    r'(?:<div class="[^"]*\boutput\b(?:(?!</pre>).)*</pre></div>\s*'
    rf"|{FIGURE.pattern})*"
)
NOTED = re.compile(
    r'(?P<code><div class="[^"]*highlight"(?:(?!</pre>).)*# \(1\)(?:(?!</pre>).)*'
    rf"</pre></div>\s*)(?P<shown>{SHOWN})<ol>(?P<notes>.*?)</ol>\s*(?P<more>{SHOWN})",
    re.S,
)
MARK = re.compile(r'<span class="c1"># \((\d+)\)!?</span>')
CHUNK = re.compile(
    r'<div class="(?P<class>[^"]*highlight)">(?P<head>\s*<span class="filename">)'
    r"(?P<target>fishbook/[\w/]+\.py)(?=</span>)"
)
INLINE = re.compile(r"(?<!<pre>)<code>[^<]*-(?:=|&gt;)[^<]*</code>")
PLAIN_SPAN = re.compile(r'<span class="(?:n|nn|o|p|w)">([^<]*)</span>')
TWIN_SPANS = re.compile(
    r'(?<=<span class="(s2|sd|c1)">)([^<]*)</span><span class="\1">'
)
LINE = re.compile(r'<a id="(__codelineno-[\d-]+)"[^>]*></a>([^\n]*\n)')
LINE_TABLE = re.compile(
    r'<div class="(?P<class>[^"]*highlight)"><table class="highlighttable">.*?'
    r'<td class="code"><div>(?P<code>.*?)</div></td></tr></table>',
    re.S,
)
LATIN_EMPHASIS = re.compile(r"<em>(?=[^\u3400-\u9fff<]+</em>)")
ALIGNED = re.compile(r'(<t[dh]) style="text-align: (\w+);"')
EMPTY_HEAD = re.compile(r"<th([^>]*)>\s*</th>")
FOLDED = re.compile(r"(?<=</summary>).*?(?=</details>)", re.S)
HEADING = re.compile(r"(<h[1-3]\b.*?</h[1-3]>)", re.S)
CONTAINER = re.compile(r"<(/?)(?:div|details|figure|blockquote|ul|ol|table)\b")
TWINS = re.compile(r"(?<=>)([^<>]*?) \| ([^<>]*)(?=<)")
PRE = re.compile(r"<pre\b.*?</pre>", re.S)
CHINESE = re.compile(r"[\u3400-\u9fff\uff00-\uffef]")
TAG = re.compile(r"<[^>]*>")
SMALL = 600
"""Pixels: what is shorter is drawn at once."""
STEP = 50
"""Pixels between one height of a box and the next."""


def finish(
    html: str, words: Mapping[str, str], link: Callable[[str, int], str] | None = None
) -> str:
    """Give what Markdown made of a page its last form but for formulas and figures.

    `words` are the site's, and `link` gives the address of a chunk from its file and
    its number on this page. What comes back still has to be `boxed`.
    """
    # The addresses of links that leave the book are printed.
    html = html.replace('<a href="http', '<a rel="external" href="http')
    # Emphasis without Chinese in it stays italic among Chinese.
    html = LATIN_EMPHASIS.sub('<em lang="en">', html)
    html = ALIGNED.sub(r'\1 class="\2"', html)
    # The empty corner of a table is no head.
    html = EMPTY_HEAD.sub(r"<td\1></td>", html)
    html = lines(plain_code(notes(html, words["note"])))
    return chunks(html, link) if link else html


def notes(html: str, word: str) -> str:
    """Put numbers to marks in code; explain them under it and what it prints."""
    mark = (
        rf'<span class="note" role="img" aria-label="{word} \1" data-note="\1"></span>'
    )

    def noted(block: re.Match[str]) -> str:
        code, shown = MARK.sub(mark, block["code"]), block["shown"] + block["more"]
        listed = f'<ol class="notes">{block["notes"]}</ol>\n'
        return f"{code}{FIGURE.sub('', shown)}{listed}{''.join(FIGURE.findall(shown))}"

    return NOTED.sub(noted, html)


def plain_code(html: str) -> str:
    """Take the tags out of code that change nothing: they are half of a page's."""
    html = PLAIN_SPAN.sub(r"\1", html.replace("<span></span>", ""))
    return INLINE.sub(whole_operators, TWIN_SPANS.sub(r"\2", html))


def whole_operators(code: re.Match[str]) -> str:
    """Keep a -= or -> in inline code on one line: browsers break after a hyphen."""
    return re.sub(r"-(?:=|&gt;)", r'<span class="whole">\g<0></span>', code[0])


def lines(html: str) -> str:
    """Let each line of a source page be one element, whose number CSS counts."""
    if "highlighttable" not in html:
        return re.sub(LINE, r"\2", html)
    html = LINE_TABLE.sub(r'<div class="source \g<class>">\g<code>', html)
    return LINE.sub(r'<span id="\1">\2</span>', html)


def chunks(html: str, link: Callable[[str, int], str]) -> str:
    """Mark a page's chunks, and link their titles to their places in the source."""
    seen: dict[str, int] = {}

    def linked(match: re.Match[str]) -> str:
        target = match["target"]
        seen[target] = seen.get(target, -1) + 1
        address = escape(link(target, seen[target]))
        title = f'<a href="{address}">{target}</a>'
        return f'<div class="chunk {match["class"]}">{match["head"]}{title}'

    return CHUNK.sub(linked, html)


def boxed(html: str) -> str:
    """Put what follows each heading into a box that a browser may draw later.

    The headings stay outside, where links to them are exact, and so does what is in
    sight at first or too short to matter: it must not change its height. A page whose
    headings stand within other elements stays as it is.
    """
    start, *rest = HEADING.split(html)
    headings, bodies = rest[::2], rest[1::2]
    if not all(map(balanced, bodies)):
        return html
    return start + "".join(map(_box, headings, bodies))


def _box(heading: str, body: str) -> str:
    height = roughly(body)
    if heading.startswith("<h1") or height < SMALL:
        return heading + body
    return f'{heading}<div class="box tall-{round(height / STEP)}">{body}</div>'


def roughly(html: str) -> int:
    """Return about the height of a piece of a page on a phone, in pixels."""
    html = FOLDED.sub("", html)
    code = sum(block[0].count("\n") for block in PRE.finditer(html))
    text = TAG.sub("", PRE.sub("", html))
    letters = len(text) + len(CHINESE.findall(text))
    return int(18 * code + 0.62 * letters + 300 * html.count("<img "))


def balanced(html: str) -> bool:
    """Whether all containers that a piece of HTML opens are closed in it."""
    depth = 0
    for end in CONTAINER.findall(html):
        depth += -1 if end else 1
        if depth < 0:
            return False
    return depth == 0


def twins(html: str) -> str:
    """Part the two languages of titles in the navigation, joined by " | "."""
    return TWINS.sub(r'\1 <span lang="en">\2</span>', html)


def valid(html: str) -> str:
    """Return a page without an attribute that a box to tick can't have."""
    return html.replace(' autocomplete="off">', ">")


def heights_css() -> str:
    """Return the style sheet of the heights of boxes."""
    return "".join(f".tall-{n}{{--height:{STEP * n}px}}" for n in range(1, 200))
