"""Read and write ``model.skops`` files, with limits on untrusted content and public names of types.

A skops file is a ZIP archive. It contains arrays as ``.npy`` files, and a ``schema.json`` with the types and their
nested attributes. scikit-learn and skops are imported only when a file is read or written.
"""

import inspect
import io
import json
import math
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.models.base import parts_of
from ferbench.models.bundles import aliases
from ferbench.models.bundles.description import depth_of
from ferbench.models.bundles.trusted import FOREIGN, OWN, refusal, trusted_types

SCHEMA = "schema.json"
MAX_MEMBERS = 50_000
MAX_SCHEMA_BYTES = 64 * 2**20
# The number of brackets and commas determines the memory of the parsed schema. Boosting with 1,400 trees has about
# 200,000 of them, and 40,000 nodes.
MAX_TOKENS = 1_000_000
MAX_NODES = 150_000
MAX_DEPTH = 200
MAX_UNPACKED = 16 * 2**30
# Largest ratio of unpacked to packed size; ferbench itself does not compress arrays.
MAX_RATIO = 20
FREE_BYTES = 16 * 2**20

_ARRAY = re.compile(r"numpy\.(ndarray|float(16|32|64)|u?int(8|16|32|64)|bool_?|str_)")
# Kinds of nodes that skops may build. Bound methods, partial functions, calls with stored arguments and sparse matrices
# are excluded.
_LOADERS = frozenset(
    f"{name}Node"
    for name in (
        *("DType", "DefaultDict", "Dict", "Function", "Json", "List", "Loss", "MaskedArray", "NdArray"),
        *("Object", "RandomGenerator", "RandomState", "Set", "Slice", "Tree", "Tuple", "Type"),
    )
)


def load_archive(file: Path, plugins: Mapping[str, str] | None = None) -> Any:
    """Load the recognizer in a skops file.

    Parameters
    ----------
    file : Path
    plugins : mapping of str to str, optional
        Module -> package to install, for the message about a type of a package that is missing.

    Raises
    ------
    ValueError
        If the archive is too large or too deeply nested, or contains a type that is not trusted.
    """
    from sklearn.exceptions import InconsistentVersionWarning
    from skops.io import get_untrusted_types, loads
    from skops.io.exceptions import UntrustedTypesFoundException

    content, found = _checked(file)
    trusted = trusted_types(found)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        try:
            return _with_parameters(loads(content, trusted=trusted))
        except UntrustedTypesFoundException:
            unknown = set(get_untrusted_types(data=content)) - set(trusted)
    raise ValueError(refusal(unknown, plugins))


def _with_parameters(recognizer: Any) -> Any:
    """Give parameters that another release of scikit-learn did not write the defaults of the installed one.

    Releases add and remove parameters, such as `multi_class` of logistic regression, which they read to predict.
    """
    for part in parts_of(recognizer):
        if type(part).__module__.startswith("sklearn."):
            for name, parameter in inspect.signature(type(part)).parameters.items():
                if not hasattr(part, name) and parameter.default is not inspect.Parameter.empty:
                    setattr(part, name, parameter.default)
    return recognizer


def save_archive(recognizer: Any, file: Path) -> None:
    """Write a recognizer as a skops file that names ferbench's types by their public names.

    Raises
    ------
    ValueError
        If `load_archive` would refuse the file.
    """
    from skops.io import dumps, get_untrusted_types

    try:
        content = dumps(recognizer)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"a {type(recognizer).__name__} cannot be written without pickle: {reason}") from error
    schema = json.loads(_member(content, SCHEMA))
    found = _translated(schema)
    content = _with_schema(content, schema)
    if unknown := set(get_untrusted_types(data=content)) - set(trusted_types(found)):
        raise ValueError(refusal(unknown))
    file.write_bytes(content)


