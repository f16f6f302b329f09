"""Mixin of the estimators on images: scikit-learn tags and the check of the image size."""

from typing import Any, ClassVar

from numpy.typing import ArrayLike

from ferbench.utils import Images, check_images


class ImageInput:
    """Mixin of the estimators whose `X` is a batch of gray images.

    List it before scikit-learn's ``BaseEstimator`` among the base classes, so that its tags take effect.

    Attributes
    ----------
    image_shape_ : tuple of (int, int)
        Height and width of the images seen in `fit`, in pixels.
    """

    #: Version of the results: a class whose results change for the same parameters declares the next number, and the
    #: records that were measured before are stale.
    behavior_version: ClassVar[int] = 1
    #: Libraries whose version matters for the results.
    behavior_libraries: ClassVar[tuple[str, ...]] = ("numpy",)

    image_shape_: tuple[int, int]

    def __sklearn_tags__(self) -> Any:
        tags: Any = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def _first_images(self, X: ArrayLike) -> Images:
        """Check the images of `fit` and store their size."""
        images = check_images(X)
        self.image_shape_ = (images.shape[1], images.shape[2])
        return images

    def _same_images(self, X: ArrayLike) -> Images:
        """Check images after `fit`; raise ValueError if their size differs from that in `fit`."""
        images = check_images(X)
        # Bundles of older versions may lack the size.
        shape = getattr(self, "image_shape_", images.shape[1:])
        if images.shape[1:] != tuple(shape):
            height, width = shape
            raise ValueError(
                f"X must hold images of {height} x {width} pixels (height x width), as in fit; "
                f"got {images.shape[1]} x {images.shape[2]}; resize them, or fit again"
            )
        return images
