"""Class priors: shares of the classes in the training data, and the shares that a user states instead.

Live mode imports this module, so it avoids heavy imports.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.models.base.parts import parts_of
from ferbench.utils import suggest

#: Field of ``bundle.json`` with the shares of the classes in the training data.
CLASS_SHARES = "class_shares"
UNIFORM = "uniform"
# How far a sum may be from one: of the shares in a bundle, and of the rounded shares that a user states.
_EXACT, _ROUNDED = 1e-6, 1e-3
_OPTION = "--priors (priors= in Python)"

Priors = str | Mapping[str, float]


def with_priors(proba: ArrayLike, priors: Mapping[str, float], info: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the probabilities for data whose classes have other shares than the training data.

    Each probability is multiplied by the ratio of the stated share and the training share of its class, and each row is
    normalized to a sum of one. A row without any probability left becomes the stated shares.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
        Probabilities in the order of the labels in `info`.
    priors : mapping of str to float
        Share of every class, as :func:`full_priors` returns it.
    info : mapping
        Description of the bundle, with its class shares.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), float64

    References
    ----------
    Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities: a simple
    procedure", Neural Computation 14, 2002.

    Examples
    --------
    >>> from ferbench.models.base import with_priors
    >>> info = {"labels": ["happy", "sad"], "class_shares": {"happy": 0.8, "sad": 0.2}}
    >>> with_priors([[0.7, 0.3]], {"happy": 0.5, "sad": 0.5}, info).round(3).tolist()
    [[0.368, 0.632]]
    """
    trained: Mapping[str, float] = info[CLASS_SHARES]
    stated = np.array([priors[label] for label in info["labels"]], np.float64)
    shares = np.array([trained[label] for label in info["labels"]], np.float64)
    # A class without training images has a stated share of zero, see `full_priors`.
    weighted = np.asarray(proba, np.float64) * (stated / np.where(shares > 0, shares, 1.0))
    total = weighted.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, weighted / np.where(total > 0, total, 1.0), stated), np.float64)


def full_priors(priors: Priors, info: Mapping[str, Any], name: str | Path) -> dict[str, float]:
    """Return the stated share of every class of a bundle.

    Parameters
    ----------
    priors : {"uniform"}, str or mapping of str to float
        ``uniform`` gives every class the same share. Otherwise the shares by label, or as text:
        ``angry=0.2,happy=0.4``. Labels that are not named share what is left in proportion to the training shares.
    info : mapping
        Description of the bundle.
    name : str or Path
        The bundle, for messages.

    Raises
    ------
    ValueError
        If the bundle does not state its shares, a label is unknown, a share is no number from 0 to 1, the shares sum
        to more than one, or all labels are named and the sum is not one.

    Examples
    --------
    >>> from ferbench.models.base import full_priors
    >>> info = {"labels": ["angry", "happy", "sad"], "class_shares": {"angry": 0.1, "happy": 0.6, "sad": 0.3}}
    >>> full_priors("angry=0.4", info, "mine")
    {'angry': 0.4, 'happy': 0.4, 'sad': 0.2}
    """
    stated = _stated(priors)
    trained: Mapping[str, float] | None = info.get(CLASS_SHARES)
    if trained is None:
        raise ValueError(
            f"{name} does not state the shares of its classes in the training data, which {_OPTION} needs; leave it "
            "out, or state them with ferbench.models.bundles.add_class_shares"
        )
    labels: list[str] = info["labels"]
    full = dict.fromkeys(labels, 1 / len(labels)) if stated is None else _completed(stated, trained, labels)
    if impossible := [label for label in labels if full[label] > 0 and not trained[label] > 0]:
        raise ValueError(
            f"{_OPTION}: {name} had no training faces of {impossible[0]!r}, so it cannot expect any; state "
            f"{impossible[0]}=0"
        )
    return full


def priors_text(priors: Mapping[str, float]) -> str:
    """Return stated shares as they are shown to the user.

    Examples
    --------
    >>> priors_text({"happy": 0.5, "sad": 0.5}), priors_text({"happy": 0.75, "sad": 0.25})
    ('uniform', 'happy 0.750, sad 0.250')
    """
    if max(priors.values()) - min(priors.values()) < _EXACT:
        return UNIFORM
    return ", ".join(f"{label} {share:.3f}" for label, share in priors.items())


def class_shares(labels: Iterable[Any]) -> dict[str, float]:
    """Return the share of each label.

    Examples
    --------
    >>> class_shares(["sad", "happy", "happy", "happy"])
    {'happy': 0.75, 'sad': 0.25}
    """
    counts = Counter(map(str, labels))
    return {label: counts[label] / counts.total() for label in sorted(counts)}


def check_class_shares(value: Any, labels: Sequence[str]) -> str:
    """Return what is wrong with the field ``class_shares`` of a description, or an empty string."""
    if not isinstance(value, dict) or set(value) != set(labels):
        return f"{CLASS_SHARES} must be an object with one share for each of the labels; got {value!r:.80}"
    for label, share in value.items():
        if not _is_share(share):
            return f"{CLASS_SHARES}.{label} must be a number from 0 to 1; got {share!r:.80}"
    if abs(math.fsum(value.values()) - 1) > _EXACT:
        return f"{CLASS_SHARES} must sum to 1; got {math.fsum(value.values()):g}"
    return ""


