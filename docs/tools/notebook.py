"""Run a notebook without Jupyter, keep what its cells print and draw, and show it as Markdown.

``python docs/tools/notebook.py docs/tutorial.ipynb`` runs it and writes the outputs into it.
"""

import ast
import base64
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any


def code_cells(path: Path) -> list[str]:
    """Return the code of each cell, in order."""
    return [_text(cell) for cell in _read(path)["cells"] if cell["cell_type"] == "code"]


def run_cell(code: str, names: dict[str, Any], title: str) -> tuple[str, Any]:
    """Run one cell in `names`; return what it printed, and the value of its last line if that is an expression."""
    tree = ast.parse(code, title)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, title, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), title, "eval"), names)
    return printed.getvalue(), value


def run_notebook(path: Path) -> None:
    """Run every cell and write what it printed, returned and drew into the file."""
    content, names = _read(path), {"__name__": "__main__"}
    number = 0
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            number += 1
            printed, value = run_cell(_text(cell), names, f"{path.name}[{number}]")
            cell["execution_count"] = number
            cell["outputs"] = _outputs(printed, value, number)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def as_markdown(path: Path, pictures: Path) -> str:
    """Return a notebook with its stored outputs as Markdown; its pictures are written to a folder beside the page."""
    parts = []
    for number, cell in enumerate(_read(path)["cells"]):
        if cell["cell_type"] == "markdown":
            parts.append(_text(cell))
            continue
        parts.append(f"```python\n{_text(cell)}\n```")
        for output in cell["outputs"]:
            text = "".join(output.get("text", output.get("data", {}).get("text/plain", [])))
            image = output.get("data", {}).get("image/png")
            if image:
                pictures.mkdir(parents=True, exist_ok=True)
                (pictures / f"{number}.png").write_bytes(base64.b64decode(image))
                parts.append(f"![What the cell draws](generated/{pictures.name}/{number}.png)")
            elif text:
                parts.append(f"```text\n{text.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def _outputs(printed: str, value: Any, number: int) -> list[dict[str, Any]]:
    import matplotlib.pyplot as plt

    outputs: list[dict[str, Any]] = []
    if printed:
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed.splitlines(keepends=True)})
    if value is not None and not plt.get_fignums():
        data = {"text/plain": repr(value).splitlines(keepends=True)}
        outputs.append({"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data})
    for figure in map(plt.figure, plt.get_fignums()):
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=80, bbox_inches="tight")
        data = {"image/png": base64.b64encode(drawn.getvalue()).decode()}
        outputs.append({"output_type": "display_data", "metadata": {}, "data": data})
        plt.close(figure)
    return outputs


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


if __name__ == "__main__":
    import matplotlib

    matplotlib.use("Agg")
    for name in sys.argv[1:]:
        run_notebook(Path(name))
