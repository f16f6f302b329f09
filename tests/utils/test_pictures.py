"""Reading images: formats, size limits, orientation, bit depth, and sources."""

import http.server
import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ferbench.utils.pictures import (
    PictureError,
    color_array,
    decode,
    decode_color,
    natural_key,
    read_gray,
    read_image,
    sniff,
    walk_images,
)

RNG = np.random.default_rng(0)
NOISE = cv2.resize(RNG.integers(0, 256, (6, 8, 3), np.uint8), (64, 48), interpolation=cv2.INTER_CUBIC)
FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "JPEG2000", "PPM"]


def encoded(array: np.ndarray, kind: str, **options: object) -> bytes:
    """An image file; colors are given as blue-green-red."""
    rgb = array[:, :, ::-1] if array.ndim == 3 else array
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, kind, **options)
    return stream.getvalue()


def png() -> bytes:
    return encoded(NOISE, "PNG")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read_in_the_right_colors(kind: str) -> None:
    data = encoded(NOISE, kind)
    assert np.abs(decode_color(data).astype(int) - NOISE).mean() < (30 if kind == "GIF" else 12)
    found = decode(data, 48)
    assert (found.width, found.height, found.image.shape) == (64, 48, (48, 48))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".ppm", ".webp", ".jp2", ".tif"])
