"""The web server's manners: what it answers, what it refuses, and in which words."""

import io
import json
import re
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from points_parts import face_bundle, face_in
from web_server import MODELS, Served, drawn_bundles, encoded, portrait, quick_httpx, serving

from ferbench.features import POINT_NAMES
from ferbench.realtime import FaceEvent

httpx = quick_httpx()
pytest.importorskip("fastapi", reason="the extra web is not installed")
client = pytest.importorskip("websockets.sync.client", reason="the extra web is not installed")

ConnectionClosed = pytest.importorskip("websockets.exceptions").ConnectionClosed

TOKEN = "a-token-for-tests"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return drawn_bundles(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="module")
def server(bundles: dict[str, Path]) -> Iterator[Served]:
    with serving(bundles) as served:
        yield served


@pytest.fixture(scope="module")
def photo() -> bytes:
    return encoded(portrait(), quality=92)


def predict(server: Served, body: bytes, query: str = "", **options: Any) -> Any:
    return httpx.post(f"{server.http}/api/predict{query}", content=body, timeout=30, **options)


def refused(answer: Any, status: int, code: str) -> str:
    """The message of a refusal, which is JSON and shows nothing of the inside."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"} and answer.json()["error"]["code"] == code
    assert "Traceback" not in answer.text and ".py" not in answer.text
    return str(answer.json()["error"]["message"])


# Predictions


def test_a_photograph_is_answered_with_its_face(server: Served, photo: bytes) -> None:
    answer = predict(server, photo).json()
    assert (answer["model"], answer["width"], answer["height"]) == (MODELS[0], 640, 480)
    (event,) = answer["events"]
    assert event["state"] == "face" and event["track_id"] is None
    # Where the woman's face is in the photograph.
    middle = event["box"]["x"] + event["box"]["width"] / 2, event["box"]["y"] + event["box"]["height"] / 2
    assert abs(middle[0] - 360) < 25 and abs(middle[1] - 180) < 25
    assert list(event["probabilities"]) == answer["classes"]
    assert sum(event["probabilities"].values()) == pytest.approx(1, abs=0.002)
    assert event["label"] == max(event["probabilities"], key=event["probabilities"].get)


def test_a_form_is_answered_like_the_bare_bytes(server: Served, photo: bytes) -> None:
    form = httpx.post(f"{server.http}/api/predict", files={"image": ("face.jpg", photo, "image/jpeg")}, timeout=30)
    assert form.json()["events"] == predict(server, photo).json()["events"]


def test_a_picture_without_a_face_says_so(server: Served) -> None:
    (event,) = predict(server, encoded(Image.new("RGB", (200, 100), "teal"))).json()["events"]
    assert event["state"] == "no_face" and event["box"] is None and event["probabilities"] is None


def test_another_model_can_be_asked(server: Served, photo: bytes) -> None:
    models = httpx.get(f"{server.http}/api/models").json()["models"]
    assert [model["name"] for model in models] == list(MODELS)
    assert [model["default"] for model in models] == [True, False]
    assert models[0]["columns"] == FaceEvent.columns(models[0]["classes"])
    raw = [predict(server, photo, f"?model={name.replace('+', '%2B')}").json() for name in MODELS]
    assert [answer["model"] for answer in raw] == list(MODELS)
    assert raw[0]["events"][0]["raw"] != raw[1]["events"][0]["raw"]


def test_a_note_in_the_file_that_it_is_turned_is_followed(server: Served) -> None:
    turned = portrait().transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to the right
    (event,) = predict(server, encoded(turned, exif=exif)).json()["events"]
    assert event["state"] == "face"


def test_large_photographs_are_made_smaller_and_say_so(server: Served) -> None:
    answer = predict(server, encoded(portrait().resize((3600, 2700)))).json()
    assert answer["width"] <= 1920 and answer["width"] * 3 == answer["height"] * 4
    assert answer["events"][0]["box"]["x"] < answer["width"]


def test_the_end_leaves_no_thread(bundles: dict[str, Path], photo: bytes) -> None:
    before = set(threading.enumerate())
    with serving(bundles) as served:
        assert predict(served, photo).status_code == 200
        assert set(threading.enumerate()) - before
    assert set(threading.enumerate()) <= before


# Key points


@pytest.fixture(scope="module")
def key_points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return face_bundle(tmp_path_factory.mktemp("points") / "mean")


@pytest.fixture(scope="module")
def pointed(bundles: dict[str, Path], key_points: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    album = tmp_path_factory.mktemp("album")
    (album / "face.jpg").write_bytes(encoded(portrait()))
    with serving(bundles, points=key_points, source=str(album)) as served:
        yield served


def assert_located(event: dict[str, Any]) -> None:
    """The event has points, and they lie where the model puts them in the box."""
    assert list(event["points"]) == list(POINT_NAMES)
    found = [[point["x"], point["y"]] for point in event["points"].values()]
    box = [event["box"][name] for name in ("x", "y", "width", "height")]
    assert found == pytest.approx(face_in(*box), abs=1.01)


def test_points_are_given_to_those_who_ask(pointed: Served, photo: bytes) -> None:
    assert httpx.get(f"{pointed.http}/api/models").json()["points"] == {"name": "mean", "on": False}
    for query in ("", "?points=false"):
        (event,) = predict(pointed, photo, query).json()["events"]
        assert event["points"] is None
    (event,) = predict(pointed, photo, "?points=true").json()["events"]
    assert_located(event)


def test_points_are_found_unasked_where_the_server_was_started_so(
    bundles: dict[str, Path], key_points: Path, photo: bytes
) -> None:
    with serving(bundles, points=key_points, points_on=True) as served:
        assert httpx.get(f"{served.http}/api/models").json()["points"] == {"name": "mean", "on": True}
        (event,) = predict(served, photo).json()["events"]
        assert_located(event)
        (event,) = predict(served, photo, "?points=false").json()["events"]
        assert event["points"] is None


def test_a_server_without_key_points_says_so(server: Served, photo: bytes) -> None:
    assert httpx.get(f"{server.http}/api/models").json()["points"] is None
    assert "--points" in refused(predict(server, photo, "?points=true"), 404, "no_points")
    assert "points" in refused(predict(server, photo, "?points=perhaps"), 422, "parameter")
    with client.connect(f"{server.ws}/ws/camera?points=true") as socket:
        assert json.loads(socket.recv())["type"] == "model"
        assert json.loads(socket.recv())["code"] == "no_points"
        # The camera goes on without.
        socket.send(photo)
        assert json.loads(socket.recv())["events"][0]["points"] is None


def test_a_camera_switches_its_points_on_and_off(pointed: Served, photo: bytes) -> None:
    with client.connect(f"{pointed.ws}/ws/camera") as socket:
        assert json.loads(socket.recv())["type"] == "model"
        for on in (False, True, False):
            if on or socket.ping():
                socket.send(json.dumps({"type": "points", "on": on}))
                assert json.loads(socket.recv()) == {"type": "points", "on": on}
            socket.send(photo)
            (event,) = json.loads(socket.recv())["events"]
            if on:
                assert_located(event)
            else:
                assert event["points"] is None
        socket.send(json.dumps({"type": "points", "on": "yes"}))
        assert json.loads(socket.recv())["code"] == "command"
    with client.connect(f"{pointed.ws}/ws/camera?points=true") as socket:
        assert [json.loads(socket.recv())["type"] for _ in range(2)] == ["model", "points"]
        socket.send(photo)
        assert_located(json.loads(socket.recv())["events"][0])


def test_the_points_of_the_source_are_switched_for_all_who_watch(pointed: Served) -> None:
    def until(socket: Any, wanted: str) -> dict[str, Any]:
        for _ in range(100):
            message = json.loads(socket.recv(timeout=20))
            # While no picture comes, messages without events say that the server still lives.
            if message["type"] == wanted and message.get("events") != []:
                return dict(message)
        raise AssertionError(f"no {wanted}")

    with client.connect(f"{pointed.ws}/ws/source") as first, client.connect(f"{pointed.ws}/ws/source") as second:
        assert until(first, "points")["on"] is until(second, "points")["on"] is False
        assert until(first, "events")["events"][0]["points"] is None
        second.send(json.dumps({"type": "points", "on": True}))
        for socket in (first, second):
            assert until(socket, "points")["on"] is True
            events = [until(socket, "events")["events"][0] for _ in range(2)]
            assert_located(events[-1])
        second.send(json.dumps({"type": "points", "on": False}))
        assert until(first, "points")["on"] is False


def test_bundles_of_the_wrong_kind_are_refused_at_the_start(bundles: dict[str, Path], key_points: Path) -> None:
    recognizer = bundles[MODELS[0]]
    with (
        pytest.raises(ValueError, match="recognizes expressions, not key points"),
        serving(bundles, points=recognizer),
    ):
        pass
    for models in ({"mean": key_points}, {**bundles, "mean": key_points}):
        with pytest.raises(ValueError, match="finds key points, not expressions"), serving(models):
            pass


# Refusals


def bomb(side: int = 20_000) -> bytes:
    """A whole PNG of that many pixels by as many, one bit each, in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = zlib.compress(bytes(side * (side // 8 + 1)), 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (b"", 422, "empty", "0 bytes"),
        (b"#!/bin/sh\nexit\n", 422, "no_picture", "no picture"),
        (b"\xff\xd8\xff\xe0 not really", 422, "broken_picture", "cannot be decoded"),
        (encoded(Image.effect_noise((64, 64), 50))[:-300], 422, "broken_picture", "cannot be decoded"),
        (bomb(), 413, "too_many_pixels", "make it smaller"),
        (bytes(13 * 2**20), 413, "too_large", "at most 12 MiB"),
        (encoded(Image.new("RGB", (4, 4))), 422, "too_small", "4 × 4"),
    ],
    ids=["empty", "script", "header", "truncated", "bomb", "large", "tiny"],
)
def test_what_is_no_good_picture_is_refused_in_words(
    server: Served, body: bytes, status: int, code: str, words: str
) -> None:
    assert words in refused(predict(server, body), status, code)


def test_a_body_without_an_announced_length_is_bounded_too(server: Served) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(20):
            yield bytes(2**20)

    refused(httpx.post(f"{server.http}/api/predict", content=endless(), timeout=30), 413, "too_large")


def test_a_form_without_a_file_is_refused(server: Served) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    body = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello\r\n--x--\r\n'
    refused(predict(server, body, headers=headers), 422, "no_file")


def test_unknown_models_addresses_and_methods_are_refused(server: Served, photo: bytes) -> None:
    assert MODELS[0] in refused(predict(server, photo, "?model=nobody"), 404, "unknown_model")
    refused(httpx.get(f"{server.http}/nothing"), 404, "http_404")
    assert "POST" in refused(httpx.put(f"{server.http}/api/predict"), 405, "http_405")
    refused(httpx.get(f"{server.http}/api/source.mjpg"), 404, "no_source")


@pytest.mark.parametrize("path", ["/static/../_app.py", "/static/%2e%2e/_app.py", "/static//etc/passwd", "/static/"])
def test_nothing_beside_the_static_files_is_served(server: Served, path: str) -> None:
    import socket

    # By hand: an orderly client would tidy the path up.
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404") and b"import" not in answer and b"root:" not in answer


def test_a_fault_of_the_server_shows_nothing_of_its_inside(
    server: Served, photo: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr("ferbench.realtime.web.engine.read_picture", fail)
    answer = predict(server, photo)
    refused(answer, 500, "internal")
    assert "secret" not in answer.text
    assert httpx.get(f"{server.http}/healthz").json()["status"] == "ok"


# Who may ask


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_pages_of_others_may_not_ask(server: Served, photo: bytes, origin: str) -> None:
    headers = {"Origin": origin}
    refused(predict(server, photo, headers=headers), 403, "origin")
    refused(httpx.get(f"{server.http}/", headers=headers), 403, "origin")
    with pytest.raises(Exception, match="403"):
        client.connect(f"{server.ws}/ws/camera", origin=origin)


def test_others_pages_may_link_here_but_embed_nothing(server: Served) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    refused(httpx.get(f"{server.http}/static/icon.svg", headers=embedded), 403, "origin")
    linked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert httpx.get(f"{server.http}/", headers=linked).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.1.9", "evil.example:8000", ""])
def test_a_name_that_was_made_to_point_here_is_refused(server: Served, host: str) -> None:
    answer = httpx.get(f"{server.http}/api/models", headers={"Host": host})
    assert "--allow-host" in refused(answer, 421, "host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9000", "127.0.0.1:1", "[::1]:8000"])
def test_the_names_of_this_machine_are_known(server: Served, host: str) -> None:
    assert httpx.get(f"{server.http}/healthz", headers={"Host": host}).status_code == 200


@pytest.fixture(scope="module")
def guarded(bundles: dict[str, Path]) -> Iterator[Served]:
    from ferbench.realtime.web import access_for

    with serving(bundles, access=access_for("0.0.0.0", TOKEN, ["box.example"])) as served:
        yield served


def test_beyond_this_machine_nobody_passes_without_the_token(guarded: Served, photo: bytes) -> None:
    assert "token" in refused(predict(guarded, photo), 401, "token")
    wrong = {"Authorization": "Bearer " + TOKEN[:-1]}
    assert "wrong" in refused(predict(guarded, photo, headers=wrong), 401, "token")
    for path in ("/openapi.json", "/docs", "/api/models", "/api/source.mjpg"):
        refused(httpx.get(guarded.http + path), 401, "token")
    for path in ("/ws/camera", "/ws/source"):
        with pytest.raises(Exception, match="401"):
            client.connect(guarded.ws + path)
    assert httpx.get(f"{guarded.http}/healthz").status_code == 200


def test_the_token_opens_by_header(guarded: Served, photo: bytes) -> None:
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert predict(guarded, photo, headers=right).status_code == 200
    with client.connect(f"{guarded.ws}/ws/camera", additional_headers=right) as socket:
        assert json.loads(socket.recv())["type"] == "model"


def test_a_browser_enters_by_form_or_link_and_keeps_a_cookie_without_the_token(guarded: Served) -> None:
    with httpx.Client(base_url=guarded.http, headers={"Accept": "text/html"}) as browser:
        door = browser.get("/")
        assert door.status_code == 401 and 'name="token"' in door.text
        entered = browser.get("/", params={"token": TOKEN})
        assert entered.status_code == 303 and entered.headers["location"] == "/"
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and TOKEN not in cookie
        assert "ferbench live" in browser.get("/").text
        assert browser.get("/api/models").json()["private"] is False
        # The cookie of one server is no key to another of the same name.
        assert re.match(r"ferbench-\d+=", cookie)


def test_numeric_addresses_and_given_names_are_known_beyond_this_machine(guarded: Served) -> None:
    for host, status in [("192.168.1.9", 200), ("box.example:80", 200), ("evil.example", 421)]:
        assert httpx.get(f"{guarded.http}/healthz", headers={"Host": host}).status_code == status


def test_guessing_tokens_is_slowed_down(bundles: dict[str, Path]) -> None:
    from ferbench.realtime.web import Limits, access_for

    # A rate of almost nothing: on a busy machine the requests of this test may be slow by themselves.
    limits = Limits(requests_per_s=0.01)
    with serving(bundles, access=access_for("0.0.0.0", TOKEN, ["box.example"]), limits=limits) as served:
        for number in range(40):
            answer = httpx.get(f"{served.http}/api/models", headers={"Authorization": f"Bearer {number}"})
            if answer.status_code == 429:
                return
    raise AssertionError("forty guesses in a row were answered")


def test_a_server_for_all_needs_a_good_token() -> None:
    from ferbench.realtime.web import access_for

    with pytest.raises(ValueError, match="--token"):
        access_for("0.0.0.0", None)
    with pytest.raises(ValueError, match="at least 8"):
        access_for("127.0.0.1", "short")
    assert access_for("localhost", None).token is None


def test_too_many_requests_are_slowed_down(bundles: dict[str, Path]) -> None:
    from ferbench.realtime.web import Limits

    with serving(bundles, limits=Limits(requests_per_s=0.01, request_burst=5)) as served:
        answers = [httpx.get(f"{served.http}/api/models") for _ in range(8)]
        assert [answer.status_code for answer in answers[:5]] == [200] * 5
        refused(answers[-1], 429, "rate")
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert httpx.get(f"{served.http}/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/api/models", "/nothing", "/docs"])
def test_every_answer_has_the_protecting_headers(server: Served, path: str) -> None:
    headers = httpx.get(server.http + path).headers
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert "camera=(self)" in headers["permissions-policy"] and headers["cache-control"]
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy


