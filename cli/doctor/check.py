"""One line of the diagnosis."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Check:
    """What was looked at, and what was found.

    Attributes
    ----------
    name : str
        What was looked at.
    status : {"ok", "missing", "problem"}
        ``missing`` is for what can be added; ``problem`` for what does not work as it is.
    found : str
        A version, a path, a number.
    remedy : str
        What to do; empty where all is well.
    required : bool
        Whether ferbench cannot work without it.
    """

    name: str
    status: Literal["ok", "missing", "problem"]
    found: str
    remedy: str = ""
    required: bool = False

    @property
    def is_fatal(self) -> bool:
        """Whether something required is broken."""
        return self.required and self.status != "ok"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)
