"""Stand-ins of other packages with their interfaces, since their weights are downloaded or their needs exclude ours.

Each is a module that answers by the mean gray level, so that answers can be compared; none recognizes anything.
"""

import sys
from pathlib import Path

_SCORES = """
import numpy as np

def scores(image, n=7):
    row = np.arange(1.0, n + 1) + np.asarray(image, float).mean() / 255
    return row / row.sum()
"""
_CODES = {
    "standin_scores": _SCORES,
    "fer/__init__": "",
    "fer/fer": """
import sys
from standin_scores import scores

print("a message of a library on standard output")

class FER:
    def __init__(self, mtcnn=False, offsets=(10, 10)):
        assert mtcnn is False
        self.offsets = offsets

    def detect_emotions(self, image, face_rectangles=None):
        assert image.ndim == 3 and (face_rectangles is None or self.offsets == (0, 0))
        names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
        boxes = face_rectangles or [(0, 0, 10, 10)]
        return [{"box": box, "emotions": dict(zip(names, scores(image).tolist()))} for box in boxes]
""",
    "deepface": """
from standin_scores import scores

class DeepFace:
    @staticmethod
    def analyze(img_path, actions=("emotion",), enforce_detection=True, detector_backend="opencv", align=True,
                expand_percentage=0, silent=False, anti_spoofing=False):
        assert img_path.ndim == 3 and actions == ["emotion"] and not enforce_detection
        names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
        confidence = 0 if detector_backend == "skip" else 0.9
        emotion = {name: 100 * score for name, score in zip(names, scores(img_path))}
        return [{"emotion": emotion, "face_confidence": confidence, "region": {}}]
""",
    "hsemotion_onnx/__init__": "",
    "hsemotion_onnx/facial_emotions": """
import numpy as np
from standin_scores import scores

class HSEmotionRecognizer:
    def __init__(self, model_name="enet_b0_8_best_vgaf"):
        pass

    def predict_emotions(self, face_img, logits=True):
        return "Anger", scores(face_img, 8)

    def predict_multi_emotions(self, face_img_list, logits=True):
        assert not logits and face_img_list[0].ndim == 3
        return ["Anger"] * len(face_img_list), np.stack([scores(face, 8) for face in face_img_list])
""",
    "emotiefflib/__init__": "",
    "emotiefflib/facial_analysis": """
import numpy as np
from standin_scores import scores

class _Recognizer:
    def predict_emotions(self, face_img, logits=True):
        faces = face_img if isinstance(face_img, list) else [face_img]
        assert not logits and faces[0].ndim == 3
        return ["Anger"] * len(faces), np.stack([scores(face, 8) for face in faces])

def EmotiEffLibRecognizer(engine="torch", model_name="enet_b0_8_best_vgaf", device="cpu"):
    assert engine == "onnx"
    return _Recognizer()
""",
    "rmn": """
from standin_scores import scores

class RMN:
    def __init__(self, face_detector=True):
        pass

    def detect_emotion_for_single_face_image(self, face_image):
        names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
        return "angry", 0.5, [{name: score} for name, score in zip(names, scores(face_image).tolist())]

    def detect_emotion_for_single_frame(self, frame):
        print("num faces: 1")
        return [{"xmin": 0}]
""",
    "paz/__init__": "",
    "paz/applications": """
from standin_scores import scores

class MiniXceptionFER:
    class_names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]

    def __call__(self, image):
        assert image.ndim == 3
        return {"class_name": "angry", "scores": scores(image)[None]}

class DetectMiniXceptionFER:
    def __call__(self, image):
        return {"image": image, "boxes2D": [object()]}
""",
    "mediapipe/__init__": """
class ImageFormat:
    SRGB = 1

class Image:
    def __init__(self, image_format, data):
        assert image_format == ImageFormat.SRGB and data.ndim == 3 and data.flags["C_CONTIGUOUS"]
        self.data = data
""",
    "mediapipe/tasks/__init__": "",
    "mediapipe/tasks/python/__init__": """
class BaseOptions:
    def __init__(self, model_asset_path):
        self.model_asset_path = model_asset_path
""",
    "mediapipe/tasks/python/vision": """
from types import SimpleNamespace

class FaceLandmarkerOptions:
    def __init__(self, base_options, output_face_blendshapes=False, num_faces=1):
        assert base_options.model_asset_path and output_face_blendshapes

class FaceLandmarker:
    @classmethod
    def create_from_options(cls, options):
        return cls()

    def detect(self, image):
        if image.data.mean() < 5:
            return SimpleNamespace(face_blendshapes=[])
        smile = [SimpleNamespace(category_name=f"mouthSmile{side}", score=0.9) for side in ("Left", "Right")]
        return SimpleNamespace(face_blendshapes=[smile])
""",
    "torch": """
class _Tensor:
    def __init__(self, array):
        self.array = array

    def permute(self, *axes):
        return _Tensor(self.array.transpose(axes))

    def __getitem__(self, key):
        return _Tensor(self.array[key])

def from_numpy(array):
    return _Tensor(array)
""",
    "feat": """
import pandas as pd
from standin_scores import scores

class Detectorv1:
    def __init__(self, emotion_model="resmasknet", device="cpu"):
        pass

    def detect(self, inputs, data_type="image", progress_bar=True):
        assert data_type == "tensor" and inputs.array.shape[1] == 3
        names = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
        row = scores(inputs.array) * (float("nan") if inputs.array.mean() < 5 else 1)
        return pd.DataFrame([dict(zip(names, row))])
""",
}
#: Package of each peer, its version and the modules of its stand-in.
PACKAGES = ("fer", "deepface", "hsemotion-onnx", "emotiefflib", "rmn", "pypaz", "mediapipe", "py-feat")


def write_standins(folder: Path) -> Path:
    """Write all stand-ins into a folder, with the metadata of their packages; return the folder."""
    folder.mkdir(exist_ok=True)
    for name, code in _CODES.items():
        file = folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code)
    for package in PACKAGES:
        info = folder / f"{package.replace('-', '_')}-9.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 9.1\n")
        (info / "RECORD").write_text("standin_scores.py,,\n")
    return folder


def write_interpreter(folder: Path, standins: Path) -> str:
    """Write a program that runs this Python with the stand-ins installed: the interpreter of a peer."""
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{standins}" exec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    return str(program)
