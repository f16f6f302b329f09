"""The rooms of the benchmarks: no two know each other, and what is imported stands at the top of a module."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ferbench.benchmarks.rebuild import report_of
from ferbench.benchmarks.tasks import get_task

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def imports(tree: ast.AST) -> Iterator[ast.ImportFrom]:
    """Imports of ferbench that are carried out, those inside functions too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ferbench"):
            yield node
        yield from imports(node)


def test_no_circle_between_rooms() -> None:
    rooms: dict[str, set[str]] = {}
    for file in BENCHMARKS.rglob("*.py"):
        room = file.stem if file.parent == BENCHMARKS else file.relative_to(BENCHMARKS).parts[0]
        for node in imports(ast.parse(file.read_text())):
            parts = str(node.module).split(".")
            targets = parts[2:3] or ([alias.name for alias in node.names] if parts[1:] == ["benchmarks"] else [])
            if parts[1:2] != ["benchmarks"]:
                continue
            rooms.setdefault(room, set()).update(set(targets) - {room})
    try:
        order = list(TopologicalSorter(rooms).static_order())
    except CycleError as error:
        pytest.fail(f"rooms that know each other: {' -> '.join(error.args[1])}")
    assert order.index("tables") < order.index("pages") < order.index("report") < order.index("rebuild")


def test_nothing_of_ours_is_imported_inside_a_function() -> None:
    inside = [
        f"{file.relative_to(BENCHMARKS)}:{node.lineno}"
        for file in BENCHMARKS.rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in imports(function)
    ]
    assert inside == []


@pytest.mark.parametrize("name", ["expressions", "keypoints"])
def test_every_task_has_a_report_that_chooses_where_the_task_does(name: str) -> None:
    task = get_task(name)
    assert report_of(task).validation == task.validation
