"""Base class of all displays, with their colors, titles and files."""

import io
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from zlib import crc32

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from ferbench.utils import brief_repr, safe_frame, write_atomically

if TYPE_CHECKING:
    import pandas as pd

# Palette of Okabe and Ito (2008), safe for color-blind readers. Its yellow is too faint for lines on white, so wine
# from Paul Tol's palette replaces it.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255")
DARK = "#222222"
GRAY = "#767676"
# Text on colored cells. Not pure black and white, because a page may replace these with its own colors.
ON_LIGHT, ON_DARK = "#111111", "#FEFEFE"
HEAT = "Blues"
# Color is never the only difference: lines also differ in dashes, groups in markers.
DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (6, 1)), (0, (4, 1, 1, 1, 1, 1)), (0, (8, 2, 1, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Kinds of recognizers, in the order of the palette: a kind has one color, whichever other kinds a plot shows.
GROUPS = ("classical", "deep", "network features", "pretrained")
# Classifiers in the order of the palette, then the same colors again with dashed lines.
CLASSIFIERS = (
    "svm",
    "tree",
    "logreg",
    "knn",
    "kernel-ridge",
    "nystroem",
    "linear-svm",
    "forest",
    "boosting",
    "lda",
    "chi2-svm",
    "intersection-svm",
    "local-svm",
    "mirror-kernel-ridge",
    "sgd-logreg",
    "sgd-svm",
)
DPI = 150
TITLE_SIZE = 12


class Display(ABC):
    """Base class of the displays. A display holds the numbers of one plot.

    A ``from_...`` class method computes the numbers, :meth:`frame` returns them, and :meth:`plot` only draws them.
    Figures are plain :class:`matplotlib.figure.Figure` objects, so neither pyplot nor a screen is needed.
    """

    figsize: ClassVar[tuple[float, float]] = (7.0, 6.0)
    __repr__ = brief_repr

    @abstractmethod
    def frame(self) -> "pd.DataFrame":
        """Return the plotted numbers as a tidy table, as :meth:`save` writes it to CSV."""

    @abstractmethod
    def _draw(self, ax: Axes) -> None:
        """Draw into ``ax``."""

    def _size(self) -> tuple[float, float]:
        """Return width and height of a new figure in inches."""
        return self.figsize

    def for_phone(self) -> "Display | None":
        """Return the display in a layout for a narrow screen; None where the usual one is legible there."""
        return None

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw into ``ax``, or into a new figure (``plot().figure``), and return the axes."""
        if ax is None:
            ax = Figure(figsize=self._size(), layout="constrained").subplots()
        self._draw(ax)
        return ax

    def png(self, dpi: int = DPI) -> bytes:
        """Return the plot as the bytes of a PNG file."""
        figure = self.plot().get_figure(root=True)
        assert figure is not None
        buffer = io.BytesIO()
        # No version or date in the file, so that the same numbers give the same bytes.
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
        return buffer.getvalue()

    def save(self, path: Path | str, dpi: int = DPI) -> Path:
        """Write the PNG at ``path`` and the numbers beside it with the suffix ``.csv``; returns the PNG's path."""
        picture = Path(path).with_suffix(".png")
        table = safe_frame(self.frame()).to_csv(index=False, float_format="%.6g")
        write_atomically(picture, self.png(dpi))
        write_atomically(picture.with_suffix(".csv"), table.encode())
        return picture


def set_title(ax: Axes, what: str, dataset: str, n_images: int | None = None) -> None:
    """Set a title of two lines: what is plotted, then the data and the number of images."""
    count = "" if n_images is None else f"n = {n_images:,} images"
    data = ", ".join(part for part in (dataset, count) if part)
    ax.set_title("\n".join(line for line in (what, data) if line), fontsize=TITLE_SIZE, loc="left")


def titled(what: str, name: str) -> str:
    """Return ``what: name``, or ``what`` alone without a name."""
    return f"{what}: {name}" if name else what


def ink_on(share: float) -> str:
    """Return the text color with the higher contrast on a cell of the color map ``HEAT`` (0 to 1)."""
    from matplotlib import colormaps

    # A cell without a value has no color: it is as light as the paper.
    light = 1.0 if isnan(share) else _luminance(colormaps[HEAT](float(share))[:3])
    return ON_LIGHT if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else ON_DARK


def _luminance(color: Sequence[float]) -> float:
    """Return the relative luminance of an sRGB color, as WCAG 2 defines it."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def clear_frame(ax: Axes) -> None:
    """Draw a light grid behind the data and hide the top and right spines."""
    ax.grid(color="#DDDDDD", linewidth=0.7)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def label_log_axis(axis: Axis) -> None:
    """Write the ticks of a logarithmic axis at 1, 2 and 5 of each decade, as short numbers such as 20k."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=30))
    axis.set_major_formatter(lambda value, _: short_number(value))
    axis.set_minor_formatter(NullFormatter())


def short_number(value: float) -> str:
    """Return a number of few digits as text.

    Examples
    --------
    >>> [short_number(value) for value in (0.05, 500, 20_000, 5e6)]
    ['0.05', '500', '20k', '5M']
    """
    factor, unit = next((each for each in ((1e6, "M"), (1e3, "k")) if value >= each[0]), (1, ""))
    return f"{value / factor:g}{unit}"


def classifier_style(name: str) -> tuple[str, str, str]:
    """Return color, marker and line of a classifier, the same in every plot."""
    known = CLASSIFIERS.index(name) if name in CLASSIFIERS else len(CLASSIFIERS) + crc32(name.encode()) % len(PALETTE)
    place, line = known % len(PALETTE), known // len(PALETTE)
    return PALETTE[place], MARKERS[place], ("-", "--", ":")[line % 3]


def group_styles(groups: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return color and marker of each group, the same in every plot and page; ``constant`` is gray."""
    names = set(groups)
    known = [*GROUPS, *sorted(names - {"constant", *GROUPS})]
    styles = {name: (PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]) for place, name in enumerate(known)}
    return {name: style for name, style in styles.items() if name in names} | {"constant": (GRAY, "X")}


def line_styles(groups: Iterable[str]) -> list[tuple[str, str, Any]]:
    """Return color, marker and dashes of each line: the color of its group, and within a group each line differs.

    Lines without a group get the colors of the palette in turn.
    """
    groups, styles, seen = list(groups), [], Counter[str]()
    colors = {group: color for group, (color, _) in group_styles(set(groups) - {""}).items()}
    for group in groups:
        place = seen[group]
        seen[group] += 1
        color = colors[group] if group else PALETTE[place % len(PALETTE)]
        # The second round of dashes meets other markers than the first.
        marker = MARKERS[(place + place // len(DASHES)) % len(MARKERS)]
        styles.append((color, marker, DASHES[place % len(DASHES)]))
    return styles


def group_of(names: Iterable[str], groups: Mapping[str, str] | None) -> tuple[str, ...]:
    """Return the group of each name, or an empty string if it has none."""
    return tuple((groups or {}).get(name, "") for name in names)
