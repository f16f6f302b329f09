"""The graph of the house's imports: function-level imports, lazy doors, stubs and ``-m`` strings included."""

import ast
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOORS = ("utils", "datasets", "features", "models", "benchmarks", "realtime", "cli")


@dataclass(frozen=True)
class Import:
    """One import of a module of ours.

    Attributes
    ----------
    source : str
        The module that imports.
    target : str
        The module or the door that is named.
    name : str
        What is imported from it; empty for a module as a whole.
    line : int
    in_function : bool
    """

    source: str
    target: str
    name: str
    line: int
    in_function: bool


@cache
def modules() -> Mapping[str, Path]:
    """Every module of the house by its name; a folder's name is that of its door."""
    found = {}
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            name = ".".join(("ferbench", *path.relative_to(ROOT).with_suffix("").parts))
            found[name.removesuffix(".__init__")] = path
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    """A module as Python parses it."""
    return ast.parse(path.read_text())


def is_door(name: str) -> bool:
    """Whether a module is the ``__init__`` of a room."""
    return modules()[name].name == "__init__.py"


def room_of(name: str) -> str:
    """The folder that a module lies in."""
    return name if is_door(name) else name.rpartition(".")[0]


@cache
def exports(door: str) -> Mapping[str, str]:
    """Names that a door gives, lazily or not, and the modules they come from."""
    path = modules()[door]
    stub = path.with_suffix(".pyi")
    names = {}
    for node in ast.parse((stub if stub.exists() else path).read_text()).body:
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("ferbench")):
            module = f"{door}.{node.module}" if node.level else str(node.module)
            names |= {alias.asname or alias.name: module for alias in node.names}
    return names


@cache
def imports() -> tuple[Import, ...]:
    """Every import of a module of ours that runs; imports for type checkers alone are left out."""
    return tuple(found for name, path in modules().items() for found in _imports_of(name, path))


@cache
def module_graph() -> dict[str, set[str]]:
    """Which module needs which, looking through the doors to the modules behind them."""
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for found in imports():
        target = found.target
        if is_door(target):
            target = exports(target).get(found.name, target)
            if f"{found.target}.{found.name}" in modules():
                target = f"{found.target}.{found.name}"
        if target != found.source and not is_door(target):
            graph[found.source].add(target)
    return graph


def standard_imports_in_functions() -> set[tuple[str, str]]:
    """Modules that import one of the standard library inside a function, and what they import."""
    found = set()
    for name, path in modules().items():
        for node, inner in _walk(tree_of(path), False):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            standard = [each for each in names if each.partition(".")[0] in sys.stdlib_module_names]
            found |= {(name, each) for each in standard if inner}
    return found


def library_imports_in_functions(libraries: Collection[str]) -> Counter[str]:
    """How many pairs of a module and an import inside its functions there are, by library."""
    found = set()
    for name, path in modules().items():
        for node, inner in _walk(tree_of(path), False):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            found |= {(name, each) for each in names if inner and each.partition(".")[0] in libraries}
    return Counter(each.partition(".")[0] for _, each in found)


def room_graph() -> dict[str, set[str]]:
    """Which room needs which other room."""
    graph: dict[str, set[str]] = {}
    for source, targets in module_graph().items():
        graph.setdefault(room_of(source), set()).update({room_of(target) for target in targets} - {room_of(source)})
    return graph


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of nodes that reach each other (Tarjan, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for neighbor in graph.get(node, ()):
            if neighbor not in index:
                visit(neighbor)
                low[node] = min(low[node], low[neighbor])
            elif neighbor in stack:
                low[node] = min(low[node], index[neighbor])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def _imports_of(name: str, path: Path) -> Iterator[Import]:
    nodes = list(_walk(tree_of(path), False))
    aliases: dict[str, str] = {}
    for node, inner in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in modules():
                    aliases[alias.asname or alias.name] = alias.name
                    yield Import(name, alias.name, "", node.lineno, inner)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ferbench"):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in modules():
                    aliases[alias.asname or alias.name] = full
                    yield Import(name, full, "", node.lineno, inner)
                elif node.module in modules():
                    yield Import(name, node.module, alias.name, node.lineno, inner)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("ferbench."):
            # A string that is a module's name: what `python -m` or `import_module` is handed.
            started = f"{node.value}.__main__"
            target = started if started in modules() else node.value
            if target in modules() and name not in (target, node.value):
                yield Import(name, target, "", node.lineno, False)
    for node, _ in nodes:
        # What is taken from a lazily imported door: `choose.best` after `from ferbench.benchmarks import choose`.
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield Import(name, aliases[node.value.id], node.attr, node.lineno, False)


def _walk(node: ast.AST, in_function: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node and whether it lies in a function; what only type checkers read is left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child, in_function
        yield from _walk(child, in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))
