"""Find tasks by name or by results folder."""

from pathlib import Path

from ferbench.benchmarks.tasks.expressions import Expressions
from ferbench.benchmarks.tasks.keypoints import KeyPoints
from ferbench.benchmarks.tasks.task import Task
from ferbench.utils import read_json


def all_tasks() -> list[Task]:
    """Return all tasks, expressions first."""
    return [Expressions(), KeyPoints()]


def get_task(name: str) -> Task:
    """Return the task with this name."""
    return next(task for task in all_tasks() if task.name == name)


def task_of(folder: str | Path) -> Task:
    """Return the task of the results in a folder, as named in its suite."""
    path = Path(folder) / "suite.json"
    try:
        content = read_json(path) if path.is_file() else {}
    except ValueError:
        content = {}  # The reader of the results raises the error about this file.
    known = {task.name: task for task in all_tasks()}
    name = content.get("task") if isinstance(content, dict) else None
    return known.get(str(name), known["expressions"])


def check_recipe(task: Task, name: str, family: str) -> None:
    """Raise ValueError if a recipe of this name and family belongs to another task."""
    claimed = {family for each in all_tasks() for family in each.families or ()}
    if family not in (task.families or {family} - claimed):
        remedy = f"its family is {family}; correct the suite's recipes or its task"
        raise ValueError(f"recipe {name!r} is none for the task {task.name!r}: {remedy}")