# The page and its documentation


def test_nothing_is_loaded_from_elsewhere(server: Served) -> None:
    folder = Path(__file__).parents[2] / "realtime" / "web" / "static"
    for file in folder.iterdir():
        found = re.findall(r"https?://[^\s\"'`<)]+", file.read_text())
        assert set(found) <= {"http://www.w3.org/2000/svg"}, file
        assert httpx.get(f"{server.http}/static/{file.name}").status_code == 200
    for page in ("/", "/docs"):
        text = httpx.get(server.http + page).text
        assert not re.search(r"\s(style|on\w+)=|<style|<script>", text), "the policy forbids inline styles and scripts"


def test_the_documentation_describes_the_api(server: Served) -> None:
    api = httpx.get(f"{server.http}/openapi.json").json()
    assert {"/healthz", "/api/models", "/api/predict", "/api/source.mjpg"} <= set(api["paths"])
    operation = api["paths"]["/api/predict"]["post"]
    assert {"image/jpeg", "multipart/form-data"} <= set(operation["requestBody"]["content"])
    assert {"200", "413", "422", "429"} <= set(operation["responses"])


# The camera's socket


def answers(socket: Any, *, kind: str = "events", timeout: float = 20) -> Any:
    """The next message of a kind; events that only say that a source is waited for are passed over."""
    while True:
        message = json.loads(socket.recv(timeout))
        if message["type"] == kind and message.get("events") != []:
            return message


