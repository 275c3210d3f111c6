# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client's retries, deadline and errors, on a clock that never waits and a transport that plays a script."""

from __future__ import annotations

import email.utils
import json
import typing as t

import pytest
from unit.neon_conversation import FakeClock, refusal

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import (
    AuthenticationError,
    InputError,
    NotFoundError,
    ProviderError,
    UnreachableError,
)
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.client import NeonClient, path_of, usable_key
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.deadline import Deadline
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.failures import BusyError, ConflictError, LostAnswer
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.transport import Answer, Failure, TransportFailure

SECRET = "napi_secret"
GOOD = {"ok": True}


class Script:
    """A transport that plays a list of answers and failures; the last one stays."""

    def __init__(self, *steps: Answer | TransportFailure) -> None:
        self._steps = list(steps)
        self.sent: list[tuple[str, str]] = []
        self.seconds: list[float] = []

    def send(self, method: str, url: str, *, query: t.Any, body: t.Any, headers: t.Any, seconds: float) -> Answer:
        self.sent.append((method, url))
        self.seconds.append(seconds)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, TransportFailure):
            raise step
        return step


def answer(status: int = 200, body: t.Any = None, **headers: str) -> Answer:
    content = GOOD if body is None else body
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Answer(status, {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}, raw)


def client(script: Script, timeout: float = 300.0) -> tuple[NeonClient, FakeClock]:
    clock = FakeClock()
    return NeonClient("https://neon.test/api/v2", script, Deadline(timeout, clock), jitter=lambda: 1.0, hidden=(SECRET,)), clock


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [423, 429, 503])
def test_busy_answers_are_repeated_for_every_method(method: str, status: int) -> None:
    script = Script(answer(status, refusal("busy")), answer(status, refusal("busy")), answer())
    neon, clock = client(script)
    assert neon.call(method, "/x") == GOOD
    assert len(script.sent) == 3
    assert clock.slept == [0.25, 0.5]


def test_a_lock_is_waited_for_by_deadline_and_not_by_count() -> None:
    script = Script(*[answer(423, refusal("locked"))] * 60, answer())
    neon, clock = client(script, timeout=600)
    assert neon.call("POST", "/x") == GOOD
    assert len(script.sent) == 61
    assert clock.elapsed < 600


def test_a_lock_that_stays_ends_with_the_deadline() -> None:
    script = Script(answer(423, refusal("project is locked by operation x", "PROJECT_LOCKED")))
    neon, clock = client(script, timeout=60)
    with pytest.raises(BusyError) as caught:
        neon.call("POST", "/projects")
    assert clock.elapsed < 60
    text = caught.value.message()
    assert "still busy" in text
    assert "project is locked by operation x" in text
    assert "req-42" in text
    assert "option timeout (60 s)" in text
    assert caught.value.details["neon_error"]["status"] == 423


def test_an_exceeded_quota_is_not_waited_for() -> None:
    text = "Your project has exceeded the active time quota. Upgrade your plan to increase limits."
    script = Script(answer(423, refusal(text)))
    neon, clock = client(script)
    with pytest.raises(ProviderError, match=r"exceeded the active time quota.*Raise the quota"):
        neon.call("POST", "/x")
    assert (len(script.sent), clock.slept) == (1, [])


def test_retry_after_in_seconds_is_waited_for_in_full() -> None:
    neon, clock = client(Script(answer(429, refusal(), Retry_After="47"), answer()))
    assert neon.call("PATCH", "/x") == GOOD
    assert clock.slept == [47.0]


def test_retry_after_as_a_date_is_waited_for_in_full() -> None:
    clock = FakeClock()
    when = email.utils.formatdate(clock.now() + 31, usegmt=True)
    neon, clock = client(Script(answer(429, refusal(), Retry_After=when), answer()))
    assert neon.call("GET", "/x") == GOOD
    assert clock.slept == [31.0]


def test_retry_after_beyond_the_deadline_gives_up_at_once() -> None:
    script = Script(answer(429, refusal("slow down"), Retry_After="3600"))
    neon, clock = client(script, timeout=300)
    with pytest.raises(BusyError, match=r"limits the rate of requests, and asks to wait 3600 s while 300 s"):
        neon.call("GET", "/x")
    assert clock.slept == []
    assert len(script.sent) == 1


