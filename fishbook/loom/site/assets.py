"""Files of the site that are made at the build, or copied from npm packages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from fishbook.loom.problem import LoomError
from fishbook.loom.site.draw.weights import weights_script
from fishbook.loom.site.figures import colours_css, widths_css
from fishbook.loom.site.formulas import KATEX
from fishbook.loom.site.formulas import style_sheet as formulas_css
from fishbook.loom.site.html import heights_css

FONTS = {
    "serif": "source-serif-4/files/source-serif-4-latin-400-normal.woff2",
    "serif-bold": "source-serif-4/files/source-serif-4-latin-700-normal.woff2",
    "serif-italic": "source-serif-4/files/source-serif-4-latin-400-italic.woff2",
    "mono": "m-plus-1-code/files/m-plus-1-code-latin-400-normal.woff2",
    "serif-LICENSE": "source-serif-4/LICENSE",
    "mono-LICENSE": "m-plus-1-code/LICENSE",
}
"""Letters of the text and of the code: Latin alone."""

DRAW = Path(__file__).with_name("draw")
SCRIPTS = ("controls", "steps", "paths", "windows")
"""Folders of a script and its styles; the first has what the others share."""
WORKED = ":is(.stepping,optimizer-paths,window-rows,window-sum)"
"""The figures that readers work with: they get the colours of figures."""

UNUSED = re.compile(
    r".*\.map$|assets/images/favicon\.png|assets/javascripts/(?:lunr|workers)/"
    r"|assets/stylesheets/palette\."
)
"""Files of the theme that no page of ours asks for."""


def assets(root: Path) -> Iterator[tuple[str, str | bytes]]:
    """Yield the names, under assets/, and the contents of the files.

    Raises
    ------
    LoomError
        If the npm packages are not installed.
    """
    yield "draw-weights.js", weights_script()
    for path in sorted((*DRAW.glob("*.js"), *DRAW.glob("*.css"))):
        yield f"draw-{path.name}".replace("draw-draw", "draw"), path.read_bytes()
    for name in SCRIPTS:
        folder = Path(__file__).with_name(name)
        yield f"{name}.js", (folder / f"{name}.js").read_bytes()
        colours = colours_css(WORKED) if name == SCRIPTS[0] else ""
        yield f"{name}.css", colours + (folder / f"{name}.css").read_text("utf-8")
    katex, fonts = root / KATEX, root / "node_modules" / "@fontsource"
    engine = root / "node_modules" / "minisearch"
    for folder in (katex, fonts, engine):
        if not folder.exists():
            name = folder.relative_to(root).as_posix()
            raise LoomError([f"the site needs {name}; run `make setup` or `npm ci`"])
    yield "minisearch.js", (engine / "dist" / "es" / "index.js").read_bytes()
    yield "minisearch-LICENSE.txt", (engine / "LICENSE.txt").read_bytes()
    yield "katex/LICENSE.txt", (katex / "LICENSE").read_bytes()
    for font in sorted((katex / "dist" / "fonts").glob("*.woff2")):
        yield f"katex/fonts/{font.name}", font.read_bytes()
    for name, file in FONTS.items():
        yield f"fonts/{name}{Path(file).suffix or '.txt'}", (fonts / file).read_bytes()


def style_sheet(root: Path, output: str, styles: Iterable[str]) -> str:
    """Return made.css: the word for output, KaTeX, sizes, and formulas' styles."""
    css = (root / KATEX / "dist" / "katex.min.css").read_text(encoding="utf-8")
    only_woff2 = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)', "", css)
    made = only_woff2.replace("url(", "url(katex/") + formulas_css(styles)
    word = f':root{{--word-output:"{output}"}}'
    return word + widths_css() + heights_css() + made
