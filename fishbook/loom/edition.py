"""The editions, and every word that the site itself says, in both languages."""

from __future__ import annotations

from fishbook.loom.blocks import Twins

EDITIONS = ("zh", "en", "zh-en")
NAMES = {"zh": "中文", "en": "English", "zh-en": "中文 · English"}
WORDS = {
    "description": (
        "只用 NumPy 从零写出神经网络：每行代码都会运行，每个输出都经过核对。",
        "Neural networks from scratch with NumPy: every line of code runs, every"
        " output is checked.",
    ),
    "source": ("源代码", "Source"),
    "figure": ("图 {}", "Figure {}"),
    "exercise": ("练习 {}", "Exercise {}"),
    "code": ("代码", "Code"),
    "output": ("输出", "Output"),
    "note": ("注释", "Note"),
    "notebook": ("下载本页的笔记本", "Download this page as a notebook"),
    "search": ("搜索", "Search"),
    "search_failed": (
        "索引没有读到，搜索暂时不能用。请检查网络后再试。",
        "The index could not be read, so nothing can be found. Check the connection"
        " and try again.",
    ),
    "search_file": (
        "直接打开的文件不能搜索。请在网站所在的文件夹里运行 python -m http.server，"
        "再用浏览器打开它给出的地址。",
        "A page opened as a file can't search. Run python -m http.server in the"
        " site's folder, and open the address that it gives.",
    ),
    "edition": ("选择语言", "Choose the language"),
    "light": ("切换到浅色", "Switch to light"),
    "dark": ("切换到深色", "Switch to dark"),
    "permalink": ("本节的链接", "Link to this section"),
    "lost": ("没有这一页", "No such page"),
    "lost_note": (
        "这个地址没有页面：也许页面换了名字，也许链接抄漏了几个字。",
        "There is no page at this address: the page may have a new name, or the link"
        " may have lost a few letters.",
    ),
    "wrong": ("这一页还不能显示", "This page can't be shown yet"),
    "wrong_note": (
        "书里有下面的问题；改好并保存之后，本页会自动刷新。",
        "The book has the problems below. Mend them and save: this page follows.",
    ),
    "home": ("回到首页", "Go to the first page"),
    "read_zh": ("用中文读", "Read in Chinese"),
    "read_en": ("用英文读", "Read in English"),
    "read_both": ("双语对照", "Both, side by side"),
    "run_note": (
        "运行这份笔记本需要软件包 `fishbook` 和 Matplotlib；怎样安装，见本书首页。",
        "To run this notebook you need the package `fishbook` and Matplotlib; the"
        " book's first page says how to install them.",
    ),
    "source_note": (
        "这个文件由以下章节中的代码块织成：",
        "This file is made of the code blocks in:",
    ),
    "draw_board": ("画板：在这里写一个数字", "Board: draw a digit here"),
    "draw_keys": (
        "键盘：方向键移动光标，空格键落笔或抬笔，退格键撤销，Esc 键清除。",
        "Keyboard: arrow keys move the cursor, the space bar lowers or lifts the pen,"
        " Backspace undoes, Esc clears.",
    ),
    "draw_undo": ("撤销", "Undo"),
    "draw_clear": ("清除", "Clear"),
    "draw_network": ("由哪个网络来认", "Which network reads it"),
    "draw_dense": ("全连接网络", "Fully connected"),
    "draw_conv": ("卷积网络", "Convolutional"),
    "draw_filters": (
        "八个滤波器：橙色为正，蓝色为负",
        "Eight filters: orange positive, blue negative",
    ),
    "draw_maps": (
        "它们的特征图，24×24，过了 ReLU",
        "Their feature maps, 24×24, after ReLU",
    ),
    "draw_pooled": ("池化之后，12×12", "After pooling, 12×12"),
    "draw_strongest": (
        "{what}。从左数第 {n} 个响应最强，在{where}",
        "{what}. Number {n} from the left answers most, {where}",
    ),
    "draw_samples": ("不想写？选一个现成的：", "Rather not draw? Choose one:"),
    "draw_empty": ("请写一个 0 到 9 的数字", "Draw a digit from 0 to 9"),
    "draw_bars": ("每个数字的概率", "The probability of each digit"),
    "draw_seen": ("网络看到的 28×28 图像", "What the network gets: 28×28 pixels"),
    "draw_why": (
        "橙色的墨支持这个答案，蓝色的反对",
        "Orange ink speaks for the answer, blue ink against it",
    ),
    "draw_reason": (
        "墨最支持 {digit} 的地方：{for}；最反对的地方：{against}",
        "Where the ink speaks most for the {digit}: {for}; most against it: {against}",
    ),
    "draw_places": (
        "左上|上方|右上|左侧|中间|右侧|左下|下方|右下|无",
        "top left|at the top|top right|on the left|in the middle|on the right"
        "|bottom left|at the bottom|bottom right|nowhere",
    ),
    "draw_penDown": ("落笔", "Pen down"),
    "draw_penUp": ("抬笔", "Pen up"),
    "draw_cleared": ("画板空了", "The board is empty"),
    "draw_answer": ("最可能是 {digit}，概率 {p}", "Most likely a {digit}: {p}"),
    "draw_answer_8": ("最可能是 {digit}，概率 {p}", "Most likely an {digit}: {p}"),
    "step_group": ("一步一步走过这张图", "Step through this graph"),
    "step_hint": (
        "按 → 从头一步一步走：先前向，再反向",
        "Press → to step through from the start: forward, then backward",
    ),
    "step_first": ("回到开头", "To the start"),
    "step_back": ("上一步", "Back one step"),
    "step_next": ("下一步", "Next step"),
    "step_last": ("走到最后", "To the end"),
    "path_terrain": ("地形", "Terrain"),
    "path_valley": ("狭长的山谷", "Long valley"),
    "path_curve": ("弯弯的山谷", "Curved valley"),
    "path_optimizer": ("优化器", "Optimizer"),
    "path_rate": ("学习率", "Learning rate"),
    "path_step": ("第几步", "Step"),
    "path_map": ("地图：优化器走过的路", "Map: the path that the optimizer takes"),
    "path_keys": (
        "换起点：点一下地图，或选中地图后按方向键。",
        "To move the start, click on the map, or focus it and press arrow keys.",
    ),
    "path_at": (
        "第 {step} 步：x = {x}，y = {y}，高度 {f}",
        "Step {step}: x = {x}, y = {y}, height {f}",
    ),
    "path_lost": (
        "第 {step} 步就飞得没影了：学习率太大。",
        "Lost in space at step {step}: the rate is too large.",
    ),
    "window_filter": ("滤波器", "Filter"),
    "window_upright": ("竖边", "Vertical edges"),
    "window_level": ("横边", "Horizontal edges"),
    "window_ones": ("全是 1", "All ones"),
    "window_channels": ("通道数", "Channels"),
    "window_pad": ("填充", "Padding"),
    "window_stride": ("步幅", "Stride"),
    "window_picture": ("图像", "Image"),
    "window_sample": ("样图", "Sample"),
    "window_clear": ("擦净", "Clear"),
    "window_image": ("通道 {c}", "Channel {c}"),
    "window_weights": ("滤波器 {c}", "Filter {c}"),
    "window_map": ("结果", "Result"),
    "window_matrix": ("im2col 的矩阵", "Matrix of im2col"),
    "window_sumKeys": (
        "在图像上点或拖，画出笔画；点一下滤波器，换一个权重；在结果上点或移动，滑动窗口。"
        "键盘：方向键移动，空格键画、换。",
        "Tap or drag on the image to paint, tap on the filter to change a weight, tap"
        " or move over the result to slide the window. Keyboard: arrow keys move, the"
        " space bar paints or changes.",
    ),
    "window_rowsKeys": (
        "在矩阵或图像上点或移动，或用方向键走。",
        "Tap or move over the matrix or the image, or use the arrow keys.",
    ),
    "window_at": ("第 {i} 行第 {j} 列：{y}", "Row {i}, column {j}: {y}"),
    "window_pixel": (
        "通道 {c}，第 {i} 行第 {j} 列：{y}",
        "Channel {c}, row {i}, column {j}: {y}",
    ),
    "window_entry": (
        "矩阵第 {row} 行第 {column} 列是 {y}：通道 {c} 的第 {i} 行第 {j} 列，"
        "在 {many} 个窗口里",
        "Row {row}, column {column} of the matrix is {y}: channel {c}, row {i},"
        " column {j}, which is in {many} of the windows",
    ),
    "window_zero": (
        "矩阵第 {row} 行第 {column} 列是填充的 0，在 {many} 个窗口里",
        "Row {row}, column {column} of the matrix is a 0 of the padding, which is in"
        " {many} of the windows",
    ),
}
"""Each word of the site: Chinese, English. Those of the board begin with `draw_`, those
of graphs with steps with `step_`, those of the optimizers' paths with `path_`, those
of convolution's windows with `window_`."""


def words(edition: str) -> dict[str, str]:
    """Return the site's words in an edition; the one of both says both."""
    return {key: choose(edition, Twins(*pair)) for key, pair in WORDS.items()}


def language(edition: str) -> str:
    """Return the language that an edition's pages are in first of all."""
    return "en" if edition == "en" else "zh"


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


def titled(edition: str, number: str, twins: Twins, word: str = "") -> str:
    """Return a title with its number; `word` says of what: `Figure 2.7 …`."""
    if not number:
        return marked(edition, twins)
    if not word:
        return f"{number} {marked(edition, twins)}"
    zh, en = (form.format(number) for form in WORDS[word])
    return marked(edition, Twins(f"{zh} {twins.zh}", f"{en} {twins.en}"))


def draw_words(edition: str) -> dict[str, list[tuple[str, str]]]:
    """Return the words of the board for drawing: pairs of language and text."""
    languages = edition.split("-")
    return {
        key.removeprefix("draw_"): [
            (language, text)
            for language, text in zip(("zh", "en"), pair, strict=True)
            if language in languages
        ]
        for key, pair in WORDS.items()
        if key.startswith("draw_")
    }
