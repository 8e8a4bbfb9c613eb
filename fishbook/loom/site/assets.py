"""Files of the site that are made at the build, or copied from npm packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fishbook.loom.problem import LoomError
from fishbook.loom.site.draw.weights import weights_script
from fishbook.loom.site.figures import palette_css
from fishbook.loom.site.formulas import KATEX

DRAW = Path(__file__).with_name("draw")
UNUSED = re.compile(
    r".*\.map$|assets/images/favicon\.png"
    r"|assets/javascripts/lunr/(?!min/lunr\.(stemmer\.support|zh)\.min)"
)
"""Files of the theme that no page of ours asks for."""


def assets(root: Path) -> Iterator[tuple[str, str | bytes]]:
    """Yield the names, under assets/, and the contents of the files.

    Raises
    ------
    LoomError
        If the npm packages are not installed.
    """
    yield "figures.css", palette_css()
    yield "draw-weights.js", weights_script()
    for name in ("draw.js", "draw.css"):
        yield name, (DRAW / name).read_bytes()
    folder = root / KATEX
    if not folder.exists():
        raise LoomError([f"formulas need {KATEX}; run `make setup` or `npm ci`"])
    css = (folder / "dist" / "katex.min.css").read_text(encoding="utf-8")
    only_woff2 = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)', "", css)
    yield "katex/katex.min.css", only_woff2
    yield "katex/LICENSE.txt", (folder / "LICENSE").read_bytes()
    for font in sorted((folder / "dist" / "fonts").glob("*.woff2")):
        yield f"katex/fonts/{font.name}", font.read_bytes()