def test_a_second_model_labels_the_same_faces(server: Served, photo: bytes) -> None:
    answer = predict(server, photo, f"?compare={MODELS[1]}".replace("+", "%2B")).json()
    alone = predict(server, photo, f"?model={MODELS[1]}".replace("+", "%2B")).json()
    second = answer["compare"]
    assert second["model"] == MODELS[1] and alone["compare"] is None
    assert second["events"] == alone["events"]
    assert second["recognize_ms"] > 0 and 0 < answer["recognize_ms"] <= answer["latency_ms"]
    refused(predict(server, photo, "?compare=none"), 404, "unknown_model")


def test_a_camera_compares_two_models_and_ends_it(server: Served, photo: bytes) -> None:
    with client.connect(f"{server.ws}/ws/camera") as socket:
        socket.send(json.dumps({"type": "compare", "name": MODELS[1]}))
        assert answers(socket, kind="compare")["name"] == MODELS[1]
        socket.send(photo)
        message = answers(socket)
        (first,), (second,) = message["events"], message["compare"]["events"]
        assert message["compare"]["model"] == MODELS[1] and message["recognize_ms"] > 0
        assert (first["box"], first["track_id"]) == (second["box"], second["track_id"])
        assert first["raw"] != second["raw"]
        socket.send(json.dumps({"type": "compare", "name": "none"}))
        assert answers(socket, kind="error")["code"] == "unknown_model"
        socket.send(json.dumps({"type": "compare", "name": None}))
        assert answers(socket, kind="compare")["name"] is None
        socket.send(photo)
        assert "compare" not in answers(socket)


