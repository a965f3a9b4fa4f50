"""Rules about the source itself: names, sizes, docstrings, words."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "worker", "connectors", "plugins", "bench", "demo")
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
LONGEST_FILE = 400
# Work that is not finished, and places that exist on one machine only.
FORBIDDEN = re.compile(r"\b(TODO|FIXME|XXX)\b|/home/\w+|/tmp/(?!no-|x\b)\w+/")


def _files() -> list[Path]:
    shown = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if shown.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in shown.stdout.split("\0") if name and (ROOT / name).is_file()]


def _modules() -> list[Path]:
    return [path for path in _files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES]


def _public(tree: ast.Module) -> Iterator[ast.AST]:
    """What a reader may call. A method of a subclass inherits its text; a test's name is its text."""
    yield tree
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith(("_", "test_")):
            yield node
            if isinstance(node, ast.ClassDef) and not node.bases:
                yield from (
                    i for i in node.body if isinstance(i, ast.FunctionDef) and not i.name.startswith(("_", "test_"))
                )


def test_modules_when_named_then_say_what_they_hold() -> None:
    assert [str(path.relative_to(ROOT)) for path in _modules() if path.stem in VAGUE] == []


def test_modules_when_measured_then_none_is_too_long() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in _modules()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_public_names_when_declared_then_have_docstrings() -> None:
    missing = []
    for path in _modules():
        tree = ast.parse(path.read_text())
        for node in _public(tree):
            assert isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            is_empty = isinstance(node, ast.Module) and not node.body
            is_overload = any(ast.unparse(d) in ("overload", "override") for d in getattr(node, "decorator_list", []))
            if not ast.get_docstring(node) and not is_empty and not is_overload:
                missing.append(
                    f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', 'module')}"
                )
    assert missing == []


def test_source_when_read_then_holds_no_unfinished_work_and_no_place_of_one_machine() -> None:
    found = []
    for path in _modules():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if FORBIDDEN.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number} {line.strip()}")
    assert found == []


def test_tests_when_named_then_say_what_when_and_then() -> None:
    pattern = re.compile(r"test_\w+_when_\w+_then_\w+|test_[a-z0-9_]+")
    bad = []
    for path in _files():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] == "tests":
            names = [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
            bad += [f"{path.name}:{name}" for name in names if name.startswith("test_") and not pattern.fullmatch(name)]
    assert bad == []


def test_tests_when_they_wait_then_for_a_condition() -> None:
    sleeping = []
    for path in _files():
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] == "tests" and path != Path(__file__):
            sleeping += [f"{path.name}:{n}" for n, line in enumerate(path.read_text().splitlines(), 1) if _sleeps(line)]
    assert sleeping == []


def _sleeps(line: str) -> bool:
    # Short steps of a loop that waits for a condition are fine.
    found = re.search(r"\bsleep\(([0-9.]+)\)", line)
    return bool(found and float(found[1]) > 0.25)
