"""HEIC photographs, as phones make them: decoded with pillow-heif on every path, or refused with the remedy."""

import csv
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from web_server import Served, drawn_bundles, portrait, serving

from ferbench.cli import main
from ferbench.datasets import load, make_faces
from ferbench.utils.pictures import PictureError, decode, decode_color, sniff

REASON = 'pillow-heif is not installed: pip install "ferbench[heic]"'
Writer = Callable[..., bytes]


@pytest.fixture
def heic() -> Writer:
    """Write a Pillow image, or 16-bit colors of shape (height, width, 3), as HEIC."""
    library = pytest.importorskip("pillow_heif", reason=REASON)

    def write(picture: "Image.Image | np.ndarray", **options: object) -> bytes:
        if isinstance(picture, np.ndarray):
            height, width, _ = picture.shape
            made = library.from_bytes(mode="RGB;16", size=(width, height), data=picture.tobytes())
        else:
            made = library.from_pillow(picture)
        stream = io.BytesIO()
        made.save(stream, **{"quality": 95, "chroma": 444, **options})
        return stream.getvalue()

    return write


def face() -> Image.Image:
    """A drawn face, tinted, of 96 x 80 pixels."""
    gray = make_faces(21, size=96, random_state=3).images[0][8:88]
    return Image.fromarray(np.dstack([gray // 2, gray, gray // 3 * 2]))


def bgr(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"))[:, :, ::-1].astype(int)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_colors_and_gray_levels_are_those_of_the_picture(heic: Writer, mode: str) -> None:
    picture = face().convert(mode)
    data = heic(picture)
    assert sniff(data[:64]) == "HEIC"
    assert np.abs(decode_color(data) - bgr(picture)).mean() < 4
    gray = decode(data, 96)
    assert (gray.width, gray.height, gray.image.shape) == (96, 80, (96, 96))


def test_ten_bits_become_eight(heic: Writer) -> None:
    picture = face()
    deep = np.asarray(picture).astype(np.uint16) * 257
    library = pytest.importorskip("pillow_heif", reason=REASON)
    data = heic(deep)
    assert library.open_heif(data, convert_hdr_to_8bit=False).info["bit_depth"] == 10
    assert np.abs(decode_color(data) - bgr(picture)).mean() < 4


@pytest.mark.parametrize("turn", range(1, 9))
def test_the_orientation_is_applied_once(heic: Writer, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    picture = face()
    data = heic(picture, exif=exif.tobytes())
    picture.getexif()[0x0112] = turn
    expected = bgr(ImageOps.exif_transpose(picture))
    got = decode_color(data)
    assert got.shape == expected.shape and np.abs(got - expected).mean() < 4


def test_a_cut_file_is_refused_wherever_it_is_cut(heic: Writer) -> None:
    data = heic(face())
    for length in [*range(32, len(data), max(1, len(data) // 40)), len(data) - 1]:
        with pytest.raises(PictureError, match="damaged") as caught:
            decode_color(data[:length])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("width", "height", "kind"), [(60_000, 60_000, "too_many_pixels"), (7_000, 7_000, "broken_picture")]
)
def test_a_header_that_lies_about_the_size_is_refused(heic: Writer, width: int, height: int, kind: str) -> None:
    data = heic(face())
    at = data.index(b"ispe") + 8
    with pytest.raises(PictureError) as caught:
        decode_color(data[:at] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + data[at + 8 :])
    assert caught.value.kind == kind


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next(iter(drawn_bundles(tmp_path_factory.mktemp("bundles")).values()))


def test_the_commands_read_it(heic: Writer, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    album = tmp_path / "album"
    album.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    data = heic(portrait())
    (album / "face.heic").write_bytes(data)
    (album / "turned.HEIC").write_bytes(heic(portrait().transpose(Image.Transpose.ROTATE_90), exif=exif.tobytes()))
    (album / "cut.heic").write_bytes(data[: len(data) // 2])
    rows = tmp_path / "rows.csv"
    words = ["--model", str(bundle), "--detector", "haar"]
    assert main(["image", str(album), *words, "--events", str(rows)]) == 0
    assert "skipped" in (told := capsys.readouterr().err) and "cut.heic: a damaged image" in told
    with rows.open(newline="") as file:
        found = {row["image"]: row for row in csv.DictReader(file) if row["state"] == "face"}
    assert set(found) == {"face.heic", "turned.HEIC"}
    for name in ("x", "y", "width"):
        assert int(found["turned.HEIC"][name]) == pytest.approx(int(found["face.heic"][name]), abs=6)
    assert main(["predict", str(album), "--model", str(bundle)]) == 0
    assert "turned.HEIC" in capsys.readouterr().out


def test_a_data_set_of_it_is_read(heic: Writer, tmp_path: Path) -> None:
    drawn = make_faces(28, size=48, random_state=1)
    for number, (image, label) in enumerate(zip(drawn.images, drawn.labels, strict=True)):
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / f"{number}.heic").write_bytes(heic(Image.fromarray(image).convert("RGB")))
    found = load(str(tmp_path))
    assert sorted(found.labels) == sorted(drawn.labels)
    kept = {int(Path(name).stem): image for name, image in zip(found.ids, found.images, strict=True)}
    assert all(np.abs(kept[number].astype(int) - image).mean() < 4 for number, image in enumerate(drawn.images))


@pytest.fixture(scope="module")
def server(bundle: Path) -> Iterator[Served]:
    pytest.importorskip("fastapi", reason="the extra web is not installed")
    with serving({"first": bundle}) as served:
        yield served


def test_the_web_reads_it(heic: Writer, server: Served) -> None:
    httpx = pytest.importorskip("httpx", reason="httpx is not installed")
    photo = portrait()
    answer = httpx.post(f"{server.http}/api/predict", content=heic(photo), timeout=30).json()
    (event,) = answer["events"]
    assert event["state"] == "face" and (answer["width"], answer["height"]) == photo.size
    cut = httpx.post(f"{server.http}/api/predict", content=heic(photo)[:5000], timeout=30)
    assert (cut.status_code, cut.json()["error"]["code"]) == (422, "broken_picture")


def test_the_web_says_what_is_missing(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    httpx = pytest.importorskip("httpx", reason="httpx is not installed")
    for name in ("pillow_heif", "pillow_heif.as_plugin"):
        monkeypatch.setitem(sys.modules, name, None)
    photo = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    answer = httpx.post(f"{server.http}/api/predict", content=photo, timeout=30)
    assert answer.status_code == 422
    assert "cannot read HEIC photographs, because pillow-heif is not installed" in answer.json()["error"]["message"]
