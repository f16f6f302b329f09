"""Check an ONNX file before it is opened: no other files, no unknown operators, no huge tensors.

The file is a protocol buffer. Only the fields that matter here are read, without the package ``onnx`` and without
copying weights. ONNX Runtime would read the files that a tensor names, and compute constant tensors while it loads.
"""

from collections.abc import Iterator
from pathlib import Path

MAX_FILE_BYTES = 2**30
# Elements of one constant tensor; the largest layer of a face network has some ten millions.
MAX_ELEMENTS = 2**28
MAX_NODES = 100_000
MAX_DEPTH = 20
#: Operators that ONNX Runtime has by itself.
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
# Operators whose input of this place is the shape of the result.
_SHAPED = {"ConstantOfShape": 0, "Expand": 1, "Reshape": 1}

Field = tuple[int, int | memoryview]


def check_graph(path: Path) -> None:
    """Raise ValueError if the file is no ONNX model, or one that should not be opened.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, keeps weights in other files, uses operators of other packages, or has huge tensors.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; name an ONNX model")
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        raise ValueError(f"{path}: is {size:,} bytes long; expected an ONNX model of at most {MAX_FILE_BYTES:,}")
    try:
        _check_model(memoryview(path.read_bytes()))
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        text = str(error) if isinstance(error, Refused) else "is no ONNX model, or a damaged one; export it again"
        raise ValueError(f"{path}: {text}") from error


class Refused(ValueError):
    """Error about a model that is refused, with the reason."""


def _check_model(content: memoryview) -> None:
    graph, local = None, set()
    for number, value in _fields(content):
        if number == 7:
            graph = value
        elif number == 25:
            local.add(_text(value, 10))
    if not isinstance(graph, memoryview):
        raise ValueError("no graph")
    known = DOMAINS | local
    functions = [value for number, value in _fields(content) if number == 25]
    _Graphs(known).check(graph, [_message(each) for each in functions])


class _Graphs:
    """Walk through a graph, the graphs inside its nodes, and local functions."""

    def __init__(self, domains: frozenset[str]) -> None:
        self.domains = domains
        self.n_nodes = 0

    def check(self, graph: memoryview, functions: list[memoryview]) -> None:
        waiting = [(graph, 1, 0), *((function, 7, 0) for function in functions)]
        while waiting:
            part, node_field, depth = waiting.pop()
            if depth > MAX_DEPTH:
                raise Refused(f"is nested more than {MAX_DEPTH} graphs deep; get it from its maker")
            shapes = {}
            for number, value in _fields(part):
                if number == 5 and node_field == 1:
                    name, elements = _check_tensor(_message(value))
                    shapes[name] = elements
                if number == 15 and node_field == 1:
                    _check_sparse(_message(value))
            for number, value in _fields(part):
                if number == node_field:
                    inner = self._check_node(_message(value), shapes)
                    waiting += [(each, 1, depth + 1) for each in inner]

    def _check_node(self, node: memoryview, constants: dict[str, int]) -> list[memoryview]:
        """Check one node; return the graphs inside it."""
        self.n_nodes += 1
        if self.n_nodes > MAX_NODES:
            raise Refused(f"has more than {MAX_NODES:,} operators; get it from its maker")
        fields = list(_fields(node))
        kind, domain = _text(node, 4), _text(node, 7)
        if domain not in self.domains:
            raise Refused(
                f"uses the operator {kind[:60]!r} of {domain[:60]!r}, which ONNX Runtime does not have by itself; "
                "export it with standard operators"
            )
        inputs = [bytes(_message(value)).decode() for number, value in fields if number == 1]
        place = _SHAPED.get(kind)
        if place is not None and len(inputs) > place and constants.get(inputs[place], 0) > MAX_ELEMENTS:
            raise Refused(f"makes a tensor of {constants[inputs[place]]:,} numbers; expected at most {MAX_ELEMENTS:,}")
        graphs: list[memoryview] = []
        for number, value in fields:
            if number == 5:
                graphs += _check_attribute(_message(value), constants, node)
        return graphs


def _check_attribute(attribute: memoryview, constants: dict[str, int], node: memoryview) -> list[memoryview]:
    graphs = []
    for number, value in _fields(attribute):
        if number in (5, 10):
            _, elements = _check_tensor(_message(value))
            for result, name in _fields(node):
                if result == 2:
                    constants[bytes(_message(name)).decode()] = elements
        elif number in (6, 11):
            graphs.append(_message(value))
        elif number in (22, 23):
            _check_sparse(_message(value))
    return graphs


def _check_sparse(tensor: memoryview) -> None:
    """Check a sparse constant by its dense size, since it may be made dense."""
    elements = 1
    for number, value in _fields(tensor):
        if number in (1, 2):
            _check_tensor(_message(value))
        elif number == 3:
            for length in _numbers(value):
                elements *= length
    _check_size(elements)


def _check_tensor(tensor: memoryview) -> tuple[str, int]:
    """Check a constant tensor; return its name and, if it can be a shape, the number of elements of that shape."""
    name, elements, kind = _text(tensor, 8), 1, 0
    numbers: list[int] = []
    for number, value in _fields(tensor):
        if number == 13 or (number == 14 and value == 1):
            raise Refused(
                f"keeps its weights in another file ({name[:60] or 'unnamed'}); save it as one file: "
                "onnx.save_model(onnx.load(PATH), PATH, save_as_external_data=False)"
            )
        if number == 2:
            kind = value if isinstance(value, int) else 0
        if number == 1:
            for length in _numbers(value):
                elements *= length if length < 2**63 else 2**64
        if number == 7:
            numbers += _numbers(value)
        if number == 9 and isinstance(value, memoryview) and len(value) <= 64:
            numbers += [int.from_bytes(value[i : i + 8], "little") for i in range(0, len(value), 8)]
    _check_size(elements)
    size = 1
    for each in numbers[:8] if kind == 7 else ():
        size *= max(1, each) if each < 2**63 else 1
    return name, size


def _check_size(elements: int) -> None:
    if elements > MAX_ELEMENTS:
        raise Refused(f"names a tensor of {elements:,} numbers; expected at most {MAX_ELEMENTS:,}")


def _numbers(value: int | memoryview) -> list[int]:
    """Return repeated whole numbers, packed or single; at most a shape's worth."""
    if isinstance(value, int):
        return [value]
    found: list[int] = []
    place = 0
    while place < len(value) and len(found) < 64:
        number, place = _varint(value, place)
        found.append(number)
    return found


def _fields(message: memoryview) -> Iterator[Field]:
    """Yield number and value of each field of a message: whole numbers, or the bytes of texts and messages."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, place = _varint(message, place)
            yield number, value
            continue
        length = {1: 8, 5: 4}.get(wire)
        if wire == 2:
            length, place = _varint(message, place)
        if length is None or place + length > len(message):
            raise ValueError("a damaged field")
        yield number, message[place : place + length]
        place += length


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number without end")


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("expected a message")
    return value


def _text(message: int | memoryview, wanted: int) -> str:
    for number, value in _fields(_message(message)):
        if number == wanted:
            return bytes(_message(value)).decode()
    return ""
