"""The CNN: a scikit-learn classifier of face images over Keras 3."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted

from ferbench.features import check_images
from ferbench.models._architectures import ARCHITECTURES, build_network
from ferbench.models._augmentation import Augmentation
from ferbench.models._optional import require

Imbalance = Literal["weights", "sqrt-weights", "oversample"]


class CNN(ClassifierMixin, BaseEstimator):
    """Convolutional network that classifies grey face images.

    Parameters
    ----------
    architecture : str, default="4conv"
        Name of the network: ``4conv`` (four convolutions, two fully connected layers; 4.5 million weights),
        ``4conv-thin`` (the same idea for thousands of images and seconds of time) or ``tiny`` (for tests).
    epochs : int, default=48
        Largest number of passes over the training images.
    batch_size : int, default=128
        Images per step of the optimiser.
    learning_rate : float, default=0.001
        First learning rate of Adam.
    schedule : {"plateau", "cosine"}, default="plateau"
        ``plateau`` halves the rate when the validation loss stalls for three epochs (ReduceLROnPlateau); ``cosine``
        lowers it to a hundredth over `epochs`, the better choice when `epochs` is small.
    patience : int, default=12
        Epochs without a better validation loss after which training stops (EarlyStopping).
    augmentation : Augmentation or None, default=Augmentation()
        Random rotation, shift, zoom and flip of each training image; None trains on the images as they are.
    imbalance : {"weights", "sqrt-weights", "oversample"} or None, default="weights"
        How rare classes are raised: by loss weights inverse to the class counts, by their square root, or
        by drawing each class equally often.
    label_smoothing : float, default=0.0
        Share of the target that is spread over all classes.
    validation_fraction : float, default=0.1
        Part of the training images held out (stratified, seeded) when `fit` gets no validation images.
    precision : {"auto", "float32", "mixed_bfloat16"}, default="auto"
        Arithmetic of training. ``auto`` takes bfloat16 where the processor has instructions for it. Prediction is
        always float32.
    random_state : int, default=0
        Seed of weights, order, augmentation and dropout.
    checkpoint_dir : str, Path or None, default=None
        Folder in which an interrupted training is resumed with the same result as an uninterrupted one.
    verbose : bool, default=False
        Whether to show a progress bar with the running losses.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), str
        Labels in the order of the columns of `predict_proba`.
    model_ : keras.Model
        The network at the epoch with the best validation accuracy.
    history_ : dict of str to list of float
        One entry per epoch: loss, accuracy, val_loss, val_accuracy, learning_rate, seconds.
    best_epoch_ : int
        Epoch (from 1) whose weights are kept.
    image_shape_ : tuple of int
        Height and width of the images it was fitted on, in pixels.
    implementation_ : str
        Libraries, backend and precision that trained the network.
    probabilities_ : str
        How the probabilities come about.

    Notes
    -----
    Fitting sets the seeds of Python, NumPy and Keras. An instance may be shared by threads for prediction.

    Examples
    --------
    >>> from ferbench.datasets import make_faces
    >>> from ferbench.models import CNN
    >>> faces = make_faces(70, random_state=0)
    >>> network = CNN("tiny", epochs=1).fit(faces.images, faces.labels)  # doctest: +SKIP
    >>> network.predict_proba(faces.images[:2]).shape  # doctest: +SKIP
    (2, 7)
    """

    def __init__(
        self,
        architecture: str = "4conv",
        *,
        epochs: int = 48,
        batch_size: int = 128,
        learning_rate: float = 0.001,
        schedule: Literal["plateau", "cosine"] = "plateau",
        patience: int = 12,
        augmentation: Augmentation | None = Augmentation(),  # noqa: B008 - frozen, hence safe to share
        imbalance: Imbalance | None = "weights",
        label_smoothing: float = 0.0,
        validation_fraction: float = 0.1,
        precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto",
        random_state: int = 0,
        checkpoint_dir: str | Path | None = None,
        verbose: bool = False,
    ) -> None:
        self.architecture = architecture
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.patience = patience
        self.augmentation = augmentation
        self.imbalance = imbalance
        self.label_smoothing = label_smoothing
        self.validation_fraction = validation_fraction
        self.precision = precision
        self.random_state = random_state
        self.checkpoint_dir = checkpoint_dir
        self.verbose = verbose

    def fit(
        self,
        X: NDArray[np.uint8],
        y: Sequence[str],
        *,
        X_val: NDArray[np.uint8] | None = None,
        y_val: Sequence[str] | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : ndarray of shape (n_samples, height, width), uint8
            Grey training images.
        y : sequence of str, length n_samples
            Their labels.
        X_val, y_val : like X and y, optional
            Validation images, for the choice of the epoch, the learning rate and the stop. Without them
            `validation_fraction` of the training images is held out.

        Raises
        ------
        ValueError
            If images, labels or parameters are not as described, or the loss is not a number any more.
        ImportError
            If Keras is not installed.
        """
        require("keras", "CNN", extra="deep")
        from ferbench.models._training import Training

        self._check_parameters()
        X, labels = check_images(X), np.asarray(y)
        if len(X) != len(labels):
            raise ValueError(f"X and y must have equal length; got {len(X)} images and {len(labels)} labels")
        self.classes_ = np.unique(labels)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold at least two classes; got only {self.classes_.tolist()}")
        if X_val is None or y_val is None:
            X, X_val, labels, y_val = train_test_split(
                X, labels, test_size=self.validation_fraction, stratify=labels, random_state=self.random_state
            )
        self.image_shape_ = X.shape[1:]
        targets, val_targets = self._encode(labels, "y"), self._encode(np.asarray(y_val), "y_val")
        with tempfile.TemporaryDirectory() as scratch:
            training = Training(self, Path(self.checkpoint_dir or scratch))
            weights = training.run((X, targets), (check_images(X_val), val_targets))
        self.history_, self.best_epoch_ = training.history, training.best_epoch
        self.implementation_ = training.implementation
        self.probabilities_ = "softmax of the network"
        self._set_network(weights)
        return self

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Probability of each class for each image, in the order of `classes_`.

        Parameters
        ----------
        X : ndarray of shape (n_samples, height, width), uint8

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
        """
        check_is_fitted(self, "model_")
        X = check_images(X)
        if X.shape[1:] != self.image_shape_:
            raise ValueError(f"X must hold images of {self.image_shape_} pixels, as in fit; got {X.shape[1:]}")
        # Calling the network, not `predict`: no progress machinery, and safe to call from several threads.
        parts = [
            np.asarray(self.model_(X[i : i + 256].astype(np.float32), training=False)) for i in range(0, len(X), 256)
        ]
        probabilities = np.concatenate(parts).astype(np.float64)
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.str_]:
        """Most probable label of each image."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _check_parameters(self) -> None:
        choices: dict[str, tuple[Any, ...]] = {
            "architecture": tuple(sorted(ARCHITECTURES)),
            "schedule": ("plateau", "cosine"),
            "imbalance": ("weights", "sqrt-weights", "oversample", None),
            "precision": ("auto", "float32", "mixed_bfloat16"),
        }
        for name, allowed in choices.items():
            if (value := getattr(self, name)) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}; got {value!r}")
        for name in ("epochs", "batch_size", "patience"):
            if not (isinstance(value := getattr(self, name), int) and value >= 1):
                raise ValueError(f"{name} must be a whole number of at least 1; got {value!r}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0; got {self.learning_rate!r}")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"label_smoothing must be in [0, 1); got {self.label_smoothing!r}")

    def _encode(self, y: NDArray[np.str_], name: str) -> NDArray[np.intp]:
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"{name} holds labels that are missing from the training labels: {', '.join(unknown)}")
        return np.searchsorted(self.classes_, y)

    def _set_network(self, weights: list[NDArray[Any]]) -> None:
        # Whatever the precision of training, prediction is float32, as in the ONNX export.
        self.model_ = build_network(self.architecture, self.image_shape_, len(self.classes_))
        self.model_.set_weights(weights)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "model_" in state:
            state["model_"] = state["model_"].get_weights()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        weights = state.pop("model_", None)
        super().__setstate__(state)
        if weights is not None:
            self._set_network(weights)
