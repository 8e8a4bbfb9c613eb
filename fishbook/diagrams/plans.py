"""Where a computation's parts stand: columns by depth, rows so that nothing crosses."""

from collections.abc import Collection
from dataclasses import dataclass, field

from fishbook.diagrams.sayings import Tensor


@dataclass
class Use:
    """An edge: a value on its way into an operation, in a row of its own."""

    value: Tensor
    by: Tensor
    which: int
    row: float = 0.0


@dataclass
class Plan:
    """What is drawn, each after its parents, and where: columns and rows."""

    order: list[Tensor] = field(default_factory=list)
    column: dict[int, int] = field(default_factory=dict)
    row: dict[int, float] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)

    def parted(self) -> tuple[list[Tensor], list[Tensor]]:
        """Return the inputs, and what is computed from them."""
        given = [value for value in self.order if not self.column[id(value)]]
        return given, [value for value in self.order if self.column[id(value)]]

    def of(self, value: Tensor) -> list[Use]:
        """Return the edges on which a value leaves its node."""
        return [use for use in self.uses if use.value is value]


def planned(result: Tensor, folded: Collection[Tensor]) -> Plan:
    """Return what is drawn of a computation, in columns by depth and in rows."""
    plan = Plan()
    _gather(result, folded, plan)
    for value in plan.order:
        parents = [use.value for use in plan.uses if use.by is value]
        if parents:
            rows = [plan.row[id(parent)] for parent in parents]
            plan.column[id(value)] = 1 + max(plan.column[id(p)] for p in parents)
            plan.row[id(value)] = (min(rows) + max(rows)) / 2
        else:
            plan.column[id(value)] = 0
            leaves = [v for v in plan.order if plan.column.get(id(v)) == 0]
            plan.row[id(value)] = float(len(leaves) - 1)
    for use in plan.uses:
        use.row = _lane(use, plan)
    return plan


def _gather(value: Tensor, folded: Collection[Tensor], plan: Plan) -> None:
    """Put a value behind all that it is made of, and note each use."""
    if any(value is other for other in plan.order):
        return
    parents = () if any(value is cloud for cloud in folded) else value.parents
    shown = [(i, p) for i, p in enumerate(parents) if not p.constant]
    for _, parent in shown:
        _gather(parent, folded, plan)
    plan.order.append(value)
    plan.uses += [Use(parent, value, i) for i, parent in shown]


def _lane(use: Use, plan: Plan) -> float:
    """Return the row nearest to its start on which an edge meets nothing."""
    row, start, end = (
        plan.row[id(use.value)],
        plan.column[id(use.value)],
        plan.column[id(use.by)],
    )
    twins = [u for u in plan.of(use.value) if u.by is use.by]
    if len(twins) > 1:
        return row + (0.4 if use is twins[1] else -0.4)
    blocked = [plan.row[id(v)] for v in plan.order if start < plan.column[id(v)] < end]
    for lane in (row, row + 1, row - 1, row + 2, row - 2):
        if all(abs(lane - other) >= 0.7 for other in blocked):
            return lane
    return row + 3