def training_shares(recognizer: Any, labels: Iterable[Any] | None) -> dict[str, float] | None:
    """Return the shares of the classes that a fitted recognizer has learned, or None if they are not known.

    Parameters
    ----------
    recognizer : classifier
        Its `class_shares_` count where it has them: those of networks that were trained before.
    labels : iterable of str or None
        Labels of the training images. Where the fit weighted classes or repeated their images, the probabilities do not
        follow their shares, so none are returned.
    """
    if hasattr(recognizer, "class_shares_"):
        known: dict[str, float] | None = recognizer.class_shares_
        return known
    if labels is None or any(map(_weighs_classes, parts_of(recognizer))):
        return None
    found, classes = class_shares(labels), [str(label) for label in recognizer.classes_]
    return {label: found.get(label, 0.0) for label in classes} if set(found) <= set(classes) else None


def kept_shares(shares: Mapping[str, float] | None, classes: Iterable[str]) -> dict[str, float] | None:
    """Return the shares of some of the classes, normalized to a sum of one; None if they are not all known.

    Examples
    --------
    >>> kept_shares({"angry": 0.5, "happy": 0.25, "sad": 0.25}, ["happy", "sad"])
    {'happy': 0.5, 'sad': 0.5}
    """
    wanted = [str(label) for label in classes]
    if not shares or not set(wanted) <= set(shares):
        return None
    total = math.fsum(shares[label] for label in wanted)
    return {label: shares[label] / total for label in wanted} if total > 0 else None


def common_shares(infos: Iterable[Mapping[str, Any]], classes: Iterable[str]) -> dict[str, float] | None:
    """Return the shares that the descriptions of several bundles agree on, or None if they differ or lack them."""
    wanted = [str(label) for label in classes]
    each = [kept_shares(info.get(CLASS_SHARES), wanted) for info in infos]
    known = [shares for shares in each if shares is not None]
    if not known or len(known) < len(each):
        return None
    same = all(abs(shares[label] - known[0][label]) < _EXACT for shares in known for label in wanted)
    return known[0] if same else None


def _weighs_classes(part: Any) -> bool:
    """Whether the fit of an estimator gave classes another weight than their share of the images."""
    # A refitted last layer is trained with the unweighted classes.
    weighted = getattr(part, "imbalance", None) is not None and not getattr(part, "refit_head", 0)
    return weighted or getattr(part, "class_weight", None) is not None


def _is_share(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) <= 1


def _stated(priors: Priors) -> dict[str, float] | None:
    """Return the shares as they were stated, or None for uniform ones."""
    if isinstance(priors, str) and priors.strip().lower() == UNIFORM:
        return None
    stated = _parsed(priors) if isinstance(priors, str) else priors
    if not isinstance(stated, Mapping) or not stated:
        raise ValueError(f"{_OPTION} must be {_EXPECTED}; got {priors!r:.80}")
    for label, share in stated.items():
        if not _is_share(share):
            raise ValueError(f"{_OPTION}: the share of {label!r} must be a number from 0 to 1; got {share!r:.80}")
    return {str(label): float(share) for label, share in stated.items()}


_EXPECTED = "uniform, or the shares of labels, such as angry=0.2,happy=0.4"


def _parsed(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in text.split(","):
        label, _, number = (each.strip() for each in part.rpartition("="))
        try:
            share = float(number)
        except ValueError:
            label = ""
        if not label:
            raise ValueError(f"{_OPTION} must be {_EXPECTED}; got {text!r:.80}")
        if label in found:
            raise ValueError(f"{_OPTION} names {label!r} twice; name each label once")
        found[label] = share
    return found


def _completed(stated: Mapping[str, float], trained: Mapping[str, float], labels: Sequence[str]) -> dict[str, float]:
    """Give what is left to the labels that are not named, in proportion to their training shares."""
    if unknown := [label for label in stated if label not in trained]:
        raise ValueError(f"{_OPTION}: unknown label {unknown[0]!r}; {suggest(unknown[0], labels)}")
    total = math.fsum(stated.values())
    if total > 1 + _ROUNDED:
        raise ValueError(f"{_OPTION}: the shares sum to {total:g}; lower them to a sum of at most 1")
    others = [label for label in labels if label not in stated]
    known = math.fsum(trained[label] for label in others)
    left = max(0.0, 1 - total)
    if left > _ROUNDED and not known > 0:
        raise ValueError(
            f"{_OPTION}: the shares sum to {total:g}, and no other label can take the rest; raise them to a sum of 1"
        )
    full = {label: stated[label] if label in stated else left * trained[label] / (known or 1) for label in labels}
    whole = math.fsum(full.values())
    return {label: share / whole for label, share in full.items()}
