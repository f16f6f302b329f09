"""Dictionaries of local features, learned by k-means."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

# Descriptors to a step, and passes over all of them: more change the words, but not what they are worth.
BATCH, PASSES = 4096, 10


def learn_words(owner: str, samples: NDArray[np.float32], n_words: int, seed: int) -> NDArray[np.float32]:
    """Centers of `n_words` clusters.

    Parameters
    ----------
    owner : str
        Whose words they are, for the error.
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
    # The k-means++ start costs more than all the rest, and on whitened patches gains nothing.
    clusters = MiniBatchKMeans(n_words, init="random", batch_size=BATCH, max_iter=PASSES, n_init=1, random_state=seed)
    return np.asarray(clusters.fit(samples).cluster_centers_, np.float32)


def draw(counts: tuple[int, int], n_samples: int, seed: int) -> list[tuple[int, NDArray[np.intp]]]:
    """Choose places at random, without repetition: each image that has some, and its places in order.

    `counts` says how many images there are, and how many places each has.
    """
    n_images, n_places = counts
    total = n_images * n_places
    chosen = np.random.default_rng(seed).choice(total, min(n_samples, total), replace=False, shuffle=False)
    images, places = np.divmod(np.sort(chosen), n_places)
    first = np.flatnonzero(np.diff(images, prepend=-1))
    return list(zip(images[first].tolist(), np.split(places, first[1:]), strict=True))
