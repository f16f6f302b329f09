"""``ferbench serve``: serve the web page and the HTTP API."""

import argparse
import contextlib
import os
import threading
import webbrowser
from pathlib import Path

from ferbench.cli.arguments import add_priors_option, named_models
from ferbench.cli.live import add_points, add_provider
from ferbench.realtime import recognition, web

HELP = """Serve a web page and an API, reachable only from this machine. The page shows emotions in the browser's camera
and in uploaded pictures. Nothing is stored. With --source the page also shows a camera, file or stream of this machine.
For access from a phone, listen on the network with --host 0.0.0.0 and set a --token. Browsers allow camera access only
on https pages (--tls-cert, --tls-key) or on localhost."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = HELP
    parser.add_argument("--host", default="127.0.0.1", help="interface to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port; 0 selects a free one (default: 8000)")
    parser.add_argument(
        "--model",
        nargs="+",
        default=["winner"],
        metavar="NAME|BUNDLE",
        help="models offered on the page, the default one first: winner, a recipe, or a bundle's folder",
    )
    parser.add_argument(
        "--results",
        default="results",
        metavar="DIR",
        help="results folder in which to look up model names (default: results)",
    )
    parser.add_argument("--source", metavar="SOURCE", help="camera number, file or stream that the page also shows")
    parser.add_argument("--detector", metavar="NAME", help="face detector: yunet, haar, dlib or mtcnn")
    add_points(parser, "find 15 key points of each face; without this option, users switch them on in the page")
    add_provider(parser)
    add_priors_option(parser)
    parser.add_argument(
        "--compound",
        action="store_true",
        help="name mixtures of two emotions, such as happily surprised; derived, not measured. Without this option, "
        "users switch them on in the page",
    )
    parser.add_argument(
        "--token",
        default=os.environ.get("FERBENCH_TOKEN"),
        metavar="SECRET",
        help="secret that every user must give (default: $FERBENCH_TOKEN); required for access from other machines",
    )
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="additional host name of this server"
    )
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate for https, as PEM file")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="private key of the certificate, as PEM file")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.set_defaults(command=serve)


def serve(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    _check(args)
    limits = web.Limits()
    access = web.access_for(args.host, args.token, args.allow_host)
    # Bind the port before loading models, so that a port in use is reported at once.
    with web.bind(args.host, args.port, limits=limits) as bound:
        app = web.create_app(
            named_models(args.model, Path(args.results), args.priors),
            detector=args.detector,
            source=args.source,
            access=access,
            limits=limits,
            points=_points(args.points),
            points_on=args.points is not None,
            provider=args.provider,
            compound=args.compound,
            priors=args.priors,
        )
        address = _address(args, bound.getsockname()[1])
        tls = (str(args.tls_cert), str(args.tls_key)) if args.tls_cert else None
        web.Server(app, limits, on_start=lambda: _announce(args, address), tls=tls).run(sockets=[bound])
    print("ferbench: stopped")
    return 0


def _check(args: argparse.Namespace) -> None:
    if not 0 <= args.port <= 65535:
        raise ValueError(f"--port must be from 0 to 65535; got {args.port}")
    if (args.tls_cert is None) != (args.tls_key is None):
        raise ValueError("https needs both --tls-cert and --tls-key")
    for file in (args.tls_cert, args.tls_key):
        if file is not None and not file.is_file():
            raise FileNotFoundError(f"{file}: no such file; give the certificate and its key as PEM files")
    source = args.source
    if source is not None and not (source.isdecimal() or "://" in source or Path(source).exists()):
        raise FileNotFoundError(f"--source {source}: no such file; give a camera's number, a file, a folder or a URL")


def _points(chosen: str | bool | None) -> Path | None:
    """Folder of the key-point bundle; the shipped one is offered by default."""
    if chosen is None:
        with contextlib.suppress(FileNotFoundError):
            return recognition.find_points()
        return None
    return recognition.find_points(None if chosen is True else str(chosen))


def _address(args: argparse.Namespace, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(args.host, args.host)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{'https' if args.tls_cert else 'http'}://{host}:{port}/"


def _announce(args: argparse.Namespace, address: str) -> None:
    print(f"ferbench: {address} (Ctrl-C stops it)", flush=True)
    if args.open:
        page = f"{address}?token={args.token}" if args.token else address
        threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()
