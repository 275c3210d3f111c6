# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Neon API: requests with Neon's retry rules, answers as JSON objects, failures as typed errors."""

from __future__ import annotations

import json
import random
import typing as t
import urllib.parse
import uuid

from .._core.errors import AuthenticationError, DbinfraError, InputError, ProviderError, UnreachableError
from .._core.masking import MASK, masked
from .address import base_address
from .deadline import Clock, Deadline, SystemClock
from .failures import BusyError, LostAnswer, Refusal, is_quota, refusal_error
from .ids import Given, explain_ids
from .retry import (
    BUSY_STATUSES,
    GATEWAY_STATUSES,
    SAFE_METHODS,
    UNAVAILABLE_STATUS,
    UNDECIDED_STATUSES,
    backoff,
    pause_before_retry,
    retry_after,
)
from .transport import Answer, Failure, RequestsTransport, Transport, TransportFailure

USER_AGENT: t.Final = "dbinfra.postgres (Ansible collection)"
# A server that cannot be reached at all is reported after this many seconds, even if the task's deadline is far away.
UNREACHABLE_AFTER: t.Final = 30.0

Query = t.Mapping[str, t.Any]


class NeonClient:
    """Talks to one Neon API with one key until one deadline.

    :param base: the base address without a slash at its end.
    :param deadline: nothing is tried or waited for after it.
    :param jitter: returns a random number in [0, 1).
    :param hidden: texts that must never stand in an error (the key).
    :param given: the ids that a user has given; a refusal of one of them names its option.
    """

    def __init__(
        self,
        base: str,
        transport: Transport,
        deadline: Deadline,
        *,
        jitter: t.Callable[[], float] = random.random,
        hidden: t.Collection[str] = (),
        given: t.Iterable[Given] = (),
    ) -> None:
        self.base = base
        self.deadline = deadline
        self._transport = transport
        self._jitter = jitter
        self._hidden = tuple(text for text in hidden if text)
        self._given = tuple(given)

    def get(self, path: str, query: Query | None = None) -> dict[str, t.Any]:
        """Read; see :meth:`call`."""
        return self.call("GET", path, query=query)

    def call(
        self, method: str, path: str, *, query: Query | None = None, body: t.Any = None, unless: t.Callable[[], bool] | None = None
    ) -> dict[str, t.Any]:
        """Send a request, again if the rules allow it, and return the JSON object of the answer (empty for 204).

        :param path: below the base address, made by :func:`path_of`.
        :param unless: looks whether the work was done after all. It is asked before a request is repeated after a 503: Neon says that nothing was
            done then, yet what a gateway says is not Neon's word, and of an object whose name is not unique a second one would be made.
        :raises LostAnswer: a changing request was sent and its outcome is unknown.
        :raises BusyError: 423, 429 or 503 until the deadline.
        :raises UnreachableError: no connection, no trusted TLS, no answer.
        :raises AuthenticationError, NotFoundError, ConflictError, ProviderError: the provider's refusals.
        """
        clock = self.deadline.clock
        attempt = 0
        down_since: float | None = None
        while True:
            attempt += 1
            request_id = str(uuid.uuid4())
            if self.deadline.over():
                raise self._late(method, path)
            try:
                answer = self._transport.send(
                    method,
                    self.base + path,
                    query=_plain_query(query or {}),
                    body=body,
                    headers={"X-Request-ID": request_id},
                    seconds=max(self.deadline.remaining(), 0.001),
                )
            except TransportFailure as failure:
                now = clock.monotonic()
                down_since = now if down_since is None else down_since
                pause = backoff(attempt, self._jitter())
                patient = now + pause - down_since < UNREACHABLE_AFTER and self.deadline.allows(pause)
                if method not in SAFE_METHODS or not failure.passing or not patient:
                    raise self._unanswered(method, path, failure, request_id) from None
                clock.sleep(pause)
                continue
            down_since = None
            if answer.status in BUSY_STATUSES:
                refusal = self._refusal(method, path, answer, request_id)
                if is_quota(refusal):
                    raise refusal_error(refusal)
                self._wait_while_busy(refusal, answer, attempt)
                if answer.status == UNAVAILABLE_STATUS and unless is not None and unless():
                    raise self._done_after_all(refusal)
                continue
            if answer.status in GATEWAY_STATUSES and method in SAFE_METHODS:
                pause = backoff(attempt, self._jitter())
                if attempt < _GATEWAY_ATTEMPTS and self.deadline.allows(pause):
                    clock.sleep(pause)
                    continue
            return self._content(method, path, query or {}, answer, request_id)

    def pause(self, seconds: float) -> bool:
        """Wait, unless the deadline would be over then; tell whether there is time left."""
        if not self.deadline.allows(seconds):
            return False
        self.deadline.clock.sleep(seconds)
        return True

    def _wait_while_busy(self, refusal: Refusal, answer: Answer, attempt: int) -> None:
        asked = retry_after(answer.headers.get("Retry-After"), date=answer.headers.get("Date"), now=self.deadline.clock.now())
        pause = pause_before_retry(asked, attempt, self._jitter())
        if self.deadline.allows(pause):
            self.deadline.clock.sleep(pause)
            return
        what = {
            423: "the project is still busy with other work",
            429: "Neon limits the rate of requests",
            503: "Neon is not available at the moment",
        }[refusal.status]
        if asked is not None and asked >= self.deadline.remaining():
            what += f", and asks to wait {asked:.0f} s while {self.deadline.remaining():.0f} s of the deadline are left"
        raise BusyError(
            what,
            where=refusal.where(),
            why=refusal.words(),
            remedy=f"Run again later, or raise the option timeout ({self.deadline.seconds:.0f} s)",
            details=refusal.details(),
        )

    def _done_after_all(self, refusal: Refusal) -> LostAnswer:
        return LostAnswer(
            "Neon said that it was not available, and what was to be made is there",
            where=refusal.where(),
            why=refusal.words(),
            remedy="Run again: what exists then is adopted by its exact name",
            details=refusal.details(),
        )

    def _unanswered(self, method: str, path: str, failure: TransportFailure, request_id: str) -> DbinfraError:
        where = f"Neon API, {method} {path}"
        host = urllib.parse.urlsplit(self.base).netloc
        cause = self._scrub(failure.reason)
        reason = cause[:1].upper() + cause[1:]
        details = {"neon_error": {"status": None, "code": "", "message": cause, "request_id": request_id}}
        if failure.kind is Failure.UNKNOWN_HOST:
            return UnreachableError(
                f"the host {host} is unknown",
                where=where,
                why=reason,
                remedy="Check the option api_host (environment variable NEON_API_HOST) and this machine's name resolution",
                details=details,
            )
        if failure.kind is Failure.TLS:
            return UnreachableError(
                f"no trusted TLS connection to {host}",
                where=where,
                why=reason,
                remedy="Check api_host; if a proxy of yours ends TLS, name its CA file in the environment variable REQUESTS_CA_BUNDLE",
                details=details,
            )
        if not failure.sent:
            return UnreachableError(
                f"{host} cannot be reached",
                where=where,
                why=reason,
                remedy=(
                    "Check the option api_host (environment variable NEON_API_HOST), the network and the proxy settings; "
                    "nothing was changed by this request"
                ),
                details=details,
            )
        if method in SAFE_METHODS:
            return UnreachableError(
                f"{host} gave no complete answer",
                where=where,
                why=f"{reason} (request id {request_id})",
                remedy="Run again, or raise the option timeout",
                details=details,
            )
        return LostAnswer(
            f"{host} gave no complete answer to a change",
            where=where,
            why=f"{reason} (request id {request_id}); nobody knows whether Neon carried it out",
            remedy="Run again: what exists then is adopted by its exact name",
            details=details,
        )

    def _late(self, method: str, path: str) -> UnreachableError:
        return UnreachableError(
            f"the deadline of {self.deadline.seconds:.0f} s is over before this request could be sent",
            where=f"Neon API, {method} {path}",
            remedy="Run again, or raise the option timeout",
        )

    def _content(self, method: str, path: str, query: Query, answer: Answer, request_id: str) -> dict[str, t.Any]:
        where = f"Neon API, {method} {path}"
        if 300 <= answer.status < 400:
            raise ProviderError(
                f"the answer is a redirect (HTTP {answer.status}), which is not followed",
                where=where,
                why="The API key must not be sent to another address than api_host",
                remedy="Check the option api_host (environment variable NEON_API_HOST); for Neon it is https://console.neon.tech/api/v2",
            )
        if answer.status >= 400:
            refusal = self._refusal(method, path, answer, request_id)
            if refusal.status in UNDECIDED_STATUSES and method not in SAFE_METHODS:
                raise LostAnswer(
                    "Neon failed while it carried out a change",
                    where=where,
                    why=f"{refusal.words()}; nobody knows how far it came",
                    remedy="Run again: what exists then is adopted by its exact name",
                    details=refusal.details(),
                )
            error = refusal_error(refusal)
            explain_ids(error, refusal, query, self._given)
            raise error
        if answer.status == 204:
            return {}
        content = _json_object(answer.body)
        if content is None:
            kind = answer.headers.get("Content-Type", "none")
            if ("json" in kind or not answer.body) and method not in SAFE_METHODS:
                raise self._unanswered(method, path, TransportFailure(Failure.LOST, "the JSON of the answer is broken off"), request_id)
            raise ProviderError(
                f"the answer (HTTP {answer.status}) is no complete JSON object, its content type is {self._scrub(kind)}",
                where=where,
                why="Something else than Neon's API answered, or the answer was cut off",
                remedy="Check the option api_host (environment variable NEON_API_HOST) and any proxy in between",
            )
        return content

    def _refusal(self, method: str, path: str, answer: Answer, request_id: str) -> Refusal:
        content = _json_object(answer.body) or {}

        def text(key: str) -> str:
            value = content.get(key)
            return self._scrub(value) if isinstance(value, str) else ""

        return Refusal(
            method=method,
            path=path,
            status=answer.status,
            code=text("code"),
            message=text("message"),
            request_id=text("request_id") or request_id,
        )

    def _scrub(self, text: str) -> str:
        for secret in self._hidden:
            text = text.replace(secret, MASK)
        return masked(text)


