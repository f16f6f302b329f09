"""Look up extractors by name: built-in extractors and those of other packages."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import FeatureUnion

from ferbench.utils import Plugin, find_plugins, find_registered, with_hint

GROUP = "ferbench.extractors"

Factory = Callable[..., Any]


class Transformer(Protocol):
    """Type of the extractors that :func:`make_extractor` makes.

    They are scikit-learn transformers of images of shape (n_samples, height, width), uint8. Other attributes, such as
    the parts of a union, are allowed.
    """

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Fit on images."""

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Rows of shape (n_samples, n_features)."""

    def fit_transform(self, X: ArrayLike, y: ArrayLike | None = None) -> NDArray[np.float32]:
        """Fit on images, and return their rows."""

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.str_]:
        """Names of the columns."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name."""

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by name."""

    def __getattr__(self, name: str, /) -> Any: ...


#: Extractors that the modules of this folder register.
BUILT_IN: dict[str, Factory] = find_registered("ferbench.features")


def extractors() -> dict[str, Factory]:
    """Return all known extractors by name.

    Other packages register extractors with an entry point of the group ``ferbench.extractors``. An entry point is
    imported when its extractor is first made, so a broken package does not affect the other extractors. Names of
    built-in extractors cannot be redefined.

    Returns
    -------
    dict of str to callable
        Factories sorted by name; each returns an unfitted transformer.

    See Also
    --------
    make_extractor : Make an extractor, or a union of several, by name.

    Examples
    --------
    >>> from ferbench.features import extractors
    >>> {"hog", "landmarks", "pixels"} <= set(extractors())
    True
    """
    found = {name: partial(_third_party, plugin) for name, plugin in find_plugins(GROUP, "extractor").items()}
    return dict(sorted((found | BUILT_IN).items()))


def make_extractor(spec: str, **params: Any) -> Transformer:
    """Make an unfitted extractor by name, or a union of extractors by names joined with ``+``.

    Parameters
    ----------
    spec : str
        A key of :func:`extractors`, or several, such as ``"hog+landmarks"``.
    **params : any
        Parameters named as in ``get_params``: ``cell_size=4`` for ``"hog"``, ``hog__cell_size=4`` for a union.

    Returns
    -------
    transformer
        The extractor itself, or a :class:`sklearn.pipeline.FeatureUnion` of them in the order of the names.

    Raises
    ------
    ValueError
        If a name or a parameter is unknown, or a name is repeated.
    ImportError
        If the extractor of another package cannot be loaded.

    Examples
    --------
    >>> from ferbench.features import make_extractor
    >>> make_extractor("hog", cell_size=8)
    HOGExtractor(cell_size=8)
    >>> [name for name, _ in make_extractor("hog+pixels", hog__bins=6).transformer_list]
    ['hog', 'pixels']
    """
    names = [name.strip() for name in spec.split("+")]
    known = extractors()
    for name in names:
        if name not in known:
            raise ValueError(_unknown("extractor", name, known))
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"extractor {repeated[0]!r} is repeated in {spec!r}; name each extractor once")
    made = [(name, known[name]()) for name in names]
    extractor = made[0][1] if len(made) == 1 else FeatureUnion(made)
    for name in params:
        if name not in extractor.get_params():
            raise ValueError(_unknown(f"parameter of extractor {spec!r}", name, extractor.get_params()))
    extractor.set_params(**params)
    return cast(Transformer, extractor)


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    choices = sorted(known)
    text = f"unknown {what}: {name!r}; expected one of {', '.join(choices)}"
    return with_hint(text, name, choices, cutoff=0.5, quoted=True)


def _third_party(plugin: Plugin, *args: Any, **kwargs: Any) -> Any:
    extractor = plugin.make(*args, **kwargs)
    return plugin.demand(extractor, ("fit", "transform", "get_params"), "a scikit-learn transformer")
