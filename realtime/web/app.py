"""Create the web application: page, API and WebSockets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from ferbench.models.base import Priors
from ferbench.realtime.web.body import read_body
from ferbench.realtime.web.engine import Engine
from ferbench.realtime.web.feed import Feed
from ferbench.realtime.web.limits import Limits, Places, RateLimiter
from ferbench.realtime.web.mjpeg import FeedSession, MjpegResponse
from ferbench.realtime.web.pictures import MEDIA_TYPES
from ferbench.realtime.web.points import PointsOffer
from ferbench.realtime.web.refusal import Refusal
from ferbench.realtime.web.schemas import Health, Models, Prediction, Problem
from ferbench.realtime.web.security import Access, Guard
from ferbench.realtime.web.sessions import Session, turn_away
from ferbench.realtime.web.shelf import Shelf

STATIC = Path(__file__).parent / "static"
DESCRIPTION = """Find faces in pictures and recognize their expressions with the models of ferbench.

Pictures are processed in memory only. They are not stored and not sent anywhere else.
Every error is JSON: `{"error": {"code": …, "message": …}}`."""
_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_FORM = {"schema": {"type": "object", "properties": {"image": {"type": "string", "format": "binary"}}}}
_BODY = {
    "required": True,
    "description": "Bytes of the picture, or a form with one file.",
    "content": {**dict.fromkeys(MEDIA_TYPES, _PICTURE), "multipart/form-data": _FORM},
}
_REFUSALS = {
    401: "The token is missing or wrong.",
    403: "The request comes from a page of another site.",
    404: "The model does not exist, or the server has no key-point model.",
    408: "The picture did not arrive in time.",
    413: "The picture has too many bytes or too many pixels.",
    421: "The host name of the request is not allowed.",
    422: "The body is not a picture, or the picture is damaged.",
    429: "Too many requests from this address.",
    503: "The server is full; try again later.",
}


def create_app(
    bundles: Mapping[str, Path],
    *,
    detector: str | None = None,
    source: str | None = None,
    access: Access | None = None,
    limits: Limits | None = None,
    points: str | Path | None = None,
    points_on: bool = False,
    provider: str = "cpu",
    compound: bool = False,
    priors: Priors | None = None,
) -> FastAPI:
    """Create the web application.

    Parameters
    ----------
    bundles : mapping of str to Path
        Models to choose from. The first is the default and is loaded now.
    detector : str, optional
        Name of the face detector.
    source : str, optional
        Camera, file or stream of the server, visible to all clients.
    access : Access, optional
        Allowed host names and the token; by default this machine only, without a token.
    limits : Limits, optional
        Limits of the server.
    points : str or Path, optional
        Key-point bundle to offer: a folder or a shipped name; by default none.
    points_on : bool
        Whether key points are found by default; the bundle is then loaded now.
    provider : str, default="cpu"
        Execution provider of onnxruntime, see :func:`ferbench.models.load_bundle`.
    compound : bool, default=False
        Whether the page and the pictures of `source` name mixtures of two emotions by default; see
        :func:`ferbench.realtime.tracking.compound_of`.
    priors : {"uniform"}, str or mapping of str to float, optional
        Expected shares of the classes, for all models; see :class:`ferbench.realtime.Recognizer`.

    Returns
    -------
    FastAPI
        Application for any ASGI server; `app.state.close_streams` ends all endless responses.

    Raises
    ------
    ValueError, FileNotFoundError
        If a bundle is missing, damaged or of the wrong kind, `priors` do not fit it, or the detector is unknown.
    """
    limits, access = limits or Limits(), access or Access()
    shelf = Shelf(bundles, provider, priors)
    shelf.get()
    offer = PointsOffer(points, on=points_on, provider=provider)
    if offer.on:
        offer.get()
    engine = Engine(shelf, detector, limits, offer)
    feed = None if source is None else Feed(source, engine, compound=compound)
    app = FastAPI(
        title="ferbench",
        version=version("ferbench"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(engine, feed),
        exception_handlers=_handlers(),
    )
    app.state.close_streams = feed.close if feed else None
    _add_pages(app)
    _add_api(app, engine, feed, access, compound)
    _add_streams(app, engine, feed)
    app.add_middleware(Guard, access=access, rate=RateLimiter(limits), login_page=STATIC / "login.html")
    return app


def _lifespan(engine: Engine, feed: Feed | None) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        if feed is not None:
            await feed.close()
        engine.close()

    return lifespan


def _handlers() -> dict[Any, Any]:
    """Return handlers that answer every error with the same JSON, without internal details."""

    async def refused(request: Request, refusal: Refusal) -> Response:
        return refusal.response()

    async def http(request: Request, error: HTTPException) -> Response:
        messages = {
            404: "this path does not exist; see /docs",
            405: f"{request.method} does not work here, {dict(error.headers or {}).get('Allow')} would; see /docs",
        }
        message = messages.get(error.status_code, str(error.detail))
        response = Refusal(error.status_code, f"http_{error.status_code}", message).response()
        response.headers.update(error.headers or {})
        return response

    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return Refusal(422, "parameter", f"{place}: {first['msg']}; see /docs").response()

    async def failed(request: Request, error: Exception) -> Response:
        message = "the server failed to process this request; see its terminal for details"
        return Refusal(500, "internal", message).response()

    return {Refusal: refused, HTTPException: http, RequestValidationError: invalid, Exception: failed}


def _add_pages(app: FastAPI) -> None:
    def page(path: str, file: str) -> None:
        async def get() -> FileResponse:
            # Browsers must not cache the page, because another version may use another protocol.
            return FileResponse(STATIC / file, headers={"Cache-Control": "no-cache"})

        app.add_api_route(path, get, methods=["GET", "HEAD"], include_in_schema=False)

    page("/", "index.html")
    page("/docs", "docs.html")
    page("/favicon.ico", "icon.svg")
    app.mount("/static", StaticFiles(directory=STATIC))


def _add_api(app: FastAPI, engine: Engine, feed: Feed | None, access: Access, compound: bool) -> None:
    shelf, limits = engine.shelf, engine.limits
    problems: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": text} for status, text in _REFUSALS.items()
    }

    @app.get("/healthz", response_model=Health, tags=["server"], summary="Check the server")
    async def health() -> dict[str, str]:
        """Return the version and the default model; needs no token."""
        return {"status": "ok", "version": app.version, "model": shelf.default}

    @app.get("/api/models", response_model=Models, tags=["models"], summary="List the models")
    async def models() -> dict[str, Any]:
        """List the models, the detector and the limits of the server."""
        return {
            "models": shelf.describe(),
            "points": engine.points.describe(),
            "compound": compound,
            "detector": engine.detector_name,
            "source": feed.source if feed else None,
            "private": not access.any_address and access.hosts <= Access().hosts,
            "body_bytes": limits.body_bytes,
            "pixels": limits.pixels,
        }

    @app.post(
        "/api/predict",
        response_model=Prediction,
        responses=problems,
        openapi_extra={"requestBody": _BODY},
        tags=["models"],
        summary="Find and label the faces of a picture",
    )
    async def predict(
        request: Request, model: str | None = None, points: bool | None = None, compare: str | None = None
    ) -> Response:
        """Send the bytes of a JPEG, PNG, WebP, BMP or GIF as the body, or a form with one file.

        HEIC is read where the server has `pillow-heif`.

        `curl --data-binary @face.jpg http://127.0.0.1:8000/api/predict`

        With `?points=true` each face has key points. With `?compare=NAME` a second model labels the same faces.
        """
        shelf.check(model)
        shelf.check(compare)
        # Take a place before reading the body, so that the number of places limits the memory.
        with engine.uploads.seat():
            return JSONResponse(await engine.predict(await read_body(request, limits), model, points, compare))


def _add_streams(app: FastAPI, engine: Engine, feed: Feed | None) -> None:
    cameras = Places(engine.limits.clients, "cameras")
    followers = Places(engine.limits.viewers, "viewers")
    no_source = Refusal(404, "no_source", "this server has no source; start it with --source")

    @app.get("/api/source.mjpg", tags=["server"], summary="The server's source as motion JPEG", response_class=Response)
    async def source() -> Response:
        """Send the camera or file of the server with annotated faces."""
        if feed is None:
            raise no_source
        return MjpegResponse(feed, engine.limits)

    async def seated(socket: WebSocket, places: Places, session: Any) -> None:
        """Run a session if a place is free; otherwise send a message, because pages cannot read a handshake."""
        try:
            with places.seat():
                await session.run()
        except Refusal as refusal:
            await turn_away(socket, refusal)

    @app.websocket("/ws/camera")
    async def camera(socket: WebSocket) -> None:
        await seated(socket, cameras, Session(socket, engine))

    @app.websocket("/ws/source")
    async def follow(socket: WebSocket) -> None:
        if feed is None:
            await turn_away(socket, no_source)
            return
        await seated(socket, followers, FeedSession(socket, feed, engine.shelf.about, engine.limits))