# Attempts for a read that a gateway answers with 502 or 504.
_GATEWAY_ATTEMPTS: t.Final = 5


#: A task that waits for more than a day waits for nothing; far more than that is a moment that no clock knows.
LONGEST_TIMEOUT: t.Final = 86400


def open_client(
    api_host: str | None,
    api_key: str | None,
    timeout: int,
    *,
    given: t.Iterable[Given] = (),
    clock: Clock | None = None,
    jitter: t.Callable[[], float] = random.random,
) -> NeonClient:
    """Return a client for the common options of all Neon modules; nothing is sent yet.

    :param timeout: seconds for everything that is done with this client.
    :param given: the ids that a user has given, see :class:`NeonClient`.
    :raises InputError: if an option is unusable.
    :raises AuthenticationError: if there is no key.
    """
    key = usable_key(api_key)
    if not 0 < timeout <= LONGEST_TIMEOUT:
        raise InputError(
            f"{timeout} is no usable number of seconds",
            where="option timeout",
            remedy=f"Give a number above 0, for example 300, and at most {LONGEST_TIMEOUT}, a day",
        )
    base, local = base_address(api_host)
    return NeonClient(
        base,
        RequestsTransport(key, USER_AGENT, local=local),
        Deadline(timeout, clock or SystemClock()),
        jitter=jitter,
        hidden=(key,),
        given=given,
    )