@pytest.mark.parametrize("colored", [True, False])
def test_pixels_are_those_that_opencv_reads(suffix: str, colored: bool) -> None:
    # Fingerprints of data sets hold: what was decoded once is decoded to the same bytes again.
    picture = cv2.resize(NOISE if colored else NOISE[:, :, 0], (48, 48))
    suffix = ".pgm" if suffix == ".ppm" and not colored else suffix
    data = cv2.imencode(suffix, picture)[1].tobytes()
    assert np.array_equal(decode(data, 48).image, cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE))
    assert np.array_equal(decode_color(data), cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_is_applied_in_every_format_that_has_it(kind: str, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    half = np.zeros((40, 60), np.uint8)
    half[:20, :30] = 255
    expected = np.asarray(_upright(Image.fromarray(half), turn))
    data = encoded(np.dstack([half] * 3), kind, exif=exif)
    for got in (decode_color(data)[:, :, 0], decode_gray_at_own_size(data)):
        assert got.shape == expected.shape
        assert np.abs(got.astype(int) - expected).mean() < 12


def _upright(image: Image.Image, turn: int) -> Image.Image:
    moves = [None, None, 0, 3, 1, 5, 4, 6, 2]
    how = moves[turn]
    return image if how is None else image.transpose(Image.Transpose(how))


def decode_gray_at_own_size(data: bytes) -> np.ndarray:
    from ferbench.utils.pictures import open_picture, to_gray

    return to_gray(open_picture(data))


def test_a_large_photograph_is_turned_as_well() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(np.zeros((3000, 4100, 3), np.uint8), "JPEG", exif=exif)
    assert decode_color(data).shape == (4100, 3000, 3)


def test_a_motion_photo_is_read_and_a_truncated_one_is_refused() -> None:
    data = encoded(NOISE, "JPEG")
    film = b"\0\0\0\x18ftypmp42" + bytes(12_000)
    assert np.array_equal(decode_color(data + film), decode_color(data))
    for cut in (data[: len(data) // 2], data[:-2], data[: len(data) // 2] + film, png()[:-12]):
        with pytest.raises(ValueError, match=r"a damaged (JPEG|PNG), cut off before its end"):
            decode_color(cut)


def test_an_animation_gives_its_first_frame() -> None:
    stream = io.BytesIO()
    frames = [Image.new("L", (30, 20), level) for level in (200, 10)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    assert (decode(stream.getvalue(), 20).image == 200).all()


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("colored", [True, False])
def test_deep_pixels_with_less_than_their_full_range(bits: int, suffix: str, colored: bool) -> None:
    picture = NOISE if colored else NOISE[:, :, 0]
    picture = np.where(picture == picture.max(), 255, picture).astype(np.uint8)
    deep = picture.astype(np.uint16) << (bits - 8)
    data = cv2.imencode(suffix, deep)[1].tobytes()
    got = decode_color(data)
    assert np.abs(got.astype(int) - (picture if colored else picture[:, :, None])).max() <= 1


@pytest.mark.parametrize("scale", [1 / 255, 1.0, 300.0])
@pytest.mark.parametrize("colored", [True, False])
def test_float_tiff_is_read_without_a_stray_warning(
    scale: float, colored: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    picture = (NOISE if colored else NOISE[:, :, 0]).copy()
    picture.reshape(-1)[:2] = 0, 255
    data = cv2.imencode(".tif", picture.astype(np.float32) * np.float32(scale))[1].tobytes()
    expected = picture if colored else np.dstack([picture] * 3)
    assert np.abs(decode_color(data).astype(int) - expected).max() <= 1
    assert capfd.readouterr().err == ""


def test_pixels_with_nan_and_infinity() -> None:
    data = cv2.imencode(".tif", np.full((8, 8), np.nan, np.float32))[1].tobytes()
    with pytest.raises(ValueError, match="without a single finite pixel"):
        decode_color(data)


def test_heic_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    assert sniff(head) == "HEIC"
    for name in ("pillow_heif", "pillow_heif.as_plugin"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=r'a HEIC photograph, which needs pillow-heif: pip install "ferbench\[heic\]"'):
        decode_color(head)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"no image at all", "no_picture"),
        (b"\xff\xd8\xff\xe0 not really", "broken_picture"),
        (b"RIFF\x10\0\0\0WEBPVP8L", "broken_picture"),
        (b"GIF89a", "broken_picture"),
        (b"II*\0\xff\xff\xff\xff", "broken_picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "broken_picture"),
        (b"BM" + bytes(60), "broken_picture"),
        (b"P6 \n", "broken_picture"),
        (b"\0\0\0\x18ftypavif\0\0\0\0avif" + bytes(50), "broken_picture"),
    ],
)
def test_files_that_are_not_images_are_refused_in_one_line(
    data: bytes, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PictureError) as caught:
        decode_color(data)
    assert caught.value.kind == kind and "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", FORMATS)
def test_damage_anywhere_is_an_error_or_an_image_and_never_noise(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    whole = encoded(NOISE, kind)
    for _ in range(60):
        data = bytearray(whole)
        for place in RNG.integers(8, len(data), 3):
            data[place] = RNG.integers(0, 256)
        try:
            assert decode_color(bytes(data)).ndim == 3
        except ValueError as error:
            assert "\n" not in str(error)
    assert capfd.readouterr().err == ""


# --- bombs ---------------------------------------------------------------------------------------------------


def _refused(files: list[Path]) -> list[str]:
    """What a process of its own says of each file, read as a picture and as a face; its memory stays small."""
    code = (
        "import sys; from ferbench.utils.pictures import read_image, read_gray; import PIL.Image, cv2, numpy\n"
        "for name in sys.argv[1:]:\n"
        "  for read in (read_image, lambda name: read_gray(name, 48)):\n"
        "    try: read(name)\n"
        "    except ValueError as error: print(error)\n"
        "print(int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, files)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    *lines, peak = done.stdout.splitlines()
    assert len(lines) == 2 * len(files) and float(peak) < 300
    return lines[::2]


def test_bombs_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    Image.new("1", (10_000, 10_000)).save(tmp_path / "a.png")
    Image.new("1", (10_000, 10_000)).save(tmp_path / "b.tif", compression="group4")
    Image.new("P", (10_000, 10_000)).save(tmp_path / "c.gif")
    for message in _refused(sorted(tmp_path.iterdir())):
        assert "10,000 x 10,000 pixels are too many; expected at most 50,000,000" in message


def test_known_bombs(shared_cases: Path) -> None:
    files = [shared_cases / "hostile" / name for name in ("bomb.webp", "bomb.jp2")]
    for file, message in zip(files, _refused(files), strict=True):
        assert "pixels are too many" in message and str(file) in message


# --- the guard -----------------------------------------------------------------------------------------------


def test_sources_that_are_not_files_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "link.jpg").symlink_to(tmp_path / "gone.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.jpg"))
        for name, message in [
            ("pipe.jpg", "a named pipe, no image file"),
            ("folder.jpg", "a folder, no image file"),
            ("s.jpg", "a socket, no image file"),
            ("link.jpg", "a link to a file that is not there"),
            ("no.jpg", "no such file"),
        ]:
            with pytest.raises((ValueError, OSError), match=message) as caught:
                read_image(tmp_path / name)
            assert str(caught.value).startswith(str(tmp_path / name))
    with pytest.raises(ValueError, match="/dev/zero: a device, no image file"):
        read_image("/dev/zero")


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "/dev/fd/0"])
def test_standard_input_is_read_whole(name: str) -> None:
    code = "import sys; from ferbench.utils.pictures import read_image; print(read_image(sys.argv[1]).shape)"
    done = subprocess.run([sys.executable, "-c", code, name], input=png(), capture_output=True, check=True)
    assert done.stdout == b"(48, 64, 3)\n"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/gone":
            self.send_error(404)
            return
        self.send_response(302 if self.path == "/away" else 200)
        if self.path == "/away":
            self.send_header("Location", "file:///etc/passwd")
        self.end_headers()
        if self.path == "/a.png":
            self.wfile.write(png())
        elif self.path == "/endless":
            try:
                while True:
                    self.wfile.write(bytes(2**20))
            except OSError:
                return

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_address_is_fetched_within_bounds(site: str) -> None:
    assert read_image(f"{site}/a.png").shape == (48, 64, 3)
    assert read_gray(f"{site}/a.png", 48).shape == (48, 48)
    for path, message in [("gone", "404"), ("away", "cannot be fetched"), ("endless", "got more")]:
        with pytest.raises((ValueError, OSError), match=message) as caught:
            read_image(f"{site}/{path}")
        assert str(caught.value).startswith(site) and "\n" not in str(caught.value)
    for address in ("file:///etc/passwd", "ftp://127.0.0.1/a.png"):
        with pytest.raises(ValueError, match="begins with http:// or https://"):
            read_image(address)


# --- folders and memory --------------------------------------------------------------------------------------


def test_images_of_a_folder_are_in_natural_order(tmp_path: Path) -> None:
    for name in ("f10.jpg", "f2.png", "F1.jfif", "deep/a.gif", "._f1.jpg", ".cache/b.jpg", "notes.txt", "clip.mp4"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    (tmp_path / "deep" / "loop").symlink_to(tmp_path)
    (tmp_path / "x.jpg").mkdir()
    found = walk_images(tmp_path)
    names = [file.relative_to(tmp_path).as_posix() for file in found.files]
    assert names == ["deep/a.gif", "F1.jfif", "f2.png", "f10.jpg"]
    assert found.left_out() == "left out: 1 .mp4, 1 .txt, 2 hidden images"
    assert sorted(["b", "a2", "a10", "10", "9"], key=natural_key) == ["9", "10", "a2", "a10", "b"]


def test_channels_of_pillow_images_follow_their_mode() -> None:
    red = np.zeros((4, 5, 3), np.uint8)
    red[:, :, 2] = 255  # blue, green, red
    assert np.array_equal(color_array(Image.fromarray(red[:, :, ::-1])), red)
    assert np.array_equal(color_array(red), red)
    assert color_array(red[:, :, 0]).shape == (4, 5, 3)
    for wrong in (np.zeros((4, 5, 4), np.uint8), np.zeros((4, 5), float), np.zeros((0, 5), np.uint8)):
        with pytest.raises(ValueError, match="image must be a path or uint8 of shape"):
            color_array(wrong)


def test_reading_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        read_image(tmp_path / "a.png")
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
