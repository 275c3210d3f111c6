# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport against a real socket: what a server may do to a request."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import threading
import typing as t

import pytest
import requests

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon import transport as transport_file
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.transport import Failure, RequestsTransport, TransportFailure, classify

KEY = "napi_secret"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Served(t.NamedTuple):
    """A server for one connection, and the head of the request it saw."""

    url: str
    seen: list[bytes]


@contextlib.contextmanager
def server(reply: bytes | None) -> t.Iterator[Served]:
    """Answer one request with these bytes and close; None: close without an answer."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)

        def serve() -> None:
            connection, _peer = listener.accept()
            with connection:
                connection.settimeout(20)
                seen.append(connection.recv(65536))
                if reply is not None:
                    connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}/api/v2/x", seen)
        thread.join(20)


def send(url: str, method: str = "GET", *, local: bool = True, seconds: float = 20) -> transport_file.Answer:
    transport = RequestsTransport(KEY, "agent/1", local=local)
    return transport.send(method, url, query={"q": "a b"}, body=None, headers={"X-Request-ID": "r1"}, seconds=seconds)


def test_the_request_carries_key_agent_and_query() -> None:
    with server(OK) as served:
        answer = send(served.url)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"{}", "application/json")
    head = served.seen[0].decode()
    assert head.startswith("GET /api/v2/x?q=a+b HTTP/1.1\r\n")
    for line in (f"Authorization: Bearer {KEY}", "User-Agent: agent/1", "X-Request-ID: r1"):
        assert line in head


@pytest.mark.parametrize("local", [True, False])
def test_a_netrc_file_does_not_replace_the_key(local: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth("http://127.0.0.1/") == ("somebody", "else"), "the file has to be one that requests would use"
    with server(OK) as served:
        send(served.url, local=local)
    assert f"Authorization: Bearer {KEY}\r\n" in served.seen[0].decode()


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with server(OK) as served:
        assert send(served.url, local=True).status == 200


def test_redirects_are_not_followed() -> None:
    with server(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as served:
        assert send(served.url, "POST").status == 307


@pytest.mark.parametrize(
    "reply",
    [
        None,
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n{",
        b"HTTP/",
    ],
)
def test_an_answer_that_breaks_off_is_lost(reply: bytes | None) -> None:
    with server(reply) as served, pytest.raises(TransportFailure) as caught:
        send(served.url, "POST")
    assert caught.value.kind is Failure.LOST
    assert caught.value.sent


def test_no_answer_in_time_is_lost() -> None:
    # Connections to a listening socket that nobody accepts are made by the kernel, and nothing ever answers.
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(TransportFailure, match="no answer in time") as caught:
        send(f"http://127.0.0.1:{listener.getsockname()[1]}/", seconds=0.05)
    assert caught.value.kind is Failure.LOST


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Endless: ",
        b"HTTP/1.1 200 ",
    ],
    ids=["body", "header", "status line"],
)
def test_an_answer_that_drips_in_is_lost_at_the_deadline(head: bytes) -> None:
    enough = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)

        def drip() -> None:
            connection, _peer = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(head)
                # Far less between two bytes than the limit for one wait, and without an end of its own.
                while not enough.wait(0.02):
                    connection.sendall(b"1")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(TransportFailure, match="no complete answer in time") as caught:
                send(f"http://127.0.0.1:{listener.getsockname()[1]}/", "POST", seconds=0.3)
        finally:
            enough.set()
            thread.join(20)
    assert (caught.value.kind, caught.value.sent) == (Failure.LOST, True)


def test_a_refused_connection_was_never_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TransportFailure, match="connection refused") as caught:
        send(f"http://127.0.0.1:{port}/", "POST")
    assert caught.value.kind is Failure.NOT_CONNECTED
    assert not caught.value.sent
    assert caught.value.passing


def test_plain_text_where_tls_was_expected_will_not_pass() -> None:
    with server(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n") as served, pytest.raises(TransportFailure) as caught:
        send(served.url.replace("http:", "https:"))
    assert caught.value.kind is Failure.TLS
    assert not caught.value.passing


def test_an_unknown_host_will_not_pass() -> None:
    try:
        try:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        except socket.gaierror as cause:
            raise requests.exceptions.ConnectionError("max retries") from cause
    except requests.exceptions.ConnectionError as error:
        failure = classify(error)
    assert (failure.kind, failure.reason, failure.passing, failure.sent) == (Failure.UNKNOWN_HOST, "Name or service not known", False, False)


def test_a_name_server_that_is_away_may_come_back() -> None:
    error = requests.exceptions.ConnectionError(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"))
    assert classify(error).passing


def test_an_address_that_requests_cannot_use_was_never_sent() -> None:
    failure = classify(requests.exceptions.InvalidURL("bad"))
    assert (failure.kind, failure.passing) == (Failure.NOT_CONNECTED, False)


@pytest.mark.parametrize("body", [{"size": float("nan")}, {"size": [float("inf")]}, {"when": object()}])
def test_what_json_has_no_form_for_is_never_sent(body: t.Any) -> None:
    transport = RequestsTransport(KEY, "agent/1", local=True)
    with pytest.raises(InputError, match=r"Neon API, POST http.*cannot be written as JSON, and was not sent"):
        # Nobody listens there: a request would end in another way.
        transport.send("POST", "http://127.0.0.1:1/x", query={}, body=body, headers={}, seconds=5)


def test_a_missing_library_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_file, "requests", None)
    with pytest.raises(InputError, match=r"library requests is missing.*pip install requests"):
        RequestsTransport(KEY, "agent/1", local=True)
