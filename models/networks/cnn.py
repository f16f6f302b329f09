"""The CNN: a scikit-learn classifier of face images over Keras 3."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ferbench.features import ImageInput, check_images
from ferbench.models import networks
from ferbench.models.base import MostProbable, check_classes
from ferbench.models.networks.architectures import build_network, check_architecture
from ferbench.models.networks.augmentation import Augmentation
from ferbench.models.networks.cnn_parameters import CNN_CONSTRAINTS, CNN_GROUPS
from ferbench.models.networks.groups import Group
from ferbench.models.networks.labels import class_columns, split_rows
from ferbench.models.networks.network import NetworkEstimator, check_training_parameters
from ferbench.models.networks.views import TestTime
from ferbench.utils import Constraint, require

Imbalance = Literal["weights", "sqrt-weights", "oversample"]


class CNN(ImageInput, MostProbable, NetworkEstimator):
    """Convolutional network that classifies gray face images.

    Parameters
    ----------
    architecture : str, default="ferbench-net-m"
        Name of the network: ``ferbench-net-l``, ``ferbench-net-m`` and ``ferbench-net-xs`` (ours), ``cnn-4conv``,
        ``cnn-4conv-thin``, ``cnn-gap``, ``resnet-blocks``, ``mini-xception``, ``vgg-fer``, ``tiny`` (for tests), or
        ``transfer:BACKBONE`` with a model of ``keras.applications``.
    epochs : int, default=48
        Largest number of passes over the training images.
    batch_size : int, default=128
        Images per step of the optimizer.
    optimizer : {"adam", "adamw", "sgd"}, default="adam"
        ``sgd`` is with Nesterov momentum of 0.9.
    learning_rate : float, default=0.001
        Highest learning rate.
    weight_decay : float, default=0.0
        Decoupled weight decay (Loshchilov and Hutter, 2019): each step shrinks the kernels by this share of the
        learning rate. For ``sgd``, an L2 penalty of 5e-4 is about a decay of 5e-3.
    schedule : {"plateau", "cosine"}, default="plateau"
        ``plateau`` halves the rate when the validation loss stalls for three epochs (ReduceLROnPlateau); ``cosine``
        lowers it to a hundredth over `epochs`, the better choice when `epochs` is small.
    warmup_epochs : int, default=0
        Epochs over which ``cosine`` first raises the rate from zero.
    patience : int, default=12
        Epochs without a better validation loss after which training stops (EarlyStopping).
    average : float, default=0.0
        Decay per step of an exponential moving average of all weights (Polyak averaging), which is then what is
        validated and kept; 0.999 spans about a thousand steps. 0 keeps the weights themselves.
    augmentation : Augmentation, mapping or bool, default=True
        Random rotation, shift, zoom, flip, erasing and mixing of the training images: an :class:`Augmentation`, a table
        of its fields, or False for the images as they are.
    imbalance : {"weights", "sqrt-weights", "oversample"} or None, default="weights"
        How rare classes are raised: by loss weights inverse to the class counts, by their square root, or
        by drawing each class equally often.
    label_smoothing : float, default=0.0
        Share of the target that is spread over all classes.
    teachers : sequence of str or Path, default=()
        Bundles (folders, or names of shipped ones) whose mean probabilities become part of the targets (distillation;
        Hinton et al., 2015). One that holds leave-one-out probabilities of these training images, such as a kernel
        ridge whose ``loo_rows`` takes in all, teaches those: it remembers the images themselves too well.
    distillation : float, default=0.7
        Weight of the teachers' probabilities in the target.
    initial_weights : str, Path or None, default=None
        Weights to start from: a ``.weights.h5`` file of the network (of the backbone, for ``transfer:``), or
        ``"imagenet"``, which Keras downloads.
    frozen_epochs : int, default=0
        First epochs in which the backbone of ``transfer:`` keeps its weights.
    input_size : int or None, default=None
        Side in pixels to which the network resizes the images first; None takes them as they are.
    progressive_sizes : sequence of int, default=()
        Sides in pixels of the training images in equal parts of the training, such as ``(32, 40, 48)``: small images
        first, in a fraction of the time (progressive learning; Tan and Le, 2021). Validation and prediction take the
        images as they are. For networks without a fully connected layer on their pixels.
    refit_head : float, default=0.0
        Above 0, a logistic regression with this inverse strength of its L2 penalty (scikit-learn's ``C``) takes the
        place of the softmax layer at the end, fitted on the finished network's standardized features of the training
        images and their mirror images (classifier retraining; Kang et al., 2020). 0 keeps the layer as trained.
    test_time : {"flip", "ten-crop"} or None, default=None
        Average the prediction over the image and its mirror image, or over five crops of both; training is not
        affected.
    validation_fraction : float, default=0.1
        Part of the training images held out (stratified, seeded) when `fit` gets no validation images.
    precision : {"auto", "float32", "mixed_bfloat16"}, default="auto"
        Arithmetic of training. ``auto`` takes bfloat16 where the processor has instructions for it. Prediction is
        always float32.
    random_state : int, default=0
        Seed of weights, order, augmentation and dropout.
    checkpoint_dir : str, Path or None, default=None
        Folder in which an interrupted training is resumed with the same result as an uninterrupted one, and in which
        ``curves.png`` is drawn anew after each epoch.
    tensorboard : str, Path or None, default=None
        Folder for TensorBoard's logs (extra ``tensorboard``).
    verbose : bool, default=False
        Whether to show a progress bar with the running losses.

    Attributes
    ----------
    history_ : dict of str to list of float
        One entry per epoch: loss, accuracy, val_loss, val_accuracy, learning_rate, seconds.
    best_epoch_ : int
        Epoch (from 1) with the best validation accuracy, whose weights `model_` has.

    See Also
    --------
    PointNet : The same training for key points.
    Pretrained : Networks that are trained already.

    Notes
    -----
    The parameters can be read and given in groups: ``CNN().groups()`` and
    ``CNN.from_groups("ferbench-net", optimizer=Optimizer("sgd", learning_rate=0.1))``. Images have no weights of their
    own (`sample_weight`): `imbalance` weighs the classes.

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

    constraints: ClassVar[Mapping[str, Constraint]] = CNN_CONSTRAINTS
    group_types: ClassVar[Mapping[str, type[Group]]] = CNN_GROUPS

    def __init__(
        self,
        architecture: str = "ferbench-net-m",
        *,
        epochs: int = 48,
        batch_size: int = 128,
        optimizer: Literal["adam", "adamw", "sgd"] = "adam",
        learning_rate: float = 0.001,
        weight_decay: float = 0.0,
        schedule: Literal["plateau", "cosine"] = "plateau",
        warmup_epochs: int = 0,
        patience: int = 12,
        average: float = 0.0,
        augmentation: Augmentation | Mapping[str, Any] | bool = True,
        imbalance: Imbalance | None = "weights",
        label_smoothing: float = 0.0,
        teachers: Sequence[str | Path] = (),
        distillation: float = 0.7,
        initial_weights: str | Path | None = None,
        frozen_epochs: int = 0,
        input_size: int | None = None,
        progressive_sizes: Sequence[int] = (),
        refit_head: float = 0.0,
        test_time: TestTime | None = None,
        validation_fraction: float = 0.1,
        precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto",
        random_state: int = 0,
        checkpoint_dir: str | Path | None = None,
        tensorboard: str | Path | None = None,
        verbose: bool = False,
    ) -> None:
        self.architecture = architecture
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.warmup_epochs = warmup_epochs
        self.patience = patience
        self.average = average
        self.augmentation = augmentation
        self.imbalance = imbalance
        self.label_smoothing = label_smoothing
        self.teachers = teachers
        self.distillation = distillation
        self.initial_weights = initial_weights
        self.frozen_epochs = frozen_epochs
        self.input_size = input_size
        self.progressive_sizes = progressive_sizes
        self.refit_head = refit_head
        self.test_time = test_time
        self.validation_fraction = validation_fraction
        self.precision = precision
        self.random_state = random_state
        self.checkpoint_dir = checkpoint_dir
        self.tensorboard = tensorboard
        self.verbose = verbose

    def fit(
        self,
        X: NDArray[np.uint8],
        y: Sequence[str],
        *,
        X_val: NDArray[np.uint8] | None = None,
        y_val: Sequence[str] | None = None,
        on_epoch: Callable[[int, Mapping[str, float]], None] | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : ndarray of shape (n_samples, height, width), uint8
            Gray training images.
        y : sequence of str, length n_samples
            Their labels.
        X_val, y_val : like X and y, optional
            Validation images, for the choice of the epoch, the learning rate and the stop. Without them
            `validation_fraction` of the training images is held out.

        on_epoch : callable, optional
            Called after each epoch with its number, from 1, and its figures (those of `history_`); what it raises ends
            the training.

        Raises
        ------
        ValueError
            If images, labels or parameters are not as described, a checkpoint is damaged or another training's, or the
            loss is not a number any more.
        MemoryError
            If a batch does not fit into memory; the message suggests a smaller one.
        ImportError
            If Keras is not installed.
        """
        require("keras", "CNN", extra="deep")

        self._check_parameters()
        X, labels = self._first_images(X), np.asarray(y)
        if len(X) != len(labels):
            raise ValueError(f"X and y must have equal length; got {len(X)} images and {len(labels)} labels")
        self.classes_ = check_classes(labels)
        if X_val is None or y_val is None:
            rest, held_out = split_rows(labels, self.classes_, self.validation_fraction, self.random_state)
            X, X_val, labels, y_val = X[rest], X[held_out], labels[rest], labels[held_out]
        targets = class_columns(labels, self.classes_, "y")
        val_targets = class_columns(np.asarray(y_val), self.classes_, "y_val")
        with tempfile.TemporaryDirectory() as scratch:
            training = networks.ClassTraining(self, Path(self.checkpoint_dir or scratch), on_epoch)
            weights = training.run((X, targets), (check_images(X_val), val_targets))
            if self.refit_head:
                weights = training.refit_head(weights, (X, targets))
        self.history_, self.best_epoch_ = training.history, training.best_epoch
        self.implementation_ = training.implementation
        views = {None: "", "flip": ", mean over the mirror image", "ten-crop": ", mean over ten crops"}
        head = ", its last layer refitted by logistic regression" if self.refit_head else ""
        self.probabilities_ = f"softmax of the network{head}{views[self.test_time]}"
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
        probabilities = self._run_network(self._same_images(X)).astype(np.float64)
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    def _check_parameters(self) -> None:
        check_architecture(self.architecture)
        check_training_parameters(self)
        if self.progressive_sizes and self.input_size is not None:
            raise ValueError("progressive_sizes and input_size exclude each other: give one of them")

    def _make_network(self) -> Any:
        return build_network(
            self.architecture,
            self.image_shape_,
            len(self.classes_),
            test_time=self.test_time,
            input_size=self.input_size,
        )
