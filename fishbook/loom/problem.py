"""What is wrong with the book, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong at a line of a file, and what to do about it."""

    path: PurePath
    line: int
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.path.as_posix()}:{self.line}: {self.what}; {self.fix}"


class LoomError(Exception):
    """The book can't be worked on as it stands: one or more problems, a line each."""

    def __init__(self, problems: Iterable[Problem | str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def refuse(problems: Iterable[Problem | str]) -> None:
    """Raise where there are problems."""
    if found := list(problems):
        raise LoomError(found)
