"""The passes over a page's HTML, its figures and its formulas: text in, text out."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("material")

from fishbook.loom.edition import EDITIONS, OF_FIGURES, WORDS, words
from fishbook.loom.problem import LoomError
from fishbook.loom.site import figures, formulas, html

ROOT = Path(__file__).parent.parent
CODE = '<div class="highlight"><pre><span></span><code>{}</code></pre></div>\n'
OUTPUT = '<div class="text output highlight"><pre><code>1\n</code></pre></div>\n'


def finish(text: str) -> str:
    return html.finish(text, words("en"))


# Figures


def test_a_picture_keeps_its_words_and_loses_needless_digits() -> None:
    svg = (
        '<svg width="9" height="9"><path d="M 1.234567 -2.500000 \nL0.127 -0.001"/>'
        '<g transform="scale(0.015625)"><text>0.123456</text></g></svg>'
    )
    small = figures.finish(svg, "en")
    assert 'd="M1.23 -2.5L0.13 0"' in small
    assert "scale(0.015625)" in small
    assert ">0.123456<" in small


def test_a_picture_keeps_ids_that_are_used_and_groups_that_say_something() -> None:
    svg = (
        '<svg width="9" height="9"><g id="a"><g clip-path="url(#c)"><use href="#m"/>'
        '</g></g><g role="group" aria-label="x"><path id="m" d="M0 0"/></g>'
        '<clipPath id="c"/></svg>'
    )
    assert figures.finish(svg, "en").endswith(
        '</style><g clip-path="url(#c)"><use href="#m"/></g>'
        '<g role="group" aria-label="x"><path id="m" d="M0 0"/></g>'
        '<clipPath id="c"/></svg>'
    )


@pytest.mark.parametrize(
    ("svg", "said"),
    [
        ("<html/>", "no SVG"),
        ("<svg/>", "width ''"),
        ('<svg width="9em" height="9"/>', "width '9em'"),
        ('<svg width="9"/>', "height ''"),
    ],
)
def test_a_picture_that_no_page_can_hold_is_refused(svg: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        figures.size(svg)


def test_a_picture_without_a_width_has_that_of_its_view_box() -> None:
    assert figures.size('<svg viewBox="0 -1.5 40 9"></svg>') == (40, 9)
    assert figures.size('<svg viewBox="0,0,40,9" width="30pt"></svg>') == (40, 9)


def test_a_page_knows_its_pictures_sizes_and_has_them_for_day_and_night() -> None:
    page = '<p><img alt="a &lt; b" src="../figures/a.svg" /></p>'
    shown = figures.put(page, lambda _: '<svg width="300pt" height="90"></svg>')
    known = 'alt="a &lt; b" src="../figures/a.svg{}" width="400" height="90"'
    assert shown == (
        '<p><span class="figure">'
        f'<img class="day least-11" {known.format("")} loading="lazy">'
        f'<img class="night least-11" {known.format("#night")} loading="lazy">'
        "</span></p>"
    )


def test_a_picture_has_the_palettes_colours_for_day_and_for_night() -> None:
    blue = '<path stroke="#1a5fb4"/><path stroke="#123456"/>'
    file = figures.finish(f'<svg width="9" height="9">{blue}</svg>', "zh")
    assert 'stroke="var(--blue)"' in file and 'stroke="#123456"' in file
    assert "svg{--blue:#1a5fb4;}svg:target{--blue:#84b5f5;}" in file
    assert file.startswith('<svg id="night" xml:lang="zh" width="9"')


def test_blanks_within_a_pictures_text_stay() -> None:
    text = "<text><tspan>a</tspan> <tspan>b</tspan></text>"
    svg = f'<svg width="9" height="9">\n {text}</svg>'
    assert f"</style>{text}</svg>" in figures.finish(svg, "en")


def test_a_formulas_letters_keep_to_their_places_in_a_wider_font() -> None:
    x = '<text><tspan x="0" style="font-family: \'STIXGeneral\'; fill: red">x</tspan>'
    file = figures.finish(f'<svg width="9" height="9">{x}</text></svg>', "en")
    assert "STIXGeneral,'Times New Roman'" in file
    assert ",serif;font-size-adjust:.45; fill: red" in file


def test_a_shape_that_others_use_stays_though_it_is_not_seen_itself() -> None:
    """They give it their own colours: a marker is filled where it stands."""
    shape = '<path id="m" d="M0 0h9v9z" style="stroke: #000000; stroke-opacity: 0"/>'
    used = '<use xlink:href="#m" x="1" y="2" style="fill: #000001"/>'
    svg = f'<svg width="9" height="9"><defs>{shape}</defs>{used}</svg>'
    assert shape in figures.finish(svg, "en")
    assert shape.replace(' id="m"', "") not in figures.finish(
        svg.replace(' id="m"', ""), "en"
    )


def test_a_large_picture_is_read_once_not_once_a_point() -> None:
    points = " \n".join(f"L {n}.123456 {n}.654321" for n in range(50_000))
    svg = f'<svg width="9" height="9"><path d="M 0 0 {points}"/></svg>'
    drawn = figures.finish(svg, "en").partition("</style>")[2]
    assert drawn.count("L") == 50_000


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("docs/**/*.svg")), ids=lambda p: p.stem
)
def test_the_books_pictures_stay_whole(path: Path) -> None:
    """All that is drawn or said is still there, and is XML."""
    before = path.read_text(encoding="utf-8")
    after = figures.finish(before, "en")
    root = ElementTree.fromstring(after.replace("xlink:href", "href"))
    said = [
        " ".join("".join(e.itertext()).split())
        for e in root.iter()
        if e.tag.endswith(("}text", "}textPath"))
    ]
    was = ElementTree.fromstring(before)
    assert [s for s in said if s] == [
        " ".join("".join(e.itertext()).split())
        for e in was.iter()
        if e.tag.endswith(("}text", "}textPath"))
    ]
    for name in ("use", "image", "circle", "polygon", "rect"):
        assert after.count(f"<{name} ") == before.count(f"<{name} ")


# Formulas


@pytest.fixture(scope="module")
def katex(tmp_path_factory: pytest.TempPathFactory) -> formulas.Katex:
    if not (ROOT / "node_modules" / "katex").exists():
        pytest.skip("needs the packages of package.json: npm ci")
    root = tmp_path_factory.mktemp("katex")
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    return formulas.Katex(root)


def test_formulas_are_taken_out_and_come_back(katex: formulas.Katex) -> None:
    page = (
        '<p>（<span class="arithmatex">\\(a &lt; b\\)</span>）。</p>\n'
        '<div class="arithmatex">\\[ x \\]</div>'
    )
    rest, taken = formulas.take(page)
    assert taken == [("a < b", False), ("x", True)]
    assert "\\" not in rest and "&lt;" not in rest
    whole = formulas.put(rest, taken, katex.render(taken))
    assert whole.startswith('<p><span class="short">（<span class="katex">')
    assert '<div class="formula"><span class="katex-display">' in whole


def test_a_formulas_styles_are_classes_that_a_style_sheet_explains(
    katex: formulas.Katex,
) -> None:
    rendered = katex.render([("x^2", False)])
    sheet = formulas.style_sheet(formulas.styles(rendered.values()))
    shown = formulas.put("<!--formula 0-->", [("x^2", False)], rendered)
    assert "style=" in rendered["x^2", False] and "style=" not in shown
    used = set(re.findall(r"\bk[0-9a-f]{7}\b", shown))
    assert used and used == set(re.findall(r"\.(k[0-9a-f]{7})\{", sheet))
    assert re.search(r"\{height:[\d.]+em!important\}", sheet)
    assert ";margin-right:0.05em!important}" in sheet


def test_fonts_are_those_of_formulas_within_lines(katex: formulas.Katex) -> None:
    wanted = {
        "1": [],
        "x": ["Math-Italic"],
        r"\mathbf{x}": ["Main-Bold"],
        r"\mathbb{R}": ["AMS-Regular"],
        r"\sum": ["Size1-Regular"],
        r"\Big(": ["Size2-Regular"],
    }
    taken = [(tex, False) for tex in wanted]
    rendered = katex.render([*taken, (r"\Bigg(", True)])
    for formula in taken:
        found = formulas.fonts([formula], rendered)
        assert found == ["Main-Regular", *wanted[formula[0]]]
    assert formulas.fonts([(r"\Bigg(", True)], rendered) == []


def test_fonts_are_those_that_katex_asks_for(katex: formulas.Katex) -> None:
    css = (katex.folder / "dist" / "katex.min.css").read_text(encoding="utf-8")
    rules = re.findall(r"([^{}]+)\{[^}]*?font(?:-family)?:[^}]*?KaTeX_(\w+)", css)
    families = {
        selector.removeprefix(".katex ").strip(".").replace(".", " "): family
        for selectors, family in rules
        for selector in selectors.split(",")
    }
    for asked, font in formulas.FONTS.items():
        assert families[asked] == font.partition("-")[0]
        assert (katex.folder / "dist" / "fonts" / f"KaTeX_{font}.woff2").exists()


def test_wrong_tex_is_named_and_the_rest_is_not_lost(katex: formulas.Katex) -> None:
    with pytest.raises(LoomError, match=r"mend the formula '\\\\frac\{1'"):
        katex.render([("y", False), ("\\frac{1", False)])
    assert "katex" in katex.render([("y", False)])["y", False]


def test_formulas_are_rendered_once(
    katex: formulas.Katex, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [("k", False), ("k", True)]
    rendered = katex.render(asked)
    monkeypatch.setattr(formulas, "ask_node", lambda *_: pytest.fail("asked again"))
    assert katex.render(asked) == rendered
    assert formulas.Katex(katex.folder.parents[1]).render(asked) == rendered


@pytest.mark.parametrize(
    "tex",
    [
        r"\underset{100 \times 784}{X} \to \underset{50}{Z^{(1)}}",
        r"\overset{a}{\mathbf{x}}",
        r"\underbrace{x}_{y}",
        r"\operatorname*{arg\,max}_k y_k",
    ],
)
def test_no_token_of_mathml_holds_another(katex: formulas.Katex, tex: str) -> None:
    rendered = katex.render([(tex, True)])[tex, True]
    found = re.search(r"<math.*?</math>", rendered, re.S)
    assert found
    for element in ElementTree.fromstring(found[0]).iter():
        if element.tag.partition("}")[2] in {"mi", "mo", "mn", "mtext"}:
            assert len(element) == 0


# Code


def test_tags_that_colour_nothing_leave_the_code() -> None:
    code = (
        '<span class="n">x</span><span class="w"> </span><span class="o">=</span> '
        '<span class="s2">"</span><span class="s2">a</span><span class="s2">"</span>'
    )
    assert finish(CODE.format(code)) == (
        '<div class="highlight"><pre><code>x = <span class="s2">"a"</span>'
        "</code></pre></div>\n"
    )


NOTED = CODE.format(
    'f()  <span class="c1"># (1)!</span>\ng  <span class="c1"># (2)</span>\n'
)
NOTES = "<ol>\n<li>One</li>\n<li>Two</li>\n</ol>\n"


FIGURE = '<figure id="fig-a"><img alt="a"></figure>\n'


def test_an_operator_in_inline_code_is_not_broken_after_its_hyphen() -> None:
    text = "<p><code>p -= g</code> <code>a - b</code> <code>f() -&gt; x</code></p>"
    text += "<pre><code>n -= 1</code></pre>"
    made = finish(text)
    assert '<code>p <span class="whole">-=</span> g</code>' in made
    assert '<span class="whole">-&gt;</span>' in made
    assert made.count("whole") == 2


@pytest.mark.parametrize(
    "page",
    [
        NOTED + NOTES + OUTPUT + FIGURE,
        NOTED + OUTPUT + FIGURE + NOTES,
        NOTED + OUTPUT + NOTES + FIGURE,
    ],
)
def test_notes_follow_the_block_and_its_output(page: str) -> None:
    """In the orders of pages and of notebooks; a figure never parts them."""
    done = finish(page + "<ol>\n<li>a list</li>\n</ol>" + NOTED + NOTES)
    assert 'class="note" role="img" aria-label="Note 2" data-note="2"></span>' in done
    assert re.search(r'1\n</code></pre></div>\n<ol class="notes">\n<li>One', done)
    assert "# (" not in done
    assert re.search(r'Two</li>\n</ol>\n<figure id="fig-a">.*?</figure>\n<ol>', done)
    assert done.count("<figure") == 1 and done.count('class="notes"') == 2
    assert "# (" not in done and "<ol>\n<li>a list" in done


def test_lines_of_a_source_page_are_elements() -> None:
    table = (
        '<div class="highlight"><table class="highlighttable"><tr><td class="linenos">'
        '<div class="linenodiv"><pre><a href="#__codelineno-0-1">1</a></pre></div></td>'
        '<td class="code"><div><pre><span></span><code><a id="__codelineno-0-1"'
        ' name="__codelineno-0-1"></a>a\n<a id="__codelineno-0-2" name="x"></a>\n'
        "</code></pre></div></td></tr></table></div>"
    )
    assert finish(table) == (
        '<div class="source highlight"><pre><code>'
        '<span id="__codelineno-0-1">a\n</span>'
        '<span id="__codelineno-0-2">\n</span></code></pre></div>'
    )


def test_a_chunk_is_marked_and_leads_to_its_source() -> None:
    head = '<div class="highlight"><span class="filename">{}</span><pre>'
    page = head.format("fishbook/a.py") * 2 + head.format("other.txt")
    done = html.finish(page, words("en"), lambda target, n: f"{target}?a&{n}")
    assert (
        done.count('<div class="chunk highlight"><span class="filename"><a href="') == 2
    )
    assert 'href="fishbook/a.py?a&amp;1">fishbook/a.py</a>' in done


# Words and sections


def test_the_corner_of_a_table_is_no_head() -> None:
    page = '<table><tr><th></th><th style="a"> </th><th>x</th></tr></table>'
    assert (
        finish(page) == '<table><tr><td></td><td style="a"></td><th>x</th></tr></table>'
    )


def test_what_follows_a_heading_is_boxed_where_it_is_long() -> None:
    long = f"<div><p>{'Words. ' * 400}</p></div>"
    page = f"<h1>A</h1>{long}<h2>B</h2>{long}<h3>C</h3><p>c</p>"
    assert html.boxed(page) == (
        f'<h1>A</h1>{long}<h2>B</h2><div class="box tall-35">{long}</div>'
        "<h3>C</h3><p>c</p>"
    )
    within = f"<h1>A</h1><div><h2>B</h2>{long}</div>"
    assert html.boxed(within) == within


def test_every_word_is_there_in_both_languages() -> None:
    for edition in EDITIONS:
        for of in (WORDS, *OF_FIGURES.values()):
            said = words(edition, of)
            for key, (zh, en) in of.items():
                assert (zh in said[key]) == ("zh" in edition), key
                assert (en in said[key]) == ("en" in edition), key