@pytest.mark.parametrize("kind", [Failure.LOST, Failure.NOT_CONNECTED])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_network_failure_repeats_reads(kind: Failure, method: str) -> None:
    script = Script(TransportFailure(kind, "gone"), TransportFailure(kind, "gone"), answer())
    neon, clock = client(script)
    assert neon.call(method, "/x") == GOOD
    assert clock.slept == [0.25, 0.5]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_lost_answer_to_a_change_is_never_repeated(method: str) -> None:
    script = Script(TransportFailure(Failure.LOST, "no answer in time"))
    neon, clock = client(script)
    with pytest.raises(LostAnswer, match="nobody knows whether Neon carried it out"):
        neon.call(method, "/x")
    assert len(script.sent) == 1
    assert clock.slept == []


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_change_that_never_left_is_not_a_lost_answer(method: str) -> None:
    neon, _clock = client(Script(TransportFailure(Failure.NOT_CONNECTED, "connection refused")))
    with pytest.raises(UnreachableError, match=r"neon.test cannot be reached.*Connection refused.*nothing was changed") as caught:
        neon.call(method, "/x")
    assert not isinstance(caught.value, LostAnswer)


@pytest.mark.parametrize("status", [500, 502, 504])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_server_failure_during_a_change_is_a_lost_answer(status: int, method: str) -> None:
    script = Script(answer(status, refusal("internal")))
    neon, _clock = client(script)
    with pytest.raises(LostAnswer, match=f"HTTP {status}: internal"):
        neon.call(method, "/x")
    assert len(script.sent) == 1


def test_a_gateway_failure_repeats_reads_a_few_times() -> None:
    script = Script(answer(502, b"<html>"), answer(504, b"<html>"), answer())
    neon, _clock = client(script)
    assert neon.get("/x") == GOOD
    stuck = Script(answer(502, b"<html>"))
    neon, _clock = client(stuck)
    with pytest.raises(ProviderError, match="HTTP 502"):
        neon.get("/x")
    assert len(stuck.sent) == 5


def test_a_server_that_stays_away_is_reported_long_before_the_deadline() -> None:
    script = Script(TransportFailure(Failure.NOT_CONNECTED, "connection refused"))
    neon, clock = client(script, timeout=3600)
    with pytest.raises(UnreachableError, match=r"neon.test cannot be reached.*Connection refused.*NEON_API_HOST"):
        neon.get("/x")
    assert 10 < clock.elapsed <= 30


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (TransportFailure(Failure.UNKNOWN_HOST, "Name or service not known", passing=False), "the host neon.test is unknown"),
        (TransportFailure(Failure.TLS, "self-signed certificate", passing=False), "no trusted TLS connection.*Self-signed.*REQUESTS_CA_BUNDLE"),
    ],
)
def test_what_will_not_pass_is_reported_at_once(failure: TransportFailure, text: str) -> None:
    script = Script(failure)
    neon, clock = client(script)
    with pytest.raises(UnreachableError, match=text):
        neon.get("/x")
    assert (len(script.sent), clock.slept) == (1, [])


def test_every_attempt_gets_no_more_time_than_is_left() -> None:
    script = Script(answer(423, refusal(), Retry_After="8"), answer(423, refusal(), Retry_After="1"), answer())
    neon, _clock = client(script, timeout=10)
    neon.get("/x")
    assert script.seconds == [10.0, 2.0, 1.0]


def test_nothing_is_sent_after_the_deadline() -> None:
    script = Script(answer())
    neon, clock = client(script, timeout=10)
    clock.elapsed = 11
    with pytest.raises(UnreachableError, match="the deadline of 10 s is over"):
        neon.get("/x")
    assert script.sent == []


@pytest.mark.parametrize(
    ("status", "body", "error", "texts"),
    [
        (401, refusal("bad key"), AuthenticationError, ["does not accept the API key", "bad key", "NEON_API_KEY", "req-42"]),
        (403, refusal("not allowed"), AuthenticationError, ["may not do this", "project-scoped"]),
        (404, refusal("project not found"), NotFoundError, ["does not know this object", "project not found"]),
        (422, refusal("limit", "PROJECTS_LIMIT_EXCEEDED"), ProviderError, ["HTTP 422, code PROJECTS_LIMIT_EXCEEDED", "larger plan"]),
        (
            400,
            refusal("requested history retention seconds exceeds allowed maximum"),
            ProviderError,
            ["exceeds allowed maximum", "lower history_retention_seconds"],
        ),
        (400, refusal("org_id is required"), ProviderError, ["needs the option org_id"]),
        (400, refusal("something new"), ProviderError, ["something new", "quote the request id"]),
        (418, b"not json", ProviderError, ["HTTP 418: no message"]),
        (500, refusal("oops"), ProviderError, ["HTTP 500: oops"]),
    ],
)
def test_refusals_become_one_clear_message(status: int, body: t.Any, error: type[Exception], texts: list[str]) -> None:
    script = Script(answer(status, body))
    neon, _clock = client(script)
    with pytest.raises(error) as caught:
        neon.get("/projects")
    for text in ("Neon API, GET /projects", *texts):
        assert text in str(caught.value)
    assert len(script.sent) == 1


