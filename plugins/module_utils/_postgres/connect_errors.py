# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failed connection means. Pure: works on the text that libpq gives.

libpq reports a failed start-up as text only, without SQLSTATE; the transport asks for it in the C locale. Servers with translated
messages fall through to ``unknown``, and their own words are shown.
"""

from __future__ import annotations

import dataclasses
import re

from .._core.errors import AuthenticationError, DbinfraError, InputError, NotFoundError, ServerError, UnreachableError

#: Kind -> pattern. The first one that matches wins: with several addresses of a host libpq strings all answers together, and the
#: server's own answer says more than a refused address.
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("too_many_for_role", r"too many connections for role"),
    ("too_many_for_database", r"too many connections for database"),
    ("slots_reserved", r"remaining connection slots are reserved"),
    ("too_many_clients", r"sorry, too many clients already|no more connections allowed"),
    ("no_connect_privilege", r"permission denied for database"),
    ("no_login", r"is not permitted to log in"),
    ("password", r"password authentication failed|SASL authentication failed|no such user|no password supplied|empty password returned"),
    ("no_rule", r"no pg_hba\.conf entry|pg_hba\.conf rejects"),
    ("role_missing", r'role "[^"]*" does not exist'),
    ("database_missing", r'database "[^"]*" does not exist|no such database'),
    ("endpoint_missing", r"endpoint could not be found|Endpoint ID is not specified"),
    ("starting", r"the database system is (?:starting up|shutting down|in recovery mode|not (?:yet )?accepting connections)"),
    ("tls_host_name", r"does not match host name"),
    ("tls_no_ca_file", r"root certificate file .* does not exist|could not read root certificate file"),
    ("tls_certificate", r"certificate verify failed|unknown ca|self.signed certificate"),
    ("tls_refused", r"server does not support SSL"),
    ("tls_protocol", r"protocol version|unsupported protocol|no shared cipher|handshake failure|SSL error"),
    ("dns", r"could not translate host name"),
    ("timeout", r"timeout expired"),
    ("unreachable", r"Connection refused|No route to host|Network is unreachable|Connection timed out|No such file or directory"),
    ("unreachable", r"server closed the connection|SSL SYSCALL|could not receive data|Connection reset"),
)

#: The server checks these after the password: who meets them has given the right one. ("sorry, too many clients already" comes before.)
AFTER_AUTHENTICATION = frozenset(
    {"too_many_for_role", "too_many_for_database", "slots_reserved", "no_connect_privilege", "database_missing", "no_login"}
)

#: What to do about a password that is not accepted, by provider. On Neon the password of a role can be had from the API, and a change in
#: SQL should reach it there; where the two differ, a reset is what makes them equal.
_PASSWORD_REMEDIES = {
    "neon": (
        "Check which branch the password belongs to. If it is the one that Neon itself keeps for {user} on this branch, as in site.yml, somebody has "
        "changed it in SQL without Neon: reset that role's password in the Neon console (Roles & Databases of the branch) or through its API "
        "(reset_password), then run again"
    )
}

#: The server has answered and does not let this one in. What was not reached has refused nothing.
REFUSALS = frozenset({"password", "no_rule", "role_missing", "no_login", "no_connect_privilege", "database_missing", "endpoint_missing"})


@dataclasses.dataclass(frozen=True)
class ConnectFailure:
    """Why a connection did not come about.

    :param kind: one of the kinds of this file, or ``unknown``.
    :param words: the decisive line of libpq's text. It never holds a password.
    """

    kind: str
    words: str


def classify(text: str) -> ConnectFailure:
    """Find out what libpq's text means."""
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]
    for kind, pattern in _PATTERNS:
        for line in lines:
            if re.search(pattern, line):
                return ConnectFailure(kind, _words(line))
    return ConnectFailure("unknown", _words(lines[0]) if lines else "no reason given")


