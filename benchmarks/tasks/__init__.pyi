from .task import Task, get_task, task_of

__all__ = [
    "Task",
    "get_task",
    "task_of",
]
