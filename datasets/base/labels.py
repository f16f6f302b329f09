"""Label and split names as people write them, mapped to the project's own."""

import re

_LABELS = {
    "angry": "angry anger ang",
    "disgust": "disgust disgusted",
    "fear": "fear fearful afraid scared",
    "happy": "happy happiness joy",
    "neutral": "neutral",
    "sad": "sad sadness",
    "surprise": "surprise surprised",
}
_SPLITS = {
    "train": "train training",
    "validation": "validation valid val dev publictest",
    "test": "test testing eval privatetest",
}
_LABEL_OF = {word: label for label, words in _LABELS.items() for word in words.split()}
_SPLIT_OF = {word: split for split, words in _SPLITS.items() for word in words.split()}

# The integer codes of FER2013's CSV.
CODES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def canonical_label(text: str) -> str | None:
    """Label that a folder or CSV name such as ``Surprised`` or ``0_anger`` stands for, or None."""
    return _LABEL_OF.get(re.sub(r"^\d+[\s._-]+", "", text.strip()).casefold())


def canonical_split(text: str) -> str | None:
    """Part that a folder name such as ``val`` stands for: train, validation, test, or None."""
    return _SPLIT_OF.get(re.sub(r"[\s_-]+(set|data)?$|[\s_-]", "", text.strip().casefold()))
