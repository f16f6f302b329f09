"""Key-point network: a scikit-learn regressor of points in face images, based on Keras 3."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import train_test_split

from ferbench.features import check_images, mark_offset
from ferbench.models import keypoints
from ferbench.models.keypoints.architectures import build_point_network, check_point_architecture
from ferbench.models.keypoints.base import PointRegressor, Points, check_points, check_unmixed
from ferbench.models.networks import (
    TRAINING_CONSTRAINTS,
    Augmentation,
    Group,
    NetworkEstimator,
    Optimizer,
    Run,
    Schedule,
    Start,
    Targets,
    check_training_parameters,
    require_keras,
)
from ferbench.utils import Constraint, OneOf


class PointNet(PointRegressor, NetworkEstimator):
    """Network that locates the fifteen key points of gray face images.

    Parameters
    ----------
    architecture : str, default="points-net"
        Name of the network. ``points-net`` has residual blocks and predicts the expected position in fifteen heatmaps.
        ``points-direct`` predicts the coordinates with a dense layer instead. ``points-resnet`` has bottleneck stages
        of a convolution block and two identity blocks, and dropout of 0.2. ``points-tiny`` is for tests.
    epochs : int, default=60
        Maximum number of passes over the training images.
    batch_size : int, default=64
        Images per step of the optimizer.
    loss : {"wing", "l2"}, default="wing"
        Loss of each known coordinate: wing loss (Feng et al., 2018), or the squared error. Missing coordinates (NaN)
        are masked.
    optimizer : {"adam", "adamw", "sgd"}, default="adam"
        Optimizer; ``sgd`` uses Nesterov momentum of 0.9.
    learning_rate : float, default=0.001
        Largest learning rate of the schedule.
    weight_decay : float, default=0.0
        Decoupled weight decay (Loshchilov and Hutter, 2019).
    schedule : {"plateau", "cosine"}, default="cosine"
        ``plateau`` halves the learning rate if the validation loss does not improve for three epochs. ``cosine``
        decreases it to a hundredth over `epochs`.
    warmup_epochs : int, default=0
        Number of epochs in which ``cosine`` first increases the learning rate from zero.
    patience : int, default=60
        Training stops after this number of epochs without a better validation loss.
    average : float, default=0.0
        Decay per step of an exponential moving average of the weights. The averaged weights are validated and kept. 0
        uses the weights without averaging.
    augmentation : Augmentation, mapping or bool, default=True
        Random changes of the training images and their points: an :class:`Augmentation`, a table of its fields, or
        False. Mirroring exchanges left and right points. Mixing is not allowed, since mixed images have two sets of
        points.
    initial_weights : str, Path or None, default=None
        ``.weights.h5`` file of the same network to start from.
    validation_fraction : float, default=0.2
        Fraction of the training images held out at random if `fit` gets no validation images.
    precision : {"auto", "float32", "mixed_bfloat16"}, default="auto"
        Precision of training, as in :class:`CNN`; prediction always uses float32.
    random_state : int, default=0
        Seed of weights, order, augmentation and dropout.
    checkpoint_dir : str, Path or None, default=None
        Folder for checkpoints. A training that was interrupted is resumed from it, with the same result as without
        interruption. ``curves.png`` in it is updated after each epoch.
    tensorboard : str, Path or None, default=None
        Folder for TensorBoard's logs (extra ``tensorboard``).
    verbose : bool, default=False
        Whether to show a progress bar with the running losses.

    Attributes
    ----------
    model_ : keras.Model
        Network with the weights of the epoch with the lowest validation loss; it returns points in pixels.
    history_ : dict of str to list of float
        One entry per epoch: loss, rmse (pixels), val_loss, val_rmse, learning_rate, seconds.
    best_epoch_ : int
        Epoch (from 1) whose weights are kept.
    mark_offset_ : float
        Constant horizontal offset of the training annotations, in pixels to the right; the augmentation corrects it.

    See Also
    --------
    CNN : The same training for classes of expressions.
    DlibShape : Classical key-point regressor.
    MeanShape : Baseline.
    KeypointExtractor : Features for classifiers from the points of a network.
    ferbench.models.keypoints.base.PointRegressor : Base class; it documents the attributes that all regressors have.

    References
    ----------
    Nibali, He, Morgan and Prendergast, "Numerical coordinate regression with convolutional neural networks", 2018.
    Feng, Kittler, Awais, Huber and Wu, "Wing loss for robust facial landmark localization", CVPR 2018.

    Examples
    --------
    >>> from ferbench.models import make_recipe
    >>> make_recipe("points-net", epochs=5).epochs
    5
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {**TRAINING_CONSTRAINTS, "loss": OneOf(("wing", "l2"))}
    group_types: ClassVar[Mapping[str, type[Group]]] = {
        "optimizer": Optimizer,
        "schedule": Schedule,
        "targets": Targets,
        "start": Start,
        "run": Run,
    }

    def __init__(
        self,
        architecture: str = "points-net",
        *,
        epochs: int = 60,
        batch_size: int = 64,
        loss: Literal["wing", "l2"] = "wing",
        optimizer: Literal["adam", "adamw", "sgd"] = "adam",
        learning_rate: float = 0.001,
        weight_decay: float = 0.0,
        schedule: Literal["plateau", "cosine"] = "cosine",
        warmup_epochs: int = 0,
        patience: int = 60,
        average: float = 0.0,
        augmentation: Augmentation | Mapping[str, Any] | bool = True,
        initial_weights: str | Path | None = None,
        validation_fraction: float = 0.2,
        precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto",
        random_state: int = 0,
        checkpoint_dir: str | Path | None = None,
        tensorboard: str | Path | None = None,
        verbose: bool = False,
    ) -> None:
        self.architecture = architecture
        self.epochs = epochs
        self.batch_size = batch_size
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.warmup_epochs = warmup_epochs
        self.patience = patience
        self.average = average
        self.augmentation = augmentation
        self.initial_weights = initial_weights
        self.validation_fraction = validation_fraction
        self.precision = precision
        self.random_state = random_state
        self.checkpoint_dir = checkpoint_dir
        self.tensorboard = tensorboard
        self.verbose = verbose

    def fit(
        self,
        X: ArrayLike,
        points: ArrayLike,
        X_val: ArrayLike | None = None,
        points_val: ArrayLike | None = None,
        *,
        on_epoch: Callable[[int, Mapping[str, float]], None] | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width), uint8
            Gray training images. Their sides must be multiples of 8 pixels, and at least 32.
        points : array-like of shape (n_samples, 15, 2)
            Points (x, y) in pixels, in the order of ``ferbench.features.POINT_NAMES``; NaN where one is missing.
        X_val, points_val : like X and points, optional
            Validation images, used to select the epoch, to reduce the learning rate and to stop early. Without them,
            `validation_fraction` of the training images is held out at random. Pass them if several images show the
            same person.
        on_epoch : callable, optional
            Called after each epoch with its number, from 1, and its values of `history_`. An exception in it ends the
            training.

        Raises
        ------
        ValueError
            If images, points or parameters are invalid, if a checkpoint is damaged or belongs to another training, or
            if the loss becomes NaN or infinite.
        MemoryError
            If a batch does not fit into memory; the message suggests a smaller batch size.
        ImportError
            If Keras is not installed.
        """
        require_keras("PointNet")

        images = self._first_images(X)
        self._check_parameters((images.shape[1], images.shape[2]))
        train, validation = self._parts(images, points, X_val, points_val)
        self.mark_offset_ = mark_offset(*train)
        with tempfile.TemporaryDirectory() as scratch:
            training = keypoints.PointTraining(self, Path(self.checkpoint_dir or scratch), on_epoch)
            weights = training.run(train, validation)
        self.history_, self.best_epoch_ = training.history, training.best_epoch
        self.implementation_ = training.implementation
        self._set_network(weights)
        return self

    def _parts(
        self, images: NDArray[np.uint8], points: ArrayLike, X_val: ArrayLike | None, points_val: ArrayLike | None
    ) -> tuple[tuple[NDArray[np.uint8], Points], tuple[NDArray[np.uint8], Points]]:
        """Return the checked images and points of training and validation."""
        targets = check_points(points, images)
        if X_val is not None and points_val is not None:
            seen = check_images(X_val)
            if seen.shape[1:] != images.shape[1:]:
                raise ValueError(f"X_val must hold images of {images.shape[1:]} pixels, as X; got {seen.shape[1:]}")
            return (images, targets), (seen, check_points(points_val, seen, "points_val", complete=False))
        train, held_out = train_test_split(
            np.arange(len(images)), test_size=self.validation_fraction, random_state=self.random_state
        )
        return (images[train], targets[train]), (images[held_out], targets[held_out])

    def _check_parameters(self, image_shape: tuple[int, int]) -> None:
        check_point_architecture(self.architecture, image_shape)
        check_training_parameters(self)
        check_unmixed(Augmentation.of(self.augmentation))

    def _find(self, images: NDArray[np.uint8]) -> Points:
        return self._run_network(images)

    def _make_network(self) -> Any:
        return build_point_network(self.architecture, self.image_shape_)
