"""All faces of a source as one table."""

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

# What says nothing of a photograph: it has no time and no past.
_OF_VIDEOS = ("frame", "timestamp_s", "track_id")


def table(
    source: str | Path,
    *,
    model: str | Path | Recognizer | None = None,
    detector: str | Detector | None = None,
    points: PointsChoice = None,
    **options: Any,
) -> "pd.DataFrame":
    """Label, probabilities, box and points of every face of a folder of images, an image or a video.

    Parameters
    ----------
    source : str or Path
        A folder of images, an image, or a video.
    model : str, Path or Recognizer, optional
        As in :meth:`Recognizer.load`.
    detector : str or Detector, optional
        As in :func:`make_detector`.
    points : KeyPoints, str, Path or bool, optional
        Key-point model for the same faces: True for the one that ships with ferbench, a bundle's folder for another.
    **options : any
        Parameters of :class:`Pipeline`.

    Returns
    -------
    pandas.DataFrame
        One row for each face, and one for each image or frame without a face (`state` is ``no_face``). The columns are
        those of :meth:`FaceEvent.row`; photographs have `image`, the file's name, in the place of frame, time and
        track, and no ``raw_…``, as nothing is smoothed.

    Raises
    ------
    ValueError
        If the source is none, or is a camera or stream, which has no end.
    FileNotFoundError
        If there is no such source, model or key-point model.

    Warns
    -----
    UserWarning
        For each image that cannot be read, and is left out.

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
    """A sink that keeps all rows."""

    def __init__(self, n_frames: int | None) -> None:
        from tqdm import tqdm

        self._rows: list[dict[str, Any]] = []
        self._photos = False
        self._bar: Any = tqdm(total=n_frames, desc="faces", unit="frame", disable=None)

    def write(self, result: FrameResult) -> None:
        """Keep the frame's rows."""
        if not result.events:
            return
        self._photos = self._photos or result.name is not None
        self._rows += [{"image": result.name, **event.row()} for event in result.events]
        self._bar.update()

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()

    def frame(self) -> "pd.DataFrame":
        """All rows as a table, numbers as numbers also where some are missing."""
        import pandas as pd

        rows = pd.DataFrame(self._rows)
        dropped = [column for column in rows if str(column).startswith("raw_")] if self._photos else []
        rows = rows.drop(columns=[*dropped, *(_OF_VIDEOS if self._photos else ["image"])])
        texts = {"image", "state", "label", "certain"}
        numbers = [column for column in rows if column not in texts]
        return rows.assign(**{str(column): pd.to_numeric(rows[column]) for column in numbers})
