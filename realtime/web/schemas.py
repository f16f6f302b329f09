"""Define the schemas of the API's answers, used for its documentation."""

from pydantic import BaseModel, Field


class Health(BaseModel):
    """State of the server."""

    status: str = Field(description="always ok", examples=["ok"])
    version: str = Field(description="version of ferbench", examples=["0.1.0"])
    model: str = Field(description="the default model", examples=["ferbench-net-l"])


class Box(BaseModel):
    """Rectangle in pixels of the picture; may extend beyond the border."""

    x: int
    y: int
    width: int
    height: int


class Point(BaseModel):
    """Point in pixels of the picture; the center of the upper left pixel is (0, 0)."""

    x: float
    y: float


class Event(BaseModel):
    """Event for one face, or for a frame without a face."""

    frame: int = Field(description="number of the frame; 0 for a picture")
    timestamp_s: float = Field(description="time of the frame in seconds")
    track_id: int | None = Field(description="number of the tracked person; null for a picture")
    state: str = Field(description="face or no_face", examples=["face"])
    box: Box | None
    score: float | None = Field(description="score of the detector; its scale depends on the detector")
    label: str | None = Field(description="most probable class", examples=["happy"])
    certain: bool = Field(description="whether the label is certain enough to be shown")
    probabilities: dict[str, float] | None = Field(description="by class; smoothed over time in a video")
    raw: dict[str, float] | None = Field(description="by class, for this frame only")
    points: dict[str, Point] | None = Field(description="key points by name; null if not requested")
    compound: str | None = Field(
        description="mixture of two basic emotions that share the probability; derived from it, not measured",
        examples=["happily surprised"],
    )


class Comparison(BaseModel):
    """Answer of a second model for the same faces."""

    model: str = Field(description="name of the second model", examples=["hog+svm"])
    classes: list[str] = Field(description="its classes, in order")
    recognize_ms: float = Field(description="time to cut out and label the faces, in milliseconds")
    events: list[Event] = Field(description="one for each face, in the order of the first model's")


class Prediction(BaseModel):
    """Faces of one picture."""

    model: str = Field(description="name of the model that answered", examples=["ferbench-net-l"])
    classes: list[str] = Field(description="classes of the model, in order")
    width: int = Field(description="size of the picture to which the boxes refer; large pictures are scaled down")
    height: int
    latency_ms: float = Field(description="time to decode, find and label, in milliseconds")
    recognize_ms: float = Field(description="the part of it in which the model cut out and labeled the faces")
    events: list[Event]
    compare: Comparison | None = Field(description="the second model's answer; null if none was asked")


class ModelInfo(BaseModel):
    """Available model."""

    name: str = Field(examples=["ferbench-net-l"])
    recipe: str | None = Field(description="recipe of the model")
    kind: str = Field(description="network or classical")
    classes: list[str]
    compounds: list[str] = Field(description="mixtures that can be named with its classes; derived, not measured")
    colours: dict[str, str] = Field(description="a color for each class, the same everywhere in ferbench")
    columns: list[str] = Field(description="columns of a session's CSV")
    dataset: str | None = Field(description="training data set")
    accuracy: float | None = Field(description="accuracy on PublicTest of that data set; null if not measured")
    priors: dict[str, float] | None = Field(
        description="share of each class that its probabilities are adjusted to; null if they are not adjusted"
    )
    uncertain: str | None = Field(
        description="which answers are uncertain, and the coverage that the model states; null if it states nothing"
    )
    default: bool = Field(description="whether it is used if a request names no model")


class PointsInfo(BaseModel):
    """Available key-point model."""

    name: str = Field(examples=["ferbench-points"])
    on: bool = Field(description="whether points are found by default")


class Models(BaseModel):
    """Available models and limits of the server."""

    models: list[ModelInfo]
    points: PointsInfo | None = Field(description="the key-point model; null if there is none")
    compound: bool = Field(description="whether the page names mixtures of two emotions by default")
    detector: str = Field(description="the face detector")
    source: str | None = Field(description="the server's own source; null if there is none")
    private: bool = Field(description="whether the server can be reached from this machine only")
    body_bytes: int = Field(description="largest picture in bytes")
    pixels: int = Field(description="largest number of pixels of a picture")


class ProblemDetail(BaseModel):
    """Code and message of an error."""

    code: str = Field(description="short name for programs", examples=["too_large"])
    message: str = Field(description="what was expected, what came, and what to do")


class Problem(BaseModel):
    """Answer to every refused request."""

    error: ProblemDetail
