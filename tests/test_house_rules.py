"""Mistakes that circulate in texts on this subject: none in our code or prose."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from sites import BOOK, ROOT

import fishbook.loom
from fishbook.loom import names
from fishbook.loom.blocks import Code, Heading, Pair, Twins


@cache
def all_code() -> list[tuple[str, list[str]]]:
    """Give the names in every piece of Python in book and package, with its place."""
    code = [
        (f"{page.path}:{cell.code.line}", names.parse(cell.code.source))
        for page in BOOK.pages
        for cell in page.cells
    ]
    for path in sorted((ROOT / "fishbook").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        code.append((str(path.relative_to(ROOT)), tree))
    return [(place, dotted(tree)) for place, tree in code]


def dotted(tree: ast.Module) -> list[str]:
    """Give the dotted names, the imports and the functions of code."""
    names = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.append(ast.unparse(node))
        elif isinstance(node, ast.FunctionDef):
            names.append(f"def {node.name}")
    return names


BAD_CODE = {
    "global random numbers can't be reproduced": (
        r"^(np|numpy)\.random\.(?!default_rng|Generator|SeedSequence|PCG64|RandomState)"
    ),
    "unpickling runs foreign code": (
        r"\bUnpickler\b|\bpickle\.loads?\b|\bpickle (import|as)\b"
    ),
    "a window needs a display": r"\.show$",
    "pylab is discouraged": r"\bpylab\b",
    "the path depends on the current folder": r"^sys\.path",
    "a constructor is __init__": r"^def _init_$",
}


@pytest.mark.parametrize("why", BAD_CODE)
def test_code_avoids(why: str) -> None:
    code = [(place, name) for place, names in all_code() for name in names]
    assert [(p, name) for p, name in code if re.search(BAD_CODE[why], name)] == []


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ("global random numbers can't be reproduced", "x = np.random.randn(3)"),
        ("unpickling runs foreign code", "pickle.loads(data)"),
        ("unpickling runs foreign code", "from pickle import load"),
        ("a window needs a display", "plt.show()"),
        ("the path depends on the current folder", "sys.path.append('..')"),
        ("a constructor is __init__", "class A:\n    def _init_(self): ..."),
    ],
)
def test_the_code_rules_can_fail(why: str, code: str) -> None:
    assert any(re.search(BAD_CODE[why], name) for name in dotted(ast.parse(code)))


def prose() -> Iterator[tuple[str, Twins]]:
    """Yield every text of the book, with its place."""
    for page in BOOK.pages:
        for block in page.blocks:
            if isinstance(block, Pair):
                yield f"{page.path}:{block.line}", block.text
            elif isinstance(block, Heading):
                yield f"{page.path}:{block.line}", block.title


def test_a_letter_means_one_thing() -> None:
    """A small number has one form of the letter; a batch has N samples."""
    texts = {page.path: (ROOT / page.path).read_text("utf-8") for page in BOOK.pages}
    bad = r"\\epsilon\b|\\frac\{1\}\{m\}|batch of \$m\$"
    assert [path for path, text in texts.items() if re.search(bad, text)] == []


CHINESE = [(place, text.zh) for place, text in prose()]
ENGLISH = [(place, re.sub(r"`[^`]*`", "", text.en)) for place, text in prose()]


BAD_CHINESE = {
    "归一化、规范化或正则化，不写“正规化”": "正规化",
    "NAND 是与非门，不是非门": r"NAND[^，。；\n]{0,8}(?<!与)非门",
    "训练数据或标签，不写“监督数据”": "监督数据",
    "逐元素乘积之和，不是矩阵内积": "矩阵内积",
    "梯度指向上升最快的方向": "梯度.{0,6}(?:指向|表示).{0,8}(?:减小|下降)最[多快]",
    "图像有高和宽": "(?:高|行数)(?:和|与|、)长(?!度)",
    "引入偏置，导入模块": "导入(?:权重|偏置|阈值)",
    "偏置，不写“偏差”": "(?:权重|阈值)(?:和|与|、)偏差",
    "对读者称“你”": "您",
    "中文用全角逗号与句号": r"[\u4e00-\u9fff][,;!?](?:\s|$|[\u4e00-\u9fff])",
    "准确率不是概率": "正确概率",
    "更新沿梯度的反方向": (r"(?<!负)(?:沿着?|顺着)梯度(?:的?方向)?(?:更新|下降)"),
    "学习率是系数，不是更新量": "学习率(?:就是|是|即|表示)(?:参数的|每次的?)?更新量",
    "数组有几个轴，不说维度": "(?:数组|矩阵)的(?:维度|维数)",
    "特征是提取出来的量，不是转换器": "特征(?:量)?(?:是|就是|指)[^。]{0,12}转换器",
    "损失取平均，不是总和": "损失(?:函数)?(?:是|表示)[^。，]{0,10}(?:总和|之和)",
}


@pytest.mark.parametrize("why", BAD_CHINESE)
def test_chinese_avoids(why: str) -> None:
    bad = [
        (p, m[0]) for p, text in CHINESE for m in re.finditer(BAD_CHINESE[why], text)
    ]
    assert not bad, why


def test_the_word_rules_can_fail() -> None:
    wrong = (
        "NAND 是非门；导入偏置；正规化；您好,世界；权重和偏差；矩阵内积；监督数据；"
        "梯度指向下降最快的方向；高和长；正确概率；沿梯度下降；学习率是更新量；"
        "数组的维度；特征是转换器；损失是误差的总和"
    )
    assert [
        why for why, rule in BAD_CHINESE.items() if not re.search(rule, wrong)
    ] == []


BAD_ENGLISH = {
    "the gradient points uphill": (
        r"(?i)(?<!negative )(?<!minus the )gradient (?:points|is the direction)"
        r"[^.]{0,40}(?:descent|decrease|downhill)"
    ),
    "an update goes against the gradient": (
        r"(?i)(?:updat\w+|descen\w+)(?: \S+){0,2} "
        r"(?:along|in the direction of) the gradient"
    ),
    "the learning rate is a factor": (
        r"(?i)learning rate is (?:the )?(?:amount|size) of (?:the|an|each) update"
    ),
    "accuracy is a fraction": r"(?i)accuracy is the probability",
    "spelling is British, with -ize": (
        r"(?i)\b(?:colors?|behavior|neighbors?|normalis\w+|generalis\w+|recognis\w+)\b"
    ),
}


@pytest.mark.parametrize("why", BAD_ENGLISH)
def test_english_avoids(why: str) -> None:
    bad = [
        (p, m[0]) for p, text in ENGLISH for m in re.finditer(BAD_ENGLISH[why], text)
    ]
    assert not bad, why


def test_the_english_rules_can_fail() -> None:
    wrong = (
        "The gradient points to steepest descent, so we update W along the gradient."
        " The learning rate is the amount of each update. Accuracy is the probability"
        " of a color."
    )
    assert [
        why for why, rule in BAD_ENGLISH.items() if not re.search(rule, wrong)
    ] == []


def test_the_text_points_at_no_printed_figure() -> None:
    """A figure is shown where it is spoken of, not by a printed book's number."""
    bad = [
        (place, match[0])
        for place, text in CHINESE
        for match in re.finditer(r"图\s*\d+-\d+", text)
    ]
    assert not bad