def test_each_frame_is_answered_with_events(server: Served, photo: bytes) -> None:
    with client.connect(f"{server.ws}/ws/camera") as socket:
        hello = json.loads(socket.recv())
        assert hello["type"] == "model" and hello["name"] == MODELS[0]
        for number in range(3):
            socket.send(photo)
            message = answers(socket)
            (event,) = message["events"]
            assert message["frame"] == event["frame"] == number
            assert event["track_id"] == 1 and event["state"] == "face"
        assert (message["width"], message["height"]) == (640, 480) and message["timestamp_s"] > 0


def test_of_waiting_frames_the_newest_wins(server: Served, photo: bytes) -> None:
    with client.connect(f"{server.ws}/ws/camera") as socket:
        for _ in range(30):
            socket.send(photo)
        seen = [answers(socket)["frame"]]
        while seen[-1] < 29:
            seen.append(answers(socket)["frame"])
    assert seen == sorted(seen) and len(seen) < 30


def test_two_cameras_do_not_share_their_memory(server: Served, photo: bytes) -> None:
    black = encoded(Image.new("RGB", (640, 480)))
    with client.connect(f"{server.ws}/ws/camera") as one, client.connect(f"{server.ws}/ws/camera") as other:
        one.send(photo)
        other.send(black)
        assert answers(one)["events"][0]["state"] == "face"
        assert answers(other)["events"][0]["state"] == "no_face"
        for _ in range(20):
            other.send(photo)
            # Not every frame is searched for new faces.
            if (event := answers(other)["events"][0])["state"] == "face":
                break
        assert event["track_id"] == 1


