# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP by requests: one request, one answer or one typed failure. The only file of this package that imports requests."""

from __future__ import annotations

import dataclasses
import enum
import json
import socket
import ssl
import threading
import traceback
import typing as t

from .._core.errors import InputError

try:
    import requests
except ImportError:
    requests = None  # type: ignore[assignment]
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

_CHUNK = 8192
# requests' own limits say more exactly what went wrong (nothing was sent, say), so they may come first.
_GRACE_SECONDS = 0.5


class Failure(enum.Enum):
    """How a request ended without an answer."""

    UNKNOWN_HOST = "the host name is unknown"
    TLS = "no trusted TLS connection"
    NOT_CONNECTED = "no connection"
    LOST = "the answer was lost"


class TransportFailure(Exception):
    """A request without a complete answer.

    :param reason: the cause, without secrets, for people.
    :param passing: whether trying again may help. A certificate that is not trusted will not become so.
    """

    def __init__(self, kind: Failure, reason: str, *, passing: bool = True) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.passing = passing

    @property
    def sent(self) -> bool:
        """Tell whether the server may have seen the request."""
        return self.kind is Failure.LOST


@dataclasses.dataclass(frozen=True)
class Answer:
    """A complete answer. ``headers`` is looked up without regard to case."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)


class Transport(t.Protocol):
    """One request, one answer."""

    def send(self, method: str, url: str, *, query: t.Mapping[str, str], body: t.Any, headers: t.Mapping[str, str], seconds: float) -> Answer:
        """Send and return the answer.

        :param body: is sent as JSON unless None.
        :param seconds: how long all of it may take at most, however slowly an answer drips in.
        :raises InputError: for a body that JSON has no form for; nothing is sent then.
        :raises TransportFailure: without a complete answer.
        """


class _BearerAuth:
    """Sets the Authorization header.

    It has to be an auth object: requests looks into ``~/.netrc`` when a session has none, and replaces a header set by hand.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: t.Any) -> t.Any:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class RequestsTransport:
    """HTTP by one ``requests.Session``.

    :param local: the address leads to this machine; proxies of the environment are then left alone, the key must not reach them.
    :raises InputError: if requests is not installed.
    """

    _CONNECT_SECONDS = 10.0
    _READ_SECONDS = 60.0

    def __init__(self, api_key: str, user_agent: str, *, local: bool) -> None:
        if requests is None:
            raise InputError(
                "the Python library requests is missing",
                where="the Python interpreter that runs this task",
                remedy="Install requests for that interpreter (ansible_python_interpreter), for example with: python3 -m pip install requests",
            )
        self._session = requests.Session()
        self._session.auth = _BearerAuth(api_key)
        self._session.headers.update({"User-Agent": user_agent, "Accept": "application/json"})
        if local:
            self._session.trust_env = False

    def send(self, method: str, url: str, *, query: t.Mapping[str, str], body: t.Any, headers: t.Mapping[str, str], seconds: float) -> Answer:
        """Send one request; see :class:`Transport`. Redirects are not followed."""
        _require_json(method, url, body)
        limits = (min(self._CONNECT_SECONDS, seconds), min(self._READ_SECONDS, seconds))
        try:
            answer = _within(
                seconds + _GRACE_SECONDS,
                lambda: self._exchange(method, url, params=dict(query), json=body, headers=dict(headers), timeout=limits),
            )
        except requests.exceptions.RequestException as error:
            raise classify(error) from None
        content = answer.body
        # urllib3 1.26 (Debian 12) does not compare the length itself.
        length = answer.headers.get("Content-Length", "")
        if length.isdigit() and "Content-Encoding" not in answer.headers and method != "HEAD" and len(content) < int(length):
            raise TransportFailure(Failure.LOST, f"it broke off after {len(content)} of {length} bytes")
        return answer

    def _exchange(self, method: str, url: str, **arguments: t.Any) -> Answer:
        with self._session.request(method, url, allow_redirects=False, stream=True, **arguments) as response:
            return Answer(response.status_code, response.headers, b"".join(response.iter_content(_CHUNK)))


def _require_json(method: str, url: str, body: t.Any) -> None:
    """Refuse a body that JSON has no form for, such as a number that is not finite.

    Depending on its version, requests sends it all the same, or raises what looks like a lost answer.
    """
    try:
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(
            "the request cannot be written as JSON, and was not sent",
            where=f"Neon API, {method} {url}",
            why=str(error),
            remedy="Look among the options for a value that is no text, number, list or dictionary, or for a number such as nan or inf",
        ) from None


ResultT = t.TypeVar("ResultT")


def _within(seconds: float, work: t.Callable[[], ResultT]) -> ResultT:
    """Return what ``work`` returns, or raise what it raises.

    The limits of requests are for each wait for data, and begin anew with every byte: of the status line, the headers or the body. Name
    resolution has none at all. Only another thread can look at the clock meanwhile. One that is late is left behind: the task is over then,
    and a daemon does not keep the process.

    :raises TransportFailure: if it takes longer. The server may have seen the request.
    """
    results: list[ResultT] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # pylint: disable=broad-except  # noqa: BLE001 (raised again by the thread that waits)
            errors.append(error)

    thread = threading.Thread(target=run, name="neon-request", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TransportFailure(Failure.LOST, "no complete answer in time")
    return results[0]


def classify(error: BaseException) -> TransportFailure:
    """Return the failure that an exception of requests stands for."""
    if isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        # InvalidURL, InvalidSchema, InvalidHeader and the like are raised before anything is sent.
        return TransportFailure(Failure.NOT_CONNECTED, str(error), passing=False)
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TransportFailure(Failure.TLS, f"the server's certificate is not trusted: {cause.verify_message}", passing=False)
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return TransportFailure(Failure.UNKNOWN_HOST, str(cause.strerror), passing=cause.errno == socket.EAI_AGAIN)
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return TransportFailure(Failure.TLS, str(cause.reason or cause), passing=False)
    refused = next((cause for cause in causes if isinstance(cause, ConnectionRefusedError)), None)
    if refused is not None:
        return TransportFailure(Failure.NOT_CONNECTED, "connection refused")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return TransportFailure(Failure.NOT_CONNECTED, "connecting took too long")
    if isinstance(error, requests.exceptions.ProxyError):
        return TransportFailure(Failure.NOT_CONNECTED, "the proxy of the environment (HTTPS_PROXY) could not be used")
    # Raised by urllib3 while connecting; the name is the same in 1.26 and 2.x, the class has no place in requests' own hierarchy.
    if any(type(cause).__name__ == "NewConnectionError" for cause in causes):
        reasons = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
        return TransportFailure(Failure.NOT_CONNECTED, reasons[0].lower() if reasons else "the connection failed")
    if isinstance(error, requests.exceptions.SSLError):
        return TransportFailure(Failure.TLS, "the TLS handshake was broken off")
    if isinstance(error, requests.exceptions.Timeout):
        return TransportFailure(Failure.LOST, "no answer in time")
    return TransportFailure(Failure.LOST, "the connection broke off")


def _causes(error: BaseException) -> t.Iterator[BaseException]:
    """Yield an exception and everything that led to it; urllib3 keeps the origin in ``reason`` or among ``args``."""
    seen: set[int] = set()
    waiting: list[t.Any] = [error]
    while waiting:
        current = waiting.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting.extend([current.__cause__, current.__context__, getattr(current, "reason", None), *current.args])
