"""Make dlib's shape predictor files smaller by writing their leaf values with fewer digits.

dlib writes an integer as one byte with its sign and length and then its bytes, and a float as two integers, mantissa
and exponent, after dropping zero bytes at the end of the mantissa. A mantissa of eight bits therefore takes four
bytes instead of six or seven, and changes a leaf by less than 0.2 %.
"""

_MANTISSA_BITS = 8
_SIGN, _LENGTH = 0x80, 0x0F


class _Reader:
    """Reader of dlib's serialized numbers that copies them and can round mantissas."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self.out = data, 0, bytearray()

    def integer(self) -> int:
        """Read one integer and copy it unchanged."""
        start = self._at
        value = self._take()
        self.out += self._data[start : self._at]
        return value

    def floats(self, count: int, *, rounded: bool = False) -> None:
        """Copy `count` floats."""
        for _ in range(count):
            mantissa, exponent = self._take(), self._take()
            if rounded:
                mantissa, exponent = _round(mantissa, exponent)
            self.out += _pack(mantissa) + _pack(exponent)

    def _take(self) -> int:
        if self._at >= len(self._data):
            raise ValueError("the model ends too early: it is damaged or no shape predictor of dlib")
        head = self._data[self._at]
        end = self._at + 1 + (head & _LENGTH)
        value = int.from_bytes(self._data[self._at + 1 : end], "little")
        self._at = end
        return -value if head & _SIGN else value

    def at_end(self) -> bool:
        return self._at == len(self._data)


def _pack(value: int) -> bytes:
    magnitude = abs(value)
    length = max(1, (magnitude.bit_length() + 7) // 8)
    return bytes([length | (_SIGN if value < 0 else 0)]) + magnitude.to_bytes(length, "little")


def _round(mantissa: int, exponent: int) -> tuple[int, int]:
    """Round a mantissa to its leading bits."""
    drop = abs(mantissa).bit_length() - _MANTISSA_BITS
    if drop <= 0:
        return mantissa, exponent
    magnitude = (abs(mantissa) + (1 << (drop - 1))) >> drop
    if magnitude >> _MANTISSA_BITS:  # Rounding up can give a power of two, which is one bit longer.
        magnitude, drop = magnitude >> 1, drop + 1
    return (-magnitude if mantissa < 0 else magnitude), exponent + drop


def shorten_floats(data: bytes) -> bytes:
    """Rewrite a shape predictor with leaf values of eight significant bits.

    Parameters
    ----------
    data : bytes
        Content of a file written by ``dlib.shape_predictor.save``.

    Returns
    -------
    bytes
        The same model in about two thirds of the size. dlib reads it like any other model.

    Raises
    ------
    ValueError
        If `data` is no shape predictor.
    """
    reader = _Reader(data)
    if reader.integer() != 1:
        raise ValueError("the model has an unknown version: expected version 1 of dlib's shape predictor")
    _matrix(reader)
    for _ in range(reader.integer()):  # cascades
        for _ in range(reader.integer()):  # trees
            _tree(reader)
    for _ in range(reader.integer()):  # anchors of the sampled pixels
        for _ in range(reader.integer()):
            reader.integer()
    for _ in range(reader.integer()):  # their offsets
        reader.floats(2 * reader.integer())
    if not reader.at_end():
        raise ValueError("the model is longer than expected: it is damaged or no shape predictor of dlib")
    return bytes(reader.out)


def _matrix(reader: _Reader, *, rounded: bool = False) -> None:
    rows, columns = reader.integer(), reader.integer()  # dlib writes them negated
    reader.floats(abs(rows) * abs(columns), rounded=rounded)


def _tree(reader: _Reader) -> None:
    for _ in range(reader.integer()):
        reader.integer()
        reader.integer()
        reader.floats(1)
    for _ in range(reader.integer()):
        _matrix(reader, rounded=True)
