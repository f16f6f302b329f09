"""Run the web server: bind the socket, apply limits, and shut down cleanly."""

import contextlib
import errno
import ipaddress
import secrets
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI

from ferbench.realtime.web.door import Door
from ferbench.realtime.web.limits import Limits
from ferbench.realtime.web.logs import limit_logs
from ferbench.realtime.web.security import LOCAL_NAMES, Access
from ferbench.utils import handle_signals, is_windows

GRACE_S = 3
MARGIN = 64
BACKLOG = 384
SEND_BUFFER = 256 * 1024


def bind(host: str, port: int, *, limits: Limits | None = None) -> socket.socket:
    """Bind a port.

    Parameters
    ----------
    host : str
        Name or address of the interface.
    port : int
        Port; 0 selects a free one.
    limits : Limits, optional
        Uses `send_timeout_s` as time limit for a client that reads nothing.

    Raises
    ------
    OSError
        If the port is in use or not permitted, or the host is not an address of this machine; the message names the
        remedy.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except socket.gaierror as error:
        raise OSError(f"--host {host}: {error.strerror}; give an address of this machine, such as 127.0.0.1") from error
    try:
        if not is_windows():
            # On Windows this option would let two servers share a port.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bound_memory(bound, limits or Limits())
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise OSError(_bind_problem(error, host, port)) from error
    return bound


def _bound_memory(bound: socket.socket, limits: Limits) -> None:
    """Set options for accepted connections: a small send buffer, and a time limit for unread data."""
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Otherwise a closed connection whose client reads nothing keeps its buffer forever.
        milliseconds = round(2000 * limits.send_timeout_s)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def _bind_problem(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is already in use, perhaps by another `ferbench serve`; "
            f"stop that one, or choose another port: --port {port + 1}, or --port 0 for any free one"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port {port} on {host} is not allowed for this user; choose one above 1023: --port 8000"
    return f"cannot listen on {host}, port {port}: {error.strerror}; give an address of this machine, such as 127.0.0.1"


def access_for(host: str, token: str | None, more_hosts: Iterable[str] = ()) -> Access:
    """Return the access rules of a server bound to `host`.

    Raises
    ------
    ValueError
        If the server can be reached from other machines without a token, or the token is too short.
    """
    if token is not None and len(token) < 8:
        raise ValueError(f"--token has {len(token)} characters; give at least 8 that cannot be guessed")
    local = is_loopback(host)
    if not local and token is None:
        raise ValueError(
            f"--host {host} can be reached from other machines: protect it with --token, "
            f"for example --token {secrets.token_urlsafe(12)}"
        )
    names = LOCAL_NAMES | {name.lower() for name in more_hosts}
    if local:
        return Access(names, token=token)
    own = socket.gethostname().lower()
    everywhere = host in ("0.0.0.0", "::", "")
    return Access(names | {own, f"{own}.local", host.lower()}, any_address=everywhere, token=token)


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached only from this machine.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() == "localhost"


class Server(uvicorn.Server):
    """uvicorn server that exits with status 0 after Ctrl-C or SIGTERM, and ends endless streams first.

    Parameters
    ----------
    app : FastAPI
        Application from `create_app`.
    limits : Limits
        The limits of the application.
    on_start : callable, optional
        Called when the server is ready.
    tls : tuple of str, optional
        Paths of the certificate and of its key.
    """

    def __init__(
        self,
        app: FastAPI,
        limits: Limits | None = None,
        *,
        on_start: Callable[[], Any] | None = None,
        tls: tuple[str, str] | None = None,
    ) -> None:
        limits = limits or Limits()
        self._on_start, self._close_streams = on_start, app.state.close_streams
        certificate, key = tls or (None, None)
        self.door = Door(limits)
        config = uvicorn.Config(
            app,
            # uvicorn calls this factory like a protocol class; its default class would depend on the installed
            # packages.
            http=self.door.protocol,  # type: ignore[arg-type]
            ssl_certfile=certificate,
            ssl_keyfile=key,
            # Do not trust forwarded headers, because clients can forge their address with them.
            proxy_headers=False,
            server_header=False,
            # No access log, because URLs can contain the token.
            access_log=False,
            log_level="warning",
            # `Door` limits the connections; this limit only covers those that it cannot count. It leaves room for those
            # that it has refused and that are not yet closed.
            limit_concurrency=2 * limits.connections + MARGIN,
            # Backlog; together with the open connections it stays below the usual limit of open files.
            backlog=BACKLOG,
            timeout_graceful_shutdown=GRACE_S,
            ws_max_size=limits.frame_bytes + 1024,
            # No compression: pictures are already compressed, and a small message must not expand to a large one.
            ws_per_message_deflate=False,
        )
        super().__init__(config)
        limit_logs(limits)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the server and call `on_start`."""
        await super().startup(sockets=sockets)
        if self._on_start is not None:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the server; end the streams first, because uvicorn waits for all answers."""
        if self._close_streams is not None:
            await self._close_streams()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals as uvicorn does, but do not raise a signal again after a clean shutdown."""
        with handle_signals((signal.SIGINT, signal.SIGTERM), self.handle_exit):
            yield
