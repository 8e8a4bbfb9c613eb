"""A computation in words, 中文 | English: as a whole, and step by step."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

SIGNS = {"*": "×", "/": "÷", "-": "−", "**": "^", "T": "ᵀ"}
RAISED = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Tensor(Protocol):
    """What is asked of a value: see `fishbook.autograd`."""

    data: Any
    grad: Any
    name: str
    op: str
    constant: bool

    parents: Any
    ways: Any


def written(values: Any, form: str = ".4g", column: bool = False) -> str:
    """Return numbers as an edge shows them, a line each if wanted; a matrix's shape."""
    array = np.asarray(values)
    if array.ndim > 1:
        return str(array.shape)
    numbers = [f"{value + 0:{form}}" for value in np.round(array, 12).ravel()]
    signs = [number.replace("-", "\N{MINUS SIGN}") for number in numbers]
    if column:
        return "\n".join(signs)
    return f"({', '.join(signs)})" if array.ndim else signs[0]


def sign(value: Tensor) -> str:
    """Return what stands in the node of an operation, constants included."""
    symbol = SIGNS.get(value.op, value.op)
    inside = [p.name or written(p.data) if p.constant else "" for p in value.parents]
    if not any(inside):
        return symbol
    first, second = inside
    if value.op == "**":
        return f"( ){second.translate(RAISED)}" if second else f"{first} **"
    return f"{first} {symbol}" if first else f"{symbol} {second}"


def shares(value: Tensor) -> list[Any]:
    """Return what an operation hands back to each parent; None to a constant."""
    found = []
    for parent, back in value.ways:
        twin = type(parent)(parent.data)
        if not parent.constant:
            twin.receive(np.asarray(back(value.grad)))
        found.append(twin.grad)
    return found


def computed(value: Tensor, form: str = ".4g") -> str:
    """Return one operation with its numbers: 100 × 2 = 200."""
    symbol, numbers = SIGNS.get(value.op, value.op), []
    for parent in value.parents:
        numbers.append(written(parent.data, form))
    if value.op == "**":
        left = f"{numbers[0]}{numbers[1].translate(RAISED)}"
    else:
        left = f" {symbol} ".join(numbers if numbers[1:] else ["", *numbers]).strip()
    return f"{left} = {written(value.data, form)}"


def half(words: str, which: int) -> str:
    """Return the Chinese (0) or the English (1) of words in both."""
    return words.split(" | ")[which] if " | " in words else words


def whole(given: Sequence[Tensor], made: Sequence[Tensor], form: str) -> str:
    """Return a drawn computation in words, its inputs and its operations."""
    inputs = [value for value in given if value.name]
    done = [computed(value, form) for value in made]
    named = [*inputs, *(value for value in made if value.name)]
    known = [value for value in named if value.grad is not None]
    said = []
    for which, comma in enumerate(("，", ", ")):
        names = [half(value.name, which).replace("_", " ") for value in inputs + known]
        numbers = [written(value.data, form) for value in inputs]
        numbers += [written(value.grad, form) for value in known]
        pairs = [f"{n} {v}" for n, v in zip(names, numbers, strict=True)]
        many = len(inputs)
        said.append([comma.join(part) for part in (pairs[:many], done, pairs[many:])])
    (ins, steps, grads), (ins_en, steps_en, grads_en) = said
    zh = f"计算图。输入：{ins}。计算：{steps}"
    en = f"A graph. Inputs: {ins_en}. Steps: {steps_en}"
    if known:
        zh, en = f"{zh}。导数：{grads}", f"{en}. Derivatives: {grads_en}"
    return f"{zh} | {en}"


def forward(value: Tensor, form: str) -> str:
    """Return what a step forward does."""
    return f"前向：{computed(value, form)} | Forward: {computed(value, form)}"


def first(value: Tensor, form: str) -> str:
    """Return how the way back begins."""
    one = written(value.grad, form)
    return (
        f"反向从结果出发：它对自己的导数是 {one} | "
        f"Backward from the result: its derivative with respect to itself is {one}"
    )


def backward(value: Tensor, sums: Iterable[Tensor], form: str) -> str:
    """Return what a step backward does; `sums` are values whose ways are complete."""
    came = written(value.grad, form)
    out = [_slope(value.grad, s, form) for s in shares(value) if s is not None]
    zh = f"反向经过 {sign(value)}：收到 {came}，传下去 {'、'.join(out)}"
    en = f"Back through {sign(value)}: {came} arrives; handed on: {', '.join(out)}"
    for parent in sums:
        total = written(parent.grad, form)
        zh += f"；分岔处相加，得 {total}"
        en += f"; where the paths part, they add up to {total}"
    return f"{zh} | {en}"


def _slope(came: Any, share: Any, form: str) -> str:
    """Return what is handed on, for single numbers as a product with the slope."""
    if came.ndim or share.ndim or not came:
        return written(share, form)
    slope = written(share / came, form)
    return f"{written(came, form)} × {slope} = {written(share, form)}"
