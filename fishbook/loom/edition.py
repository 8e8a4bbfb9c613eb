"""The editions of the book: which twin each one shows, and the site's own words."""

from __future__ import annotations

from fishbook.loom.blocks import Twins

EDITIONS = {"zh": "中文", "en": "English", "zh-en": "中文 · English"}
"""The editions by their names for readers; the last one has both languages."""

WORDS = {
    "title": Twins("用 NumPy 从零写深度学习", "Deep learning from scratch, in NumPy"),
    "figure": Twins("图 {}", "Figure {}"),
    "exercise": Twins("练习 {}", "Exercise {}"),
    "tangled": Twins(
        "这个文件由下列页面中的代码块织成：", "This file is made of the blocks in:"
    ),
    "run": Twins(
        "运行这份笔记本需要软件包 `fishbook` 和 Matplotlib；怎样安装，见本书首页。",
        "To run this notebook you need the package `fishbook` and Matplotlib; the"
        " book's first page says how to install them.",
    ),
}


def words(edition: str) -> dict[str, str]:
    """Return the site's words in an edition, by their keys."""
    return {key: choose(edition, twins) for key, twins in WORDS.items()}


def choose(edition: str, twins: Twins, both: str = "{zh} {en}") -> str:
    """Return the words of an edition; `both` shapes those of the bilingual one."""
    if edition == "zh" or twins.zh == twins.en:
        return twins.zh
    if edition == "en":
        return twins.en
    return both.format(zh=twins.zh, en=twins.en)


def marked(edition: str, twins: Twins) -> str:
    """Return words in an edition as HTML, the English beside Chinese marked as such."""
    return choose(edition, twins, '{zh} <span lang="en">{en}</span>')


def numbered(edition: str, number: str, twins: Twins) -> str:
    """Return a heading or caption with its number in front."""
    return f"{number} {marked(edition, twins)}" if number else marked(edition, twins)
