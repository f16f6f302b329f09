"""Read photographs as frames: from a file, a folder, a URL or standard input."""

import stat
from collections.abc import Iterator
from pathlib import Path

from ferbench.realtime.events import Frame, Image
from ferbench.realtime.sources.base import Source
from ferbench.utils.pictures import IMAGE_SUFFIXES, STDIN, Walk, decode_color, is_url, read_image, sniff, walk_images

__all__ = ["IMAGE_SUFFIXES", "PhotoSource", "decode_image", "is_image", "read_image"]


class PhotoSource(Source):
    """Source of one image, or of all images in a folder and its subfolders in natural order.

    Parameters
    ----------
    path : str or Path
        Image or folder, URL of an image (``https://…``), or ``-`` for standard input.
    strict : bool, default=False
        Whether an unreadable image in a folder is an error.

    Attributes
    ----------
    skipped : list of (str, str)
        Name and reason of each image that could not be read so far.

    Raises
    ------
    ValueError
        If the folder has no image, or the single image cannot be read.
    """

    def __init__(self, path: str | Path, *, strict: bool = False) -> None:
        super().__init__()
        self.skipped: list[tuple[str, str]] = []
        self.name, self._path, self._strict = str(path), path, strict
        folder = Path(path).is_dir()
        walk = walk_images(path) if folder else Walk([Path(path)])
        self._files = walk.files
        self.n_frames = len(self._files)
        for hidden in walk.hidden:
            self.note(f"skipped {hidden}: a hidden file")
        if walk.others:
            self.note(f"{path}: {Walk(others=walk.others).left_out()}")
        # A single image is read at once, so that an error appears before the models are loaded.
        self._only = None if folder else read_image(path)
        if self._only is not None:
            self.size = (self._only.shape[1], self._only.shape[0])

    def __iter__(self) -> Iterator[Frame]:
        """Yield one still frame for each file; skip and record unreadable files.

        Raises
        ------
        ValueError
            If no file of the folder can be read.
        """
        index = 0
        for file in self._files:
            if self._stopped.is_set():
                return
            try:
                image = read_image(file) if self._only is None else self._only
            except (ValueError, OSError) as error:
                if self._strict:
                    raise
                self.skipped.append((self._short(file), str(error)))
                self.note(f"skipped {error}")
                continue
            # Photographs have no time; one second each separates them.
            yield Frame(index, float(index), image, still=True, name=self._short(file))
            index += 1
        if index == 0:
            reason = self.skipped[0][1]
            raise ValueError(f"{self._path}: none of its {len(self._files)} images can be read; skipped {reason}")
        if self.skipped:
            self.notes.insert(
                0, f"{self._path}: {len(self.skipped):,} of {len(self._files):,} images could not be read"
            )

    def _short(self, file: Path) -> str:
        """Return the path of a file relative to the folder."""
        if self._only is not None:
            return file.name if str(self._path) not in STDIN else "stdin"
        return file.relative_to(self._path).as_posix()


def is_image(path: str | Path) -> bool:
    """Whether a file is an image, by its first bytes or its extension.

    Pipes are not opened, because reading would consume their data.
    """
    if not stat.S_ISREG(Path(path).stat().st_mode):
        return False
    with Path(path).open("rb") as stream:
        head = stream.read(64)
    if (kind := sniff(head)) is not None:
        return kind != "GIF" or not _moves(Path(path))
    return Path(path).suffix.lower() in IMAGE_SUFFIXES


def is_single(source: str) -> bool:
    """Whether the name of a source means one image: standard input, or the URL of an image."""
    if source in STDIN:
        return True
    return is_url(source) and Path(source.partition("?")[0]).suffix.lower() in IMAGE_SUFFIXES


def _moves(path: Path) -> bool:
    """Whether a GIF has several frames."""
    from PIL.GifImagePlugin import GifImageFile

    try:
        with GifImageFile(path) as image:
            return image.is_animated
    except Exception:  # a damaged file counts as an image; reading it later raises a clear error
        return False


def decode_image(data: bytes, name: str) -> Image:
    """Decode the bytes of an image file to a color image; errors contain `name`."""
    try:
        return decode_color(data)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
