"""Collect all faces of a source in a pandas table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import warn

from ferbench.realtime.detection import Detector, make_detector
from ferbench.realtime.events import FrameResult
from ferbench.realtime.loop import run
from ferbench.realtime.pipeline import Pipeline
from ferbench.realtime.recognition import PointsChoice, Recognizer
from ferbench.realtime.sources import open_source

if TYPE_CHECKING:
    import pandas as pd

# Columns without meaning for a photograph, which has no time and no history.
_OF_VIDEOS = ("frame", "timestamp_s", "track_id")


def table(
    source: str | Path,
    *,
    model: str | Path | Recognizer | None = None,
    detector: str | Detector | None = None,
    points: PointsChoice = None,
    **options: Any,
) -> "pd.DataFrame":
    """Return label, probabilities, box and points of every face in images or in a video.

    Parameters
    ----------
    source : str or Path
        A folder of images, an image, or a video.
    model : str, Path or Recognizer, optional
        As in :meth:`Recognizer.load`.
    detector : str or Detector, optional
        As in :func:`make_detector`.
    points : KeyPoints, str, Path or bool, optional
        Key-point model for the same faces: True for the shipped one, or the folder of a bundle.
    **options : any
        Parameters of :class:`Pipeline`.

    Returns
    -------
    pandas.DataFrame
        One row for each face, and one for each image or frame without a face (`state` is ``no_face``). The columns are
        those of :meth:`FaceEvent.row`. Photographs have `image` (the file name) instead of frame, time and track, and
        no columns ``raw_…``, because they are not smoothed.

    Raises
    ------
    ValueError
        If the source is not an image, folder or video file. Cameras and streams have no end.
    FileNotFoundError
        If the source, the model or the key-point model does not exist.

    Warns
    -----
    UserWarning
        For each unreadable image, which is left out.

    Examples
    --------
    >>> from ferbench.realtime import table
    >>> faces = table("photos", points=True)  # doctest: +SKIP
    >>> faces.groupby("label").size()  # doctest: +SKIP
    """
    recognizer = model if isinstance(model, Recognizer) else Recognizer.load(model)
    chosen = detector if isinstance(detector, Detector) else make_detector(detector)
    pipeline = Pipeline(recognizer, chosen, points=points, **options)
    opened = open_source(str(source), live=False)
    if opened.live:
        opened.close()
        raise ValueError(f"{source}: a camera or stream has no end; expected images or a video file; use stream()")
    rows = _Rows(opened.n_frames)
    for note in run(opened, pipeline, [rows]).notes:
        warn(note, stacklevel=2)
    return rows.frame()


class _Rows:
    """Sink that keeps all rows in memory."""

    def __init__(self, n_frames: int | None) -> None:
        from tqdm import tqdm

        self._rows: list[dict[str, Any]] = []
        self._photos = False
        self._bar: Any = tqdm(total=n_frames, desc="faces", unit="frame", disable=None)

    def write(self, result: FrameResult) -> None:
        """Append the rows of a frame."""
        if not result.events:
            return
        self._photos = self._photos or result.name is not None
        self._rows += [{"image": result.name, **event.row()} for event in result.events]
        self._bar.update()

    def close(self) -> None:
        """Close the progress bar."""
        self._bar.close()

    def frame(self) -> "pd.DataFrame":
        """Return all rows as a table; numeric columns stay numeric if values are missing."""
        import pandas as pd

        rows = pd.DataFrame(self._rows)
        dropped = [column for column in rows if str(column).startswith("raw_")] if self._photos else []
        rows = rows.drop(columns=[*dropped, *(_OF_VIDEOS if self._photos else ["image"])])
        texts = {"image", "state", "label", "certain"}
        numbers = [column for column in rows if column not in texts]
        return rows.assign(**{str(column): pd.to_numeric(rows[column]) for column in numbers})
