"""Learn dictionaries of local features by k-means."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

# Descriptors per step, and passes over all of them. More passes change the words but do not improve accuracy.
BATCH, PASSES = 4096, 10


def learn_words(owner: str, samples: NDArray[np.float32], n_words: int, seed: int) -> NDArray[np.float32]:
    """Return the centers of `n_words` clusters.

    Parameters
    ----------
    owner : str
        Name of the calling extractor, for the error message.
    samples : ndarray of shape (n_samples, n_dimensions), float32
        Local features of training images.
    n_words : int
        Number of clusters.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray of shape (n_words, n_dimensions), float32
        One word for each row.

    Raises
    ------
    ValueError
        If there are fewer samples than words.
    """
    if len(samples) < n_words:
        raise ValueError(
            f"{owner}: {n_words} words need at least as many local features of the training images; "
            f"got {len(samples)}; pass more images or choose fewer words"
        )
    # Initialization by k-means++ would take longer than the clustering, without a gain on whitened patches.
    clusters = MiniBatchKMeans(n_words, init="random", batch_size=BATCH, max_iter=PASSES, n_init=1, random_state=seed)
    return np.asarray(clusters.fit(samples).cluster_centers_, np.float32)


def draw(counts: tuple[int, int], n_samples: int, seed: int) -> list[tuple[int, NDArray[np.intp]]]:
    """Draw places at random from all images, without replacement.

    Parameters
    ----------
    counts : tuple of (int, int)
        Number of images, and number of places in each image.
    n_samples : int
        Places to draw in all; all of them if there are fewer.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    list of (int, ndarray of int)
        Each image with at least one drawn place, and these places in ascending order.
    """
    n_images, n_places = counts
    total = n_images * n_places
    chosen = np.random.default_rng(seed).choice(total, min(n_samples, total), replace=False, shuffle=False)
    images, places = np.divmod(np.sort(chosen), n_places)
    first = np.flatnonzero(np.diff(images, prepend=-1))
    return list(zip(images[first].tolist(), np.split(places, first[1:]), strict=True))
