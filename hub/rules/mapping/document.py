"""YAML with line numbers, read by rules a person expects.

Only JSON's scalars are special: null, true, false and numbers. YAML 1.1 would read `no` as false,
`+10:00` as 600 and `2026-11-22` as a date; here they are text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.rules.mapping.yaml_tree import Entry, Tree, TreeError

__all__ = ["Entry", "Fault", "Report", "read_document"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place of a mapping file, and how to fix it. A warning does not stop the start."""

    file: str
    line: int
    field: str
    text: str
    is_warning: bool = False

    def __str__(self) -> str:
        return ": ".join(part for part in (f"{self.file}:{self.line}", self.field, self.text) if part)


@dataclass(slots=True)
class Report:
    """What is wrong with one file. `tables`: the look-up tables of other files that it uses."""

    file: str
    faults: list[Fault] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)

    def add(self, line: int, name: str, what: str) -> None:
        """Notes one fault; reading goes on, so that a person sees all of them at once."""
        self._note(Fault(self.file, line, name, what))

    def warn(self, line: int, name: str, what: str) -> None:
        """Notes what may be meant so; it does not stop the start."""
        self._note(Fault(self.file, line, name, what, is_warning=True))

    def _note(self, fault: Fault) -> None:
        if fault not in self.faults:  # a file read for every kind would say it once for each
            self.faults.append(fault)


def read_document(text: str, report: Report) -> Entry | None:
    """The file's tree; None, with the fault reported, when it is not YAML."""
    tree = Tree(text)
    try:
        found = tree.read()
    except TreeError as error:
        report.add(error.line, "", str(error))
        return None
    finally:
        for remark in tree.remarks:
            report.add(*remark)
    return Entry({}, 1) if found is None else found
