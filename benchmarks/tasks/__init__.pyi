from .registry import check_recipe, get_task, task_of
from .task import Task

__all__ = [
    "Task",
    "check_recipe",
    "get_task",
    "task_of",
]