def _words(line: str) -> str:
    line = re.sub(r"^(?:could not connect to server: )?connection to server (?:at|on socket) .*? failed: ", "", line)
    return re.sub(r"^(?:FATAL|ERROR): *", "", line)


def connect_error(
    failure: ConnectFailure, *, where: str, user: str, host: str, database: str, ssl_mode: str, ca_cert: str | None, provider: str = ""
) -> DbinfraError:
    """Return the typed error for a failed connection: what, where, why, and what to do.

    :param where: the connection in words, without the password.
    :param provider: who runs the server, as far as that changes what can be done.
    """
    kind, words = failure.kind, failure.words
    details = {"connect_failure": kind}
    place = f"PostgreSQL at {where}"
    if kind == "password":
        return AuthenticationError(
            f"the password of {user} was not accepted",
            where=place,
            why=words,
            remedy=_PASSWORD_REMEDIES.get(provider, "Check which branch or server the password belongs to").format(user=user),
            details=details,
        )
    if kind in ("role_missing", "no_login"):
        return AuthenticationError(f"{user} cannot log in", where=place, why=words, remedy="Create the role, or let it log in", details=details)
    if kind == "no_rule":
        return AuthenticationError(
            "the server lets nobody in this way",
            where=place,
            why=words,
            remedy="Allow user, database, address and TLS in pg_hba.conf",
            details=details,
        )
    if kind == "no_connect_privilege":
        return AuthenticationError(f"{user} lacks the CONNECT privilege", where=place, why=words, remedy="Grant it as the owner", details=details)
    if kind in ("database_missing", "endpoint_missing"):
        subject = f"the database {database}" if kind == "database_missing" else f"the endpoint of {host}"
        return NotFoundError(f"{subject} does not exist", where=place, why=words, remedy="Check the name, or create it first", details=details)
    if kind.startswith("too_many") or kind == "slots_reserved":
        return ServerError(
            "no connection is free", where=place, why=words, remedy="Close idle sessions, or raise the limit that the server names", details=details
        )
    if kind == "starting":
        return UnreachableError(
            "the server takes no connections at the moment", where=place, why=words, remedy="Run again in a few seconds", details=details
        )
    if kind == "tls_refused":
        return UnreachableError(
            f"the server offers no TLS, but ssl_mode is {ssl_mode}",
            where=place,
            why=words,
            remedy="Switch TLS on at the server (ssl = on)",
            details=details,
        )
    if kind == "tls_host_name":
        return UnreachableError(
            f"the server's certificate is not for {host}",
            where=place,
            why=words,
            remedy="Connect by a name that the certificate holds",
            details=details,
        )
    if kind == "tls_no_ca_file":
        return InputError(
            f"ssl_mode {ssl_mode} needs a readable file with CA certificates",
            where="option login.ca_cert",
            why=words,
            remedy="Name an existing file, for example /etc/ssl/certs/ca-certificates.crt",
            details=details,
        )
    if kind == "tls_certificate":
        return UnreachableError(
            "the server's certificate could not be verified",
            where=place,
            why=f"{words}; the certificates in {ca_cert or 'the default CA file of libpq'} did not sign it",
            remedy="Name the file with the right CA (in an inventory: db_tls_ca_file, which follows PGSSLROOTCERT)",
            details=details,
        )
    if kind == "tls_protocol":
        return UnreachableError(
            "no TLS connection came about", where=place, why=words, remedy="Compare the TLS versions of both sides", details=details
        )
    if kind == "dns":
        return UnreachableError(
            f"the host name {host} does not resolve", where=place, why=words, remedy="Check the name and the resolver", details=details
        )
    if kind == "timeout":
        return UnreachableError(
            "no answer in time", where=place, why=words, remedy="Check address, port and allowlists, or raise connect_timeout", details=details
        )
    if kind == "unreachable":
        return UnreachableError(
            "the server cannot be reached", where=place, why=words, remedy="Check address, port and that the server runs", details=details
        )
    return UnreachableError("the connection failed", where=place, why=words, remedy="Look into the server's log", details=details)
