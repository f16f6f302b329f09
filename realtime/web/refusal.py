"""Define the error of refused requests and its JSON."""

from starlette.responses import JSONResponse


class Refusal(Exception):
    """Error for a refused request, with a readable reason.

    Parameters
    ----------
    status : int
        HTTP status.
    code : str
        Short name for programs, such as ``"too_large"``.
    message : str
        What was expected, what came, and what to do.
    retry_after_s : float or None
        Seconds after which a new request can succeed.
    """

    def __init__(self, status: int, code: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after_s = status, code, message, retry_after_s

    def content(self) -> dict[str, dict[str, str]]:
        """Return the JSON of the answer."""
        return {"error": {"code": self.code, "message": self.message}}

    def response(self) -> JSONResponse:
        """Return the answer; it also fits the handshake of a WebSocket."""
        headers = {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, round(self.retry_after_s)))
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(self.content(), self.status, headers)
