"""Check host, origin, token and rate of every request, and add security headers to every answer."""

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ferbench.realtime.web.limits import RateLimiter
from ferbench.realtime.web.refusal import Refusal

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN_PATHS = ("/healthz", "/static/")
# A wrong token counts as this many requests, which limits guessing to a few attempts per second.
GUESS_COST = 10.0
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Access:
    """Access rules of the server.

    Attributes
    ----------
    hosts : frozenset of str
        Allowed host names and addresses, without port. Other names are refused, to prevent DNS rebinding: there, a
        foreign page uses its own name for the address of this server.
    any_address : bool
        Whether every numeric address is allowed too (server bound to all interfaces). DNS rebinding needs a name.
    token : str or None
        Secret that every request must contain.
    """

    hosts: frozenset[str] = LOCAL_NAMES
    any_address: bool = False
    token: str | None = field(default=None, repr=False)

    def knows_host(self, name: str) -> bool:
        """Whether `name` is an allowed host name."""
        return name in self.hosts or (self.any_address and is_address(name))

    def cookie(self) -> str:
        """Return the cookie value that a browser stores instead of the token."""
        return hmac.new((self.token or "").encode(), b"ferbench web page", hashlib.sha256).hexdigest()

    def accepts(self, connection: HTTPConnection, cookie_name: str) -> bool:
        """Whether the connection has the token, as a header or as a cookie."""
        if self.token is None:
            return True
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        by_header = scheme.lower() == "bearer" and same(given.strip(), self.token)
        return by_header or same(connection.cookies.get(cookie_name, ""), self.cookie())


def same(given: str, expected: str) -> bool:
    """Compare in constant time, so that the duration does not reveal a partial match."""
    return secrets.compare_digest(given.encode(), expected.encode())


def is_address(name: str) -> bool:
    """Whether `name` is a numeric address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def host_name(netloc: str) -> str:
    """Return the name in ``name:port``, in small letters and without the brackets of IPv6.

    Examples
    --------
    >>> host_name("LocalHost:8000"), host_name("[::1]:8000")
    ('localhost', '::1')
    """
    if netloc.startswith("["):
        return netloc[1:].partition("]")[0].lower()
    return netloc.partition(":")[0].lower()


class Guard:
    """ASGI middleware that checks every request to the application.

    Starlette's `TrustedHostMiddleware` checks the host alone. It knows no rule for numeric addresses, which
    :attr:`Access.any_address` needs, and its refusal is plain text instead of our JSON. Origin, token and rate have no
    middleware there, and all of them must also hold for WebSockets, which `BaseHTTPMiddleware` passes unchecked.
    """

    def __init__(self, app: ASGIApp, *, access: Access, rate: RateLimiter, login_page: Path) -> None:
        self._app, self._access, self._rate, self._login_page = app, access, rate, login_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        connection = HTTPConnection(scope)
        try:
            early = self._check(connection)
        except Refusal as refusal:
            early = self._refuse(connection, refusal)
        await (early or self._app)(scope, receive, send_guarded)

    def _check(self, connection: HTTPConnection) -> Response | None:
        self._check_host(connection)
        self._check_origin(connection)
        path, address = connection.scope["path"], connection.client.host if connection.client else ""
        if path == "/healthz":
            return None
        self._rate.check(address)
        if path.startswith(OPEN_PATHS) or self._access.accepts(connection, cookie_name(connection)):
            return None
        given = connection.query_params.get("token")
        if path == "/" and given is not None and same(given, self._access.token or ""):
            return self._signed_in(connection)
        if given is not None or "authorization" in connection.headers:
            self._rate.check(address, GUESS_COST)
            raise Refusal(
                401, "token", "the token is wrong; use the one that `ferbench serve --token` was started with"
            )
        message = 'this server wants its token: open the page as /?token=…, or send "Authorization: Bearer …"'
        raise Refusal(401, "token", message)

    def _check_host(self, connection: HTTPConnection) -> None:
        name = host_name(connection.headers.get("host", ""))
        if not self._access.knows_host(name):
            known = ", ".join(sorted(self._access.hosts))
            message = f"this server does not answer to the name {name[:80]!r}, only to {known}; see --allow-host"
            raise Refusal(421, "host", message)

    def _check_origin(self, connection: HTTPConnection) -> None:
        headers = connection.headers
        origin = headers.get("origin")
        # Accept both schemes, because a proxy may use https for this http server.
        if origin is not None and origin not in {f"{scheme}://{headers['host']}" for scheme in ("http", "https")}:
            raise Refusal(403, "origin", f"requests from pages of {origin[:80]} are refused; use the server's own page")
        # Embedded pictures and scripts of other sites have no Origin header; browsers send these headers instead.
        foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if foreign and headers.get("sec-fetch-mode") != "navigate":
            raise Refusal(403, "origin", "requests from other sites' pages are refused; use the server's own page")

    def _signed_in(self, connection: HTTPConnection) -> Response:
        response = RedirectResponse("/", 303)
        secure = connection.scope["scheme"] == "https"
        name, value = cookie_name(connection), self._access.cookie()
        # "lax" instead of "strict", so that a link with the token works from a mail or a chat.
        response.set_cookie(name, value, httponly=True, samesite="lax", secure=secure)
        return response

    def _refuse(self, connection: HTTPConnection, refusal: Refusal) -> Response:
        wants_page = "text/html" in connection.headers.get("accept", "")
        if refusal.code == "token" and wants_page and connection.scope["type"] == "http":
            return FileResponse(self._login_page, refusal.status, {"WWW-Authenticate": "Bearer"})
        return refusal.response()


def cookie_name(connection: HTTPConnection) -> str:
    """Return the cookie name; it contains the port, because browsers share cookies between the ports of a host."""
    server = connection.scope.get("server") or ("", 0)
    return f"ferbench-{server[1]}"
