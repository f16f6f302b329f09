from .encodings import (
    Mixture,
    Pyramid,
    make_pyramid,
    word_code,
    write_fisher,
)
from .kmeans import draw, learn_words
from .pooling import edges, max_pooling, mean_pooling
from .symmetry import Symmetry, code_symmetry, principal_axes
from .words import Vocabulary, learn_vocabulary

__all__ = [
    "Mixture",
    "Pyramid",
    "Symmetry",
    "Vocabulary",
    "code_symmetry",
    "draw",
    "edges",
    "learn_vocabulary",
    "learn_words",
    "make_pyramid",
    "max_pooling",
    "mean_pooling",
    "principal_axes",
    "word_code",
    "write_fisher",
]