def usable_key(api_key: str | None) -> str:
    """Return the key.

    :raises AuthenticationError: if there is none.
    :raises InputError: if it cannot be one. Nothing of it is shown.
    """
    where = "option api_key (environment variable NEON_API_KEY)"
    if not api_key or not api_key.strip():
        raise AuthenticationError(
            "there is no Neon API key",
            where=where,
            remedy="Create one in the Neon console (account or organization settings, API keys) and set it",
        )
    # Also around it: Ansible masks the text that it was given, and would not know the key without the line end.
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise InputError(
            "the API key holds a space, a line end or a character outside ASCII",
            where=where,
            why="No key does, and it could not stand in an HTTP header",
            remedy="Copy the key again, without anything around it",
        )
    return api_key


def path_of(*segments: str) -> str:
    """Return a path below the base address; every segment is quoted, names may hold any character."""
    return "".join("/" + urllib.parse.quote(segment, safe="") for segment in segments)


def _plain_query(query: Query) -> dict[str, str]:
    return {key: ("true" if value else "false") if isinstance(value, bool) else str(value) for key, value in query.items() if value is not None}


def _json_object(body: bytes) -> dict[str, t.Any] | None:
    try:
        content = json.loads(body)
    # Deeper than the parser goes: nothing that Neon sends.
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