def _checked(file: Path) -> tuple[bytes, set[str]]:
    """Return the checked content of the archive with current names, and the types in it."""
    with zipfile.ZipFile(file) as archive:
        _check_members(archive, file.stat().st_size)
        schema = _parse(archive.read(SCHEMA))
        _check_arrays(archive)
        _check_nodes(schema, archive)
    before = json.dumps(schema)
    found = _translated(schema)
    content = file.read_bytes()
    return content if json.dumps(schema) == before else _with_schema(content, schema), found


def _check_members(archive: zipfile.ZipFile, packed: int) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"{len(members):,} files are in the archive; expected at most {MAX_MEMBERS:,}")
    names = {member.filename for member in members}
    if SCHEMA not in names or len(names) < len(members):
        raise ValueError(f"the archive must hold one {SCHEMA} and each file once")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise ValueError("a file in the archive is compressed by a method that skops does not use")
    unpacked = sum(member.file_size for member in members)
    if unpacked > min(MAX_UNPACKED, MAX_RATIO * packed + FREE_BYTES):
        raise ValueError(f"the archive unpacks from {packed:,} to {unpacked:,} bytes, more than a recognizer needs")
    if (size := archive.getinfo(SCHEMA).file_size) > MAX_SCHEMA_BYTES:
        raise ValueError(f"{SCHEMA} is {size:,} bytes long; expected at most {MAX_SCHEMA_BYTES:,}")


def _parse(text: bytes) -> dict[str, Any]:
    _check_tokens(sum(map(text.count, (b"{", b"[", b","))))
    try:
        schema = json.loads(text)
    except RecursionError:
        raise ValueError(f"{SCHEMA} is nested too deeply") from None
    if depth_of(schema, MAX_DEPTH) > MAX_DEPTH:
        raise ValueError(f"{SCHEMA} is nested more than {MAX_DEPTH} levels deep")
    if not isinstance(schema, dict):
        raise ValueError(f"{SCHEMA} must be an object {{…}}; got {type(schema).__name__}")
    return schema


def _check_tokens(count: int) -> None:
    if count > MAX_TOKENS:
        raise ValueError(f"{SCHEMA} has {count:,} parts; expected at most {MAX_TOKENS:,}")


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield all nodes of the schema."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "__class__" in part or "__loader__" in part:
                yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _check_nodes(schema: Any, archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    owners: dict[str, int] = {}
    trees: dict[Any, dict[str, Any]] = {}
    for count, node in enumerate(_nodes(schema)):
        if count >= MAX_NODES:
            raise ValueError(f"{SCHEMA} has more than {MAX_NODES:,} parts")
        _check_node(node, names)
        number = node.get("__id__")
        # skops would read the file again for each node that names it, which could use much memory.
        if "file" in node and (not isinstance(number, int) or owners.setdefault(node["file"], number) != number):
            raise ValueError(f"{SCHEMA} names the file {_shown(node['file'])} more than once")
        if node["__loader__"] == "TreeNode":
            trees |= _tree_arguments(node, archive)
    # skops builds each id only once and ignores the content of later nodes with the same id.
    if any(trees.get(node.get("__id__"), node) != node for node in _nodes(schema)):
        raise ValueError(_TREE)


def _check_node(node: dict[str, Any], files: set[str]) -> None:
    names = [node.get(key) for key in ("__class__", "__module__", "__loader__")]
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"{SCHEMA} must name class, module and loader of every part; got {_shown(names)}")
    kind, loader = f"{node['__module__']}.{node['__class__']}", node["__loader__"]
    if loader not in _LOADERS or (loader == "NdArrayNode" and not _ARRAY.fullmatch(kind)):
        raise ValueError(f"{SCHEMA} asks for {_shown(loader)} of {_shown(kind)}, which no recognizer needs")
    if loader == "JsonNode":
        content = node.get("content")
        if not isinstance(content, str):
            raise ValueError(f"{SCHEMA} holds a value that is no text; got {_shown(content)}")
        # A bracket may be escaped as \\u005b, which the count over the whole file does not include.
        _check_tokens(sum(map(content.count, "{[,")))
    if "file" in node and (not isinstance(node["file"], str) or node["file"] not in files):
        raise ValueError(f"{SCHEMA} names the file {_shown(node['file'])}, which the archive lacks")