@pytest.mark.parametrize(("status", "message"), [(409, "conflict"), (400, "branch already exists; branch_name:x")])
def test_an_object_that_exists_is_a_conflict_of_creations_only(status: int, message: str) -> None:
    neon, _clock = client(Script(answer(status, refusal(message))))
    with pytest.raises(ConflictError):
        neon.call("POST", "/x")
    with pytest.raises(ProviderError) as caught:
        neon.call("DELETE", "/x")
    assert not isinstance(caught.value, ConflictError)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_refused(status: int) -> None:
    neon, _clock = client(Script(answer(status, b"", Location="https://elsewhere.test/")))
    with pytest.raises(ProviderError, match=f"redirect .HTTP {status}., which is not followed.*api_host"):
        neon.get("/x")


@pytest.mark.parametrize("raw", [b"<html>login</html>", b"", b"[1]", b"\xff\xfe", b'{"a": 1', b"[" * 100_000, b'{"a":' * 100_000])
def test_an_answer_that_is_no_json_object_is_refused(raw: bytes) -> None:
    neon, _clock = client(Script(answer(200, raw, Content_Type="text/html")))
    with pytest.raises(ProviderError, match="no complete JSON object, its content type is text/html"):
        neon.get("/x")


@pytest.mark.parametrize("reply", [answer(201, b'{"branch": {"id": "br-'), Answer(200, {}, b"")])
def test_json_that_breaks_off_after_a_change_is_a_lost_answer(reply: Answer) -> None:
    neon, _clock = client(Script(reply))
    with pytest.raises(LostAnswer, match="broken off"):
        neon.call("POST", "/x")


def test_no_content_is_an_empty_object() -> None:
    neon, _clock = client(Script(answer(204, b"")))
    assert neon.call("DELETE", "/x") == {}


def test_the_key_never_stands_in_an_error() -> None:
    neon, _clock = client(Script(answer(400, refusal(f"key {SECRET} is odd", SECRET))))
    with pytest.raises(ProviderError) as caught:
        neon.get("/x")
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.details)


@pytest.mark.parametrize(
    "words", ["dsn postgresql://o:npg_pw@h/d is odd", "psql 'postgres://o:npg_pw@h'", "host=h password='npg_pw' user=o", '{"password": "npg_pw"}']
)
def test_a_password_in_the_providers_words_never_stands_in_an_error(words: str) -> None:
    """Neon, or a gateway in between, may repeat what it was given."""
    neon, _clock = client(Script(answer(400, refusal(words, words))))
    with pytest.raises(ProviderError) as caught:
        neon.get("/x")
    assert "npg_pw" not in f"{caught.value} {caught.value.details!r}"
    assert "********" in str(caught.value)


def test_a_password_in_the_words_of_a_lost_connection_never_stands_in_an_error() -> None:
    neon, _clock = client(Script(TransportFailure(Failure.NOT_CONNECTED, "proxy http://me:npg_pw@proxy:3128 said no", passing=False)))
    with pytest.raises(UnreachableError) as caught:
        neon.get("/x")
    assert "npg_pw" not in f"{caught.value} {caught.value.details!r}"


@pytest.mark.parametrize("key", [None, "", "   "])
def test_no_key_is_said_clearly(key: str | None) -> None:
    with pytest.raises(AuthenticationError, match=r"there is no Neon API key.*Create one"):
        usable_key(key)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel", "tab\tkey", "napi_x\n", " napi_x"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(InputError, match="holds a space, a line end") as caught:
        usable_key(key)
    assert key.strip() not in str(caught.value)


def test_path_segments_are_quoted() -> None:
    assert path_of("projects", "p", "roles", "a/b ?#ü") == "/projects/p/roles/a%2Fb%20%3F%23%C3%BC"