def test_only_a_missing_mnist_lets_a_block_be_skipped() -> None:
    """So no block is skipped where the files are, unless it is marked as long."""
    found = [cell.skip for page in BOOK.pages for cell in page.cells]
    skips = [skip for skip in found if skip and (skip.reason or not skip.long)]
    assert {skip.test for skip in skips} <= {"not has_mnist()"}
    assert all("FISHBOOK_DATA" in skip.reason for skip in skips)


def test_a_room_of_the_loom_needs_only_those_before_it() -> None:
    """The order is that of the loom's own map."""
    listed = re.findall(r"^(\w+)/? {2,}\w", fishbook.loom.__doc__ or "", re.M)
    place = {room: i for i, room in enumerate(listed)}
    folder = ROOT / "fishbook" / "loom"
    rooms = {path.stem for path in folder.iterdir() if not path.name.startswith("__")}
    assert rooms >= set(listed) - {"site"}
    for path in sorted(folder.rglob("*.py")):
        room = path.relative_to(folder).with_suffix("").parts[0]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            for alias in node.names if isinstance(node, ast.ImportFrom) else []:
                full = f"{node.module}.{alias.name}.".partition("fishbook.loom.")[2]
                used = full.partition(".")[0]
                if full and room != "__main__":
                    assert place[used] <= place[room], f"{path.name} needs {used}"


def test_what_rooms_hand_on_cannot_change() -> None:
    """Only what is filled while something runs or is built can."""
    loose = {
        node.name
        for path in (ROOT / "fishbook" / "loom").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for mark in getattr(node, "decorator_list", [])
        if isinstance(node, ast.ClassDef) and "dataclass" in ast.unparse(mark)
        if "frozen=True" not in ast.unparse(mark)
    }
    assert loose == {"Space", "Made"}


FIRST_SCREEN = 130
"""Words of English, about what a screen has beside a picture."""


def test_something_runs_on_the_first_screen_of_a_page() -> None:
    """Exercises aside, the appendix, and the page on which readers draw."""
    late = set()
    for page in BOOK.pages:
        words = 0
        for block in page.blocks:
            if isinstance(block, Code) and not block.hidden:
                break
            if isinstance(block, Pair):
                words += len(re.findall(r"\w+", block.text.en))
        told = page.has_exercises or page.chapter.startswith("a-")
        if words > FIRST_SCREEN and not told:
            late.add(page.name)
    assert late == {"02-neural-network/06-draw-a-digit"}