_TREE = "a decision tree inside has more than one output, or none; get the bundle from its maker"


def _tree_arguments(node: dict[str, Any], archive: zipfile.ZipFile) -> dict[int, dict[str, Any]]:
    """Return the nodes, by id, with the number of classes of each decision tree.

    scikit-learn reads one class count for each output of a tree, without checking the length of the array.
    """
    try:
        arguments = node["__reduce__"]["args"]
        _, counts, outputs = parts = arguments["content"]
        loaders = [part["__loader__"] for part in (arguments, *parts)]
        shape = np.load(io.BytesIO(archive.read(counts["file"])), allow_pickle=False).shape
        good = loaders == ["TupleNode", "JsonNode", "NdArrayNode", "JsonNode"] and shape == (1,)
        if good and outputs["content"] == "1":
            return {int(part["__id__"]): part for part in (arguments, *parts)}
    except (KeyError, TypeError, ValueError):
        pass
    raise ValueError(_TREE)


def _shown(value: Any) -> str:
    return f"{value!r:.80}"


def _check_arrays(archive: zipfile.ZipFile) -> None:
    """Check that the size in the header of each array is that of the file; NumPy allocates it before reading."""
    for member in archive.infolist():
        if member.filename == SCHEMA:
            continue
        with archive.open(member) as stream:
            try:
                version = np.lib.format.read_magic(stream)
                read: Callable[..., Any] = {
                    (1, 0): np.lib.format.read_array_header_1_0,
                    (2, 0): np.lib.format.read_array_header_2_0,
                }[version]
                shape, _, dtype = read(stream)
            except (ValueError, KeyError, SyntaxError, RecursionError, MemoryError) as error:
                raise ValueError(f"{member.filename} is no array ({type(error).__name__})") from None
            promised = math.prod(shape) * dtype.itemsize
            if dtype.hasobject or dtype.itemsize == 0 or min(shape, default=0) < 0:
                raise ValueError(f"{member.filename} is an array of {dtype}, which no recognizer needs")
            if promised != member.file_size - stream.tell():
                raise ValueError(f"{member.filename} promises {promised:,} bytes and does not hold them")


def _translated(schema: Any) -> set[str]:
    """Replace old names in a schema by current names, and return the types in it."""
    known = OWN | FOREIGN
    found = set()
    for node in _nodes(schema):
        name = aliases.public_name(f"{node['__module__']}.{node['__class__']}", known)
        node["__module__"], _, node["__class__"] = name.rpartition(".")
        found.add(name)
        state = node.get("content")
        attributes = state.get("content") if isinstance(state, dict) else None
        if node["__loader__"] == "ObjectNode" and isinstance(state, dict) and isinstance(attributes, dict):
            state["content"] = _renamed(attributes, name)
    return found


def _renamed(attributes: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the attributes of one object with current names and values, in the same order."""
    names, values = aliases.ATTRIBUTES.get(kind, {}), aliases.VALUES.get(kind, {})
    renamed = {names.get(name, name): value for name, value in attributes.items()}
    for name, table in values.items():
        value = renamed.get(name)
        if isinstance(value, dict) and value.get("__loader__") == "JsonNode":
            for old, new in table.items():
                if value["content"] == json.dumps(old):
                    value["content"] = json.dumps(new)
    return renamed


def _member(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def _with_schema(content: bytes, schema: Any) -> bytes:
    """Return the archive with its schema replaced."""
    rewritten = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(rewritten, "w") as new:
        for member in old.infolist():
            if member.filename != SCHEMA:
                new.writestr(member.filename, old.read(member))
        new.writestr(SCHEMA, json.dumps(schema, indent=2))
    return rewritten.getvalue()
