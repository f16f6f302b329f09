"""The shape of the API's answers, from which its documentation is made."""

from pydantic import BaseModel, Field


class Health(BaseModel):
    """Whether the server is well."""

    status: str = Field(description="always ok", examples=["ok"])
    version: str = Field(description="version of ferbench", examples=["0.1.0"])
    model: str = Field(description="the default model", examples=["ferbench-net-l"])


class Box(BaseModel):
    """A rectangle in pixels of the picture; a face at the border may reach beyond it."""

    x: int
    y: int
    width: int
    height: int


class Point(BaseModel):
    """A place in pixels of the picture; the center of the upper left pixel is 0, 0."""

    x: float
    y: float


class Event(BaseModel):
    """One face, or the statement that there is none."""

    frame: int = Field(description="number of the frame; 0 for a picture")
    timestamp_s: float = Field(description="time of the frame in seconds")
    track_id: int | None = Field(description="number of the person followed; null for a picture")
    state: str = Field(description="face or no_face", examples=["face"])
    box: Box | None
    score: float | None = Field(description="how sure the detector is; the scale is the detector's")
    label: str | None = Field(description="most probable class", examples=["happy"])
    certain: bool = Field(description="whether the probabilities are clear enough to show the label")
    probabilities: dict[str, float] | None = Field(description="by class; smoothed over time in a video")
    raw: dict[str, float] | None = Field(description="by class, of this frame alone")
    points: dict[str, Point] | None = Field(description="key points by name; null where they were not asked for")


class Prediction(BaseModel):
    """The faces of one picture."""

    model: str = Field(description="name of the model that answered", examples=["ferbench-net-l"])
    classes: list[str] = Field(description="the model's classes in their order")
    width: int = Field(description="pixels of the picture to which the boxes refer; large pictures are made smaller")
    height: int
    latency_ms: float = Field(description="time to decode, find and label, in milliseconds")
    events: list[Event]


class ModelInfo(BaseModel):
    """One model on offer."""

    name: str = Field(examples=["ferbench-net-l"])
    recipe: str | None = Field(description="the recipe it was fitted with")
    kind: str = Field(description="network or classical")
    classes: list[str]
    colours: dict[str, str] = Field(description="a color for each class, the same everywhere in ferbench")
    columns: list[str] = Field(description="columns of a session's CSV")
    dataset: str | None = Field(description="what it was fitted on")
    accuracy: float | None = Field(description="measured on that data set's test images; null where not measured")
    default: bool = Field(description="whether it answers when none is named")


class PointsInfo(BaseModel):
    """The key-point model on offer."""

    name: str = Field(examples=["ferbench-points"])
    on: bool = Field(description="whether points are found when the request does not say")


class Models(BaseModel):
    """What there is to choose from."""

    models: list[ModelInfo]
    points: PointsInfo | None = Field(description="the key-point model; null where there is none")
    detector: str = Field(description="the face detector")
    source: str | None = Field(description="the server's own source; null where there is none")
    private: bool = Field(description="whether the server can be reached from this machine only")
    body_bytes: int = Field(description="largest picture in bytes")
    pixels: int = Field(description="most pixels of a picture")


class ProblemDetail(BaseModel):
    """What is wrong."""

    code: str = Field(description="short name for programs", examples=["too_large"])
    message: str = Field(description="what was expected, what came, and what to do")


class Problem(BaseModel):
    """Every refusal has this shape."""

    error: ProblemDetail
