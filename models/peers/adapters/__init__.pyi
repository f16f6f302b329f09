from .deepface import DeepFaceEmotion
from .emotiefflib import EmotiEffLib
from .fer import Fer
from .hsemotion_onnx import HSEmotion
from .mediapipe import Blendshapes
from .py_feat import PyFeat
from .pypaz import Paz
from .rmn import ResidualMasking

__all__ = [
    "Blendshapes",
    "DeepFaceEmotion",
    "EmotiEffLib",
    "Fer",
    "HSEmotion",
    "Paz",
    "PyFeat",
    "ResidualMasking",
]
