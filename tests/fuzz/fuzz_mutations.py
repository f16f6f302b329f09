"""Damage valid content: bytes, text, JSON, arrays. Everything is drawn from the random state that is handed in."""

import copy
import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

# Values of another type, or beyond what is sensible, that stand in for a value of a JSON or TOML document.
WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 1, 2**31, 2**63, 10**30, 0.5, -0.0, 1e300, 1e-300),
    *("", " ", "x", "../../x", "/dev/zero", "\x1b[31m", "ä\u202e", "a" * 5000, "nan", "1"),
    *([], [[]], [None], [0, 0], ["x", "x"], {}, {"x": 1}, {"": {}}),
)
WORDS = (b"", b"\0", b"\xff\xfe", b",", b";", b"\n", b"nan", b"-1", b"1e999", b"{", b"]", b'"', b"=1+1", b"\xf0\x9f")


def damage_bytes(rng: random.Random, data: bytes) -> bytes:
    """Flip, cut, repeat, delete, or insert some bytes."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        place = rng.randrange(len(content) + 1)
        length = rng.choice((1, 1, 4, 64, 1024))
        act = rng.randrange(7)
        if act == 0 and place < len(content):
            content[place] ^= 1 << rng.randrange(8)
        elif act == 1:
            content[place : place + length] = rng.randbytes(length)
        elif act == 2:
            del content[place : place + length]
        elif act == 3:
            content[place:place] = rng.choice(WORDS)
        elif act == 4:
            content[place:place] = content[place : place + length]
        elif act == 5 and rng.random() < 0.5:
            del content[place:]
        else:
            content[place : place + 4] = rng.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"))
    return bytes(content)


def damage_value(rng: random.Random, document: Any) -> Any:
    """Replace, remove, or add something somewhere in a document of dicts and lists."""
    document = copy.deepcopy(document)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        document = _damage_once(rng, document)
    return document


def _damage_once(rng: random.Random, document: Any) -> Any:
    places = list(_places(document))
    if not places or rng.random() < 0.03:
        return rng.choice(WRONG)
    holder, key = rng.choice(places)
    act = rng.randrange(5)
    if act == 0:
        del holder[key]
    elif act == 1 and isinstance(holder, dict):
        holder[rng.choice(("x", "", "name", "schema", str(key).upper()))] = holder.pop(key)
    elif act == 2 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
        holder[key] = rng.choice((-holder[key], holder[key] * 1000, holder[key] + 1, 0, float(holder[key]), 10**30))
    elif act == 3 and rng.random() < 0.3:
        holder[key] = [holder[key]] if rng.random() < 0.5 else {"x": holder[key]}
    else:
        holder[key] = copy.deepcopy(rng.choice(WRONG))
    return document


def _places(document: Any) -> Any:
    if not isinstance(document, dict | list):  # an earlier damage replaced all of it
        return
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in list(items):
        yield document, key
        if isinstance(value, dict | list):
            yield from _places(value)


def damage_json(rng: random.Random, data: bytes) -> bytes:
    """Damage a JSON file, mostly in its content and sometimes in its bytes."""
    if rng.random() < 0.15:
        return damage_bytes(rng, data)
    if rng.random() < 0.03:
        return rng.choice((b"[" * 100_000, b'{"a":' * 50_000, b"", b"NaN", b"1e999", b"\xef\xbb\xbf{}"))
    return json.dumps(damage_value(rng, json.loads(data))).encode()


def damage_npz(rng: random.Random, path: Path) -> None:
    """Damage an archive of arrays in place, mostly in one array and sometimes in its bytes."""
    if rng.random() < 0.25:
        path.write_bytes(damage_bytes(rng, path.read_bytes()))
        return
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive)
    key = rng.choice(sorted(arrays))
    act = rng.randrange(8)
    if act == 0:
        del arrays[key]
    elif act == 1:
        arrays[rng.choice(("x", "", "../x", "classes"))] = arrays.pop(key)
    else:
        arrays[key] = _damage_array(rng, arrays[key])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    path.write_bytes(buffer.getvalue())


def _damage_array(rng: random.Random, array: Any) -> Any:
    act = rng.randrange(9)
    if act == 0:
        return array[..., None]
    if act == 1:
        return array[:-1] if array.ndim else array.reshape(1)
    if act == 2:
        return np.concatenate([array, array]) if array.ndim else np.array("x")
    if act == 3:
        return array.T[:-1].T if array.ndim > 1 else np.zeros(0)
    if act == 4:
        return array.astype(str)
    if act == 5:
        return np.array(rng.choice((0, 1.5, "x", True, 1j)))
    if act == 6:
        return np.zeros(array.shape, dtype=rng.choice(("f4", "i8", "c8", "?", "M8[s]", "S3", "f2", "u1")))
    if array.dtype.kind == "f" and array.size:
        array = array.copy()
        array.flat[rng.randrange(array.size)] = rng.choice((np.nan, np.inf, -1.0, 2.0, 1e38))
        return array
    return array[::-1] if array.ndim else np.array([array] * 3)


def damage_zip(rng: random.Random, path: Path) -> None:
    """Damage a zip archive in place: its bytes, or names and content of what it holds."""
    if rng.random() < 0.5:
        path.write_bytes(damage_bytes(rng, path.read_bytes()))
        return
    with zipfile.ZipFile(path) as archive:
        entries = [(item.filename, archive.read(item)) for item in archive.infolist()]
    place = rng.randrange(len(entries))
    name, content = entries[place]
    act = rng.randrange(4)
    if act == 0:
        entries[place] = (name, damage_bytes(rng, content))
    elif act == 1:
        names = ("../../x.png", "/etc/x.png", "", "a\\b\\c.png", "x" * 300 + ".png", "nul\x01.png", name + "/")
        entries[place] = (rng.choice(names), content)
    elif act == 2:
        del entries[place]
    else:
        entries.append((name, content[: len(content) // 2]))
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name or " "), content)
