"""Download public data sets from their publishers."""

from pathlib import Path

# The image release with the official split in its file names.
HANDLES = {"fer2013": "msambare/fer2013"}


def fetch(name: str) -> Path:
    """Download a public data set, or return the folder of an earlier download.

    Parameters
    ----------
    name : {"fer2013"}
        Name of the data set.

    Returns
    -------
    Path
        Folder to pass to :func:`load`.

    Raises
    ------
    ValueError
        If the name is unknown.
    ImportError
        If kagglehub is not installed.
    OSError
        If Kaggle cannot be reached or refuses access; the message names an alternative.
    """
    if name not in HANDLES:
        raise ValueError(f"unknown data set {name!r}; expected one of {', '.join(HANDLES)}")
    try:
        import kagglehub
    except ImportError:
        raise ImportError('fetching needs kagglehub: pip install "ferbench[fetch]"') from None
    handle = HANDLES[name]
    try:
        return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # kagglehub raises errors of requests, its own errors, and built-in ones
        raise OSError(f"cannot fetch {name}: {_reason(error)}; {_remedy(error, handle)}") from error


def _reason(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return f"Kaggle refused (HTTP {status})"
    if status is not None:
        return f"Kaggle answered HTTP {status}"
    if isinstance(error, OSError):
        return "no network connection to Kaggle" if error.errno is None else str(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


def _remedy(error: Exception, handle: str) -> str:
    by_hand = f"download https://www.kaggle.com/datasets/{handle} in a browser and give the zip's path instead"
    if getattr(getattr(error, "response", None), "status_code", None) in (401, 403):
        return f"put a token from https://www.kaggle.com/settings into ~/.kaggle/kaggle.json, or {by_hand}"
    return f"try again later, or {by_hand}"