def test_the_model_can_be_switched_on_the_way(server: Served, photo: bytes) -> None:
    with client.connect(f"{server.ws}/ws/camera?model={MODELS[1].replace('+', '%2B')}") as socket:
        assert answers(socket, kind="model")["name"] == MODELS[1]
        socket.send(json.dumps({"type": "model", "name": MODELS[0]}))
        assert answers(socket, kind="model")["name"] == MODELS[0]
        socket.send(photo)
        assert answers(socket)["model"] == MODELS[0]
        socket.send(json.dumps({"type": "model", "name": "nobody"}))
        assert answers(socket, kind="error")["code"] == "unknown_model"
        socket.send(photo)
        assert answers(socket)["model"] == MODELS[0]


def test_a_broken_frame_is_told_and_the_session_goes_on(server: Served, photo: bytes) -> None:
    with client.connect(f"{server.ws}/ws/camera") as socket:
        for broken, code in [(b"", "empty"), (b"nonsense", "no_picture"), (bomb(2000), "too_many_pixels")]:
            socket.send(broken)
            error = answers(socket, kind="error")
            assert error["code"] == code and isinstance(error["frame"], int)
        socket.send(photo)
        assert answers(socket)["events"]


@pytest.mark.parametrize("message", ["nonsense", '{"type": "x"}', "[" * 9999])
def test_who_breaks_the_protocol_is_sent_away(server: Served, message: str) -> None:
    with client.connect(f"{server.ws}/ws/camera") as socket:
        socket.recv()
        socket.send(message)
        with pytest.raises(ConnectionClosed, match="1008"):
            while True:
                socket.recv(20)


