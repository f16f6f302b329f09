"""Stacked generalization of several recognizers."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from ferbench.features import ImageExtractor, MirrorViews
from ferbench.models.base import checked_groups, fit_calibration, log_scores, some
from ferbench.models.ensembles.members import Ensemble, Images, Validation, fit_member
from ferbench.utils import SEED, Constraint, check_parameters

Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


class Stack(Ensemble):
    """Stacked recognizers: multinomial logistic regression of the log-probabilities of several recognizers.

    The regression is fitted on cross-validated probabilities, predicted by members that were fitted without the fold of
    the image. Then all members are fitted on all images. Extractors that do not use labels are fitted only once, on all
    training images. `sample_weight` is not supported, since members are pipelines, which take weights only by the name
    of a step (``classifier__sample_weight``).

    Parameters
    ----------
    members : list of (str, classifier)
        Names and unfitted recognizers of images of shape (n_samples, height, width), uint8.
    cv : int, default=3
        Number of stratified folds.
    random_state : int, default=0
        Seed of the folds.

    Attributes
    ----------
    members_ : list of classifier
        Members fitted on all images.

    See Also
    --------
    Vote : Mean of the probabilities of several recognizers.
    sklearn.ensemble.StackingClassifier : Stack of classifiers of feature rows.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    References
    ----------
    Wolpert, "Stacked generalization", Neural Networks 5, 1992. Ting and Witten, "Issues in stacked generalization",
    JAIR 10, 1999 (stack probabilities, not labels).

    Examples
    --------
    >>> from ferbench.models import make_recipe
    >>> make_recipe("stack:hog+logreg,pixels+tree", cv=5).cv
    5
    """

    #: Version of the calibration where people are known, see `groups` of `fit`; part of the identity of such cells.
    person_version: ClassVar[int] = 1
    constraints: ClassVar[Mapping[str, Constraint]] = {"random_state": SEED}

    def __init__(self, members: list[tuple[str, Any]], *, cv: int = 3, random_state: int = 0) -> None:
        self.members = members
        self.cv = cv
        self.random_state = random_state

    def fit(
        self, X: ArrayLike, y: ArrayLike, X_val: Any = None, y_val: Any = None, groups: ArrayLike | None = None
    ) -> Self:
        """Fit on images of shape (n_samples, height, width), uint8, and labels; networks use `X_val` for validation.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
        y : array-like of shape (n_samples,)
        X_val, y_val : like X and y, optional
            Validation images, from which networks select their best epoch.
        groups : array-like of shape (n_samples,), optional
            Person of each image; folds are by person then, where each fold leaves all labels.
        """
        check_parameters(self)
        images, labels = self._begin(X, y)
        people = checked_groups(groups, len(labels))
        folds = self._folds(labels, people)
        validation: Validation = {"X_val": X_val, "y_val": y_val}
        self.members_, answers = [], []
        total = len(self.members) * (len(folds) + 1)
        with tqdm(total=total, desc="members", unit="fit", leave=False, disable=None) as bar:
            for _, member in self.members:
                answered, fitted = _cross_fit(member, images, labels, folds, validation, people=people)
                bar.update(len(folds) + 1)
                answers.append(log_scores(answered))
                self.members_.append(fitted)
        self.score_scale_, self.calibration_ = fit_calibration(np.hstack(answers), labels, self.classes_)
        self._describe(
            "multinomial logistic regression of the members' log-probabilities; learned on answers for "
            f"{len(labels)} training images, each by members fitted without its fold ({len(folds)} folds)"
        )
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "members_")
        answers = [log_scores(answer) for answer in self._ask(self._same_images(X))]
        return self.calibration_.predict_proba(np.hstack(answers) / self.score_scale_)

    def _folds(self, labels: NDArray[Any], people: NDArray[Any] | None) -> Folds:
        names, counts = np.unique(labels, return_counts=True)
        if not (isinstance(self.cv, int) and 2 <= self.cv <= counts.min()):
            raise ValueError(
                f"Stack: cv must be 2 or more, and at most the images of the smallest class, {counts.min()} of "
                f"{str(names[counts.argmin()])!r}; got {self.cv!r}; choose a smaller cv, or add images of that class"
            )
        if people is not None and len(np.unique(people)) >= self.cv:
            by_person = StratifiedGroupKFold(self.cv, shuffle=True, random_state=self.random_state)
            folds = list(by_person.split(labels, labels, people))
            # A member that has not learned a label has no column for it.
            if all(len(np.unique(labels[seen])) == len(names) for seen, _ in folds):
                return folds
        splitter = StratifiedKFold(self.cv, shuffle=True, random_state=self.random_state)
        return list(splitter.split(labels, labels))


def _cross_fit(
    member: Any,
    images: Images,
    labels: NDArray[Any],
    folds: Folds,
    validation: Validation,
    *,
    people: NDArray[Any] | None,
) -> tuple[NDArray[np.float64], Any]:
    """Return the cross-validated probabilities of a member, and the member fitted on all images."""
    extractor, X, rest = None, images, member
    if isinstance(member, Pipeline) and len(member) > 1 and _ignores_labels(member[0]):
        extractor = clone(member[0]).fit(images)
        X, rest = extractor.transform(images), member[1:]
    answers = np.empty((len(labels), len(np.unique(labels))))
    for seen, unseen in folds:
        fitted = fit_member(rest, X[seen], labels[seen], validation, some(people, seen))
        answers[unseen] = fitted.predict_proba(X[unseen])
    fitted = fit_member(rest, X, labels, validation, people)
    if extractor is None:
        return answers, fitted
    return answers, Pipeline([(member.steps[0][0], extractor), *fitted.steps])


def _ignores_labels(extractor: Any) -> bool:
    if isinstance(extractor, FeatureUnion):
        return all(_ignores_labels(part) for _, part in extractor.transformer_list)
    if isinstance(extractor, MirrorViews):
        return _ignores_labels(extractor.extractor)
    return isinstance(extractor, ImageExtractor)
