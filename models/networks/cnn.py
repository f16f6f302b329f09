"""Convolutional network as a scikit-learn classifier of face images, based on Keras 3."""

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
from ferbench.models.networks.network import NetworkEstimator, check_training_parameters, require_keras
from ferbench.models.networks.views import TestTime
from ferbench.utils import Constraint

Imbalance = Literal["weights", "sqrt-weights", "oversample"]


class CNN(ImageInput, MostProbable, NetworkEstimator):
    """Convolutional network that classifies gray face images.

    Use it to train one of the named architectures, or to fine-tune a backbone of ``keras.applications``.

    Parameters
    ----------
    architecture : str, default="ferbench-net-m"
        Name of the network: ``ferbench-net-l``, ``ferbench-net-m``, ``ferbench-net-xs``, ``cnn-4conv``,
        ``cnn-4conv-thin``, ``cnn-gap``, ``resnet-blocks``, ``mini-xception``, ``vgg-fer``, ``tiny`` (for tests), or
        ``transfer:BACKBONE`` with a model of ``keras.applications``.
    epochs : int, default=48
        Maximum number of passes over the training images.
    batch_size : int, default=128
        Images per step of the optimizer.
    optimizer : {"adam", "adamw", "sgd"}, default="adam"
        Optimizer; ``sgd`` uses Nesterov momentum of 0.9.
    learning_rate : float, default=0.001
        Largest learning rate of the schedule.
    weight_decay : float, default=0.0
        Decoupled weight decay (Loshchilov and Hutter, 2019), multiplied by the learning rate at each step. For
        ``sgd``, a decay of 5e-3 is about an L2 penalty of 5e-4.
    schedule : {"plateau", "cosine"}, default="plateau"
        ``plateau`` halves the learning rate if the validation loss does not improve for three epochs. ``cosine``
        decreases it to a hundredth over `epochs`, which is better if `epochs` is small.
    warmup_epochs : int, default=0
        Number of epochs in which ``cosine`` first increases the learning rate from zero.
    patience : int, default=12
        Training stops after this number of epochs without a better validation loss (early stopping).
    average : float, default=0.0
        Decay per step of an exponential moving average of the weights (Polyak averaging). The averaged weights are
        validated and kept. 0.999 averages over about a thousand steps; 0 uses the weights without averaging.
    augmentation : Augmentation, mapping or bool, default=True
        Random rotation, shift, zoom, flip, erasing and mixing of the training images: an :class:`Augmentation`, a table
        of its fields, or False for no augmentation.
    imbalance : {"weights", "sqrt-weights", "oversample"} or None, default="weights"
        How to compensate for rare classes: loss weights inversely proportional to the class counts, the square roots
        of these weights, or sampling all classes equally often.
    label_smoothing : float, default=0.0
        Fraction of the target that is distributed over all classes.
    teachers : sequence of str or Path, default=()
        Bundles (folders, or names of shipped bundles) whose mean probabilities are part of the targets (distillation;
        Hinton et al., 2015). If a bundle has leave-one-out probabilities of the training images, these are used. Such a
        bundle is a `KernelRidge` whose ``loo_rows`` includes all rows; it predicts its own training images too well.
    distillation : float, default=0.7
        Weight of the teachers' probabilities in the targets.
    initial_weights : str, Path or None, default=None
        Weights to start from: a ``.weights.h5`` file of the network (of the backbone, for ``transfer:``),
        ``"imagenet"``, which Keras downloads, or a bundle of the same architecture (its folder, or the name of one that
        ships). With other labels than the bundle's, a logistic regression on its features becomes the new last layer.
        The batch normalization of the bundle stays as it is, which suits few images.
    frozen_epochs : int, default=0
        Number of first epochs in which the backbone of ``transfer:`` is frozen.
    input_size : int or None, default=None
        Side in pixels to which the network first resizes the images; None uses the original size.
    progressive_sizes : sequence of int, default=()
        Sides in pixels of the training images in equal parts of the training, such as ``(32, 40, 48)``. Training on
        small images first is faster (progressive learning; Tan and Le, 2021). Validation and prediction use the
        original size. Networks with a fully connected layer on the pixels do not support it.
    refit_head : float, default=0.0
        If above 0, a logistic regression replaces the softmax layer after training (classifier retraining; Kang et
        al., 2020). The value is its inverse regularization strength, as scikit-learn's ``C``. It is fitted on the
        standardized features of the training images and their mirror images. 0 keeps the trained layer.
    test_time : {"flip", "ten-crop"} or None, default=None
        Test-time augmentation: average the predictions over the image and its mirror image, or over five crops of
        both.
    validation_fraction : float, default=0.1
        Fraction of the training images held out (stratified) if `fit` gets no validation images.
    precision : {"auto", "float32", "mixed_bfloat16"}, default="auto"
        Precision of training. ``auto`` uses bfloat16 if the processor supports it. Prediction always uses float32.
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
    history_ : dict of str to list of float
        One entry per epoch: loss, accuracy, val_loss, val_accuracy, learning_rate, seconds, and train_accuracy, the
        accuracy on the true labels of at most 2,000 unaugmented training images, every third epoch, else NaN.
    best_epoch_ : int
        Epoch (from 1) with the best validation accuracy; `model_` has its weights.

    See Also
    --------
    Pretrained : Use networks that are already trained.
    DeepExtractor : Penultimate features of a trained network.
    PointNet : The same training for key points.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    Notes
    -----
    The parameters can be read and set in groups: ``CNN().groups()`` and
    ``CNN.from_groups("ferbench-net-m", optimizer=Optimizer("sgd", learning_rate=0.1))``. `sample_weight` is not
    supported; `imbalance` weights the classes.

    Batches of a read-only memory map are read from disk. Give `X_val` and `y_val` then: held-out images are copies.

    `fit` sets the seeds of Python, NumPy and Keras. Several threads may share a fitted instance for prediction.

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
            Labels of the training images.
        X_val, y_val : like X and y, optional
            Validation images, used to select the epoch, to reduce the learning rate and to stop early. Without them,
            `validation_fraction` of the training images is held out.
        on_epoch : callable, optional
            Called after each epoch with its number, from 1, and its values of `history_`. An exception in it ends the
            training.

        Raises
        ------
        ValueError
            If images, labels or parameters are invalid, if a checkpoint is damaged or belongs to another training, or
            if the loss becomes NaN or infinite.
        MemoryError
            If a batch does not fit into memory; the message suggests a smaller batch size.
        ImportError
            If Keras is not installed.
        """
        require_keras("CNN")

        self._check_parameters()
        X, labels = self._first_images(X), np.asarray(y)
        if len(X) != len(labels):
            raise ValueError(f"X and y must have equal length; got {len(X)} images and {len(labels)} labels")
        self.classes_ = check_classes(labels)
        if X_val is None or y_val is None:
            rest, held_out = split_rows(labels, self.classes_, self.validation_fraction, self.random_state)
            X, X_val, labels, y_val = X[rest], X[held_out], labels[rest], labels[held_out].tolist()
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
        """Predict the probability of each class for each image, in the order of `classes_`.

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
            raise ValueError("progressive_sizes and input_size cannot be combined; set only one of them")

    def _make_network(self) -> Any:
        return build_network(
            self.architecture,
            self.image_shape_,
            len(self.classes_),
            test_time=self.test_time,
            input_size=self.input_size,
        )