def test_a_message_that_is_too_large_is_refused_by_its_head(server: Served) -> None:
    with client.connect(f"{server.ws}/ws/camera") as socket:
        socket.recv()
        # The head of a binary message of 3 MiB. Nothing follows it: a message in flight would be cut, and the answer
        # could get lost with the rest.
        socket.socket.sendall(b"\x82\xff" + (3 * 2**20).to_bytes(8, "big") + bytes(4))
        with pytest.raises(ConnectionClosed, match="1009"):
            socket.recv(20)


def test_a_flood_of_frames_ends_the_session(bundles: dict[str, Path], photo: bytes) -> None:
    from ferbench.realtime.web import Limits

    with (
        serving(bundles, limits=Limits(frames_per_s=0.01, frame_burst=5)) as served,
        client.connect(f"{served.ws}/ws/camera") as socket,
        pytest.raises(Exception, match="1008"),
    ):
        for _ in range(100):
            socket.send(photo)
            socket.recv(20)


def test_cameras_beyond_the_limit_are_told_so(bundles: dict[str, Path]) -> None:
    from ferbench.realtime.web import Limits

    with serving(bundles, limits=Limits(clients=1)) as served:
        with client.connect(f"{served.ws}/ws/camera") as first:
            first.recv()
            with client.connect(f"{served.ws}/ws/camera") as second:
                assert json.loads(second.recv())["code"] == "full"
        for _ in range(50):
            with client.connect(f"{served.ws}/ws/camera") as third:
                if json.loads(third.recv())["type"] == "model":
                    return
            time.sleep(0.1)
        raise AssertionError("the place of a camera that left was not given to another")


