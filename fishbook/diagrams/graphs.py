"""Computations as graphs: values above the edges, derivatives below them.

A graph is drawn from what was computed, so that none of its numbers is typed.
"""

from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from fishbook.diagrams import sayings
from fishbook.diagrams.labels import Label
from fishbook.diagrams.plans import Plan, Use, planned
from fishbook.diagrams.sayings import Tensor, shares, written
from fishbook.diagrams.sheets import Labels, Sheet
from fishbook.diagrams.svg import Picture

Writer: TypeAlias = Callable[[Tensor], Label]
Piece: TypeAlias = tuple[str, Tensor | Use, Label]


def graph(
    result: Tensor,
    *,
    over: Writer | None = None,
    under: Writer | None = None,
    form: str = ".4g",
    down: bool = False,
    folded: Collection[Tensor] = (),
    steps: bool = False,
) -> Picture:
    """Draw the computation of a result, its derivatives too once they are known.

    Parameters
    ----------
    result : Tensor
        Of `fishbook.autograd`. Its inputs stand on the left with their names, plain
        numbers in the nodes; after `result.backward()` derivatives stand below.
    over, under : function of a Tensor, optional
        What stands above and below its edge in place of numbers; "" is nothing.
    form : str, optional
        The format of numbers.
    down : bool, optional
        Whether to draw from top to bottom, values left of the edges.
    folded : collection of Tensor, optional
        Values whose own computation is not drawn: a cloud.
    steps : bool, optional
        Whether readers may step through it.

    Returns
    -------
    Picture

    Examples
    --------
    >>> from fishbook.autograd import Tensor
    >>> bill = Tensor(100.0, "apple") * Tensor(2.0, "count")
    >>> bill.backward()
    >>> picture = graph(bill, steps=True)
    """
    plan = planned(result, folded)
    labels = _labels(plan, over, under, lambda v: written(v, form, column=down))
    sheet = Sheet(plan, labels, down, folded)
    words = "" if over or under else sayings.whole(*plan.parted(), form)
    body = (f"<desc>{words}</desc>\n" if words else "") + sheet.shapes()
    for said, pieces in _steps(plan, result, labels, form):
        steps = steps and said != ""
        seen = (piece for piece in pieces if steps or piece[0] != "ring")
        drawn = "".join(sheet.label(*piece) for piece in seen)
        group = f'<g class="step">\n<desc>{said}</desc>\n{drawn}</g>\n'
        body += group if steps else drawn
    return Picture(*sheet.size(), body)


def _labels(
    plan: Plan,
    over: Writer | None,
    under: Writer | None,
    write: Callable[[Any], str],
) -> dict[tuple[str, int], Label]:
    """Return what is written, by where (over, under, share) and a value or an edge."""
    labels: dict[tuple[str, int], Label] = {}
    for value in plan.order:
        labels["over", id(value)] = over(value) if over else write(value.data)
        known = value.grad is not None
        grad = write(value.grad) if known and not under else ""
        labels["under", id(value)] = under(value) if under else grad
    for use in plan.uses:
        if use.value.grad is not None and len(plan.of(use.value)) > 1 and not under:
            labels["share", id(use)] = write(shares(use.by)[use.which])
    return labels


def _steps(
    plan: Plan, result: Tensor, labels: Labels, form: str
) -> list[tuple[str, list[Piece]]]:
    """Return what is seen at each step, forward and then backward, and what is said."""

    def piece(kind: str, thing: Tensor | Use) -> list[Piece]:
        label = labels.get((kind, id(thing)), "")
        return [(kind, thing, label)] if label != "" else []

    given, made = plan.parted()
    steps = [("输入 | The inputs", [p for v in given for p in piece("over", v)])]
    for value in made:
        pieces: list[Piece] = [("ring", value, ""), *piece("over", value)]
        steps.append((sayings.forward(value, form), pieces))
    known = result.grad is not None
    steps.append((sayings.first(result, form) if known else "", piece("under", result)))
    waiting = {id(value): len(plan.of(value)) for value in plan.order}
    for value in reversed(made):
        pieces, sums = [("ring", value, "")], []
        for use in (use for use in plan.uses if use.by is value):
            waiting[id(use.value)] -= 1
            pieces += piece("share", use)
            if not waiting[id(use.value)]:
                pieces += piece("under", use.value)
                sums += [use.value] if len(plan.of(use.value)) > 1 else []
        steps.append((sayings.backward(value, sums, form) if known else "", pieces))
    return steps