def test_a_silent_camera_and_one_that_does_not_read_are_dropped(bundles: dict[str, Path], photo: bytes) -> None:
    import socket as sockets

    from ferbench.realtime.web import Limits

    limits = Limits(clients=2, idle_timeout_s=1, send_timeout_s=1, frames_per_s=1e6, frame_burst=1e6)
    with serving(bundles, limits=limits, send_buffer=4096) as served:
        with client.connect(f"{served.ws}/ws/camera") as silent, pytest.raises(Exception, match="1013"):
            while True:
                silent.recv(20)
        small = sockets.socket()
        small.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 2048)
        small.connect(("127.0.0.1", served.port))
        # Nothing takes messages out of a full queue: the client's own thread stops reading.
        options = {"sock": small, "max_queue": 1, "ping_interval": None, "close_timeout": 1}
        with client.connect(f"{served.ws}/ws/camera", **options) as deaf, pytest.raises(ConnectionClosed):
            while True:
                deaf.send(b"no picture, which is answered at once")
                # A hurry would keep the server, which runs in this process, from answering.
                time.sleep(0.001)
        assert httpx.get(f"{served.http}/healthz").status_code == 200


# The server's own source


@pytest.fixture
def album(tmp_path: Path) -> str:
    for number in range(2):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(portrait().resize((320, 240))))
    return str(tmp_path)


def first_pictures(url: str, size: tuple[int, int], count: int) -> list[Image.Image]:
    """The first pictures of that size; before them there may be one that says what is waited for."""
    pictures: list[Image.Image] = []
    buffer = b""
    with httpx.stream("GET", url, timeout=30) as answer:
        assert answer.headers["content-type"].startswith("multipart/x-mixed-replace")
        for part in answer.iter_raw():
            buffer += part
            while match := re.search(rb"Content-Length: (\d+)\r\n\r\n", buffer):
                end = match.end() + int(match[1])
                if len(buffer) < end:
                    break
                picture = Image.open(io.BytesIO(buffer[match.end() : end]))
                pictures += [picture] if picture.size == size else []
                buffer = buffer[end:]
                if len(pictures) == count:
                    return pictures
    raise AssertionError("the pictures ended")


def feeds() -> int:
    return sum(thread.name == "ferbench-feed" for thread in threading.enumerate())


def test_many_viewers_share_one_loop_that_ends_with_the_last(bundles: dict[str, Path], album: str) -> None:
    with serving(bundles, source=album) as served:
        assert feeds() == 0
        with client.connect(f"{served.ws}/ws/source") as one, client.connect(f"{served.ws}/ws/source") as other:
            assert answers(one)["events"][0]["state"] == answers(other)["events"][0]["state"] == "face"
            assert first_pictures(f"{served.http}/api/source.mjpg", (320, 240), 2)
            assert feeds() == 1
            one.send(json.dumps({"type": "model", "name": MODELS[1]}))
            assert answers(other, kind="model")["name"] in MODELS
            while answers(other)["model"] != MODELS[1]:
                pass
        for _ in range(100):
            if feeds() == 0:
                return
            time.sleep(0.1)
        raise AssertionError("the loop goes on though nobody watches")


def test_a_source_that_cannot_be_opened_is_told_to_the_viewers(bundles: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with serving(bundles, source=str(broken)) as served:
        message = refused(httpx.get(f"{served.http}/api/source.mjpg", timeout=30), 503, "source")
        assert "broken.mp4" in message
        with client.connect(f"{served.ws}/ws/source") as socket:
            assert "broken.mp4" in answers(socket, kind="error")["message"]
