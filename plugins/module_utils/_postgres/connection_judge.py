# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a connection showed, held against what was expected, in words. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .connect_errors import REFUSALS, ConnectFailure

_TLS_ORDER = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

_VERIFIED = {
    "verify-full": "certificate and host name verified",
    "verify-ca": "certificate verified, host name not",
}

_ATTRIBUTES = ("superuser", "createdb", "createrole", "replication", "bypassrls")


@dataclasses.dataclass(frozen=True)
class RoleSeen:
    """The role that the connection runs as, as the server has it."""

    name: str
    superuser: bool
    createdb: bool
    createrole: bool
    replication: bool
    bypassrls: bool
    connection_limit: int
    member_of: tuple[str, ...]

    @property
    def held(self) -> list[str]:
        """The attributes of an administrator that it has."""
        return [name for name in _ATTRIBUTES if getattr(self, name)]


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a connection showed.

    :param ssl_mode: what the connection string asks for.
    :param pooled: whether a pooler stands in between.
    :param tls_protocol: None without TLS.
    """

    server_version: str
    server_major: int
    database: str
    pooled: bool
    ssl_mode: str
    tls_protocol: str | None
    tls_cipher: str | None
    max_connections: int
    superuser_reserved_connections: int
    reserved_connections: int
    role: RoleSeen
    settings: t.Mapping[str, str | None] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Expected:
    """What was declared; None (or an empty tuple) is not judged.

    :param refused: the server must answer and must not let this connection in.
    :param attributes: the attributes of an administrator that the role may have; an empty tuple allows none.
    """

    refused: bool = False
    ssl_mode: str | None = None
    min_tls: str | None = None
    server_major: int | None = None
    role: str | None = None
    database: str | None = None
    connection_limit: int | None = None
    not_member_of: tuple[str, ...] = ()
    attributes: tuple[str, ...] | None = None


def judge(outcome: Seen | ConnectFailure, expected: Expected) -> list[str]:
    """Return the findings, each in words; none if everything is as declared."""
    if isinstance(outcome, ConnectFailure):
        if not expected.refused:
            return [f"no connection: {outcome.words}"]
        if outcome.kind not in REFUSALS:
            return [f"it was to be refused by the server, but the server was not asked: {outcome.words}"]
        return []
    if expected.refused:
        return [f"it was to be refused, but it was let in as {outcome.role.name}"]
    findings: list[str] = []
    for what, want, have in (
        ("the server's major version", expected.server_major, outcome.server_major),
        ("the role", expected.role, outcome.role.name),
        ("the database", expected.database, outcome.database),
        ("the role's connection limit", expected.connection_limit, outcome.role.connection_limit),
        ("the sslmode asked for", expected.ssl_mode, outcome.ssl_mode),
    ):
        if want is not None and want != have:
            findings.append(f"{what} is {have}, declared is {want}")
    if expected.min_tls is not None:
        if outcome.tls_protocol is None:
            findings.append(f"the connection is not encrypted, declared is at least {expected.min_tls}")
        elif outcome.tls_protocol not in _TLS_ORDER or _TLS_ORDER.index(outcome.tls_protocol) < _TLS_ORDER.index(expected.min_tls):
            findings.append(f"the connection uses {outcome.tls_protocol}, declared is at least {expected.min_tls}")
    for name in expected.not_member_of:
        if name in outcome.role.member_of or outcome.role.superuser:
            held = "is a superuser" if outcome.role.superuser else f"is a member of {name}"
            findings.append(f"the role {outcome.role.name} {held}, which was ruled out")
    if expected.attributes is not None:
        surplus = [name for name in outcome.role.held if name not in expected.attributes]
        if surplus:
            findings.append(f"the role {outcome.role.name} has the attributes {', '.join(surplus)}, which were not declared")
    return findings


def describe(name: str, outcome: Seen | ConnectFailure, expected: Expected) -> str:
    """Return one sentence for people about what was seen."""
    if isinstance(outcome, ConnectFailure):
        return f"{name}: refused{' as declared' if expected.refused else ''} ({outcome.words})"
    role = outcome.role
    limit = "any" if role.connection_limit < 0 else str(role.connection_limit)
    held = role.held
    rights = "no superuser" if not held else "a role with " + ", ".join(held)
    memberships = f"member of {', '.join(role.member_of) or 'nothing'}"
    outside = [group for group in expected.not_member_of if group not in role.member_of]
    if outside:
        memberships += f", not of {', '.join(outside)}"
    parts = [
        f"{name}: PostgreSQL {outcome.server_version}{' through a pooler' if outcome.pooled else ''} as {role.name}, {_tls_words(outcome)}",
        f"may hold {limit} of {outcome.max_connections} connections{_reserved_words(outcome)}",
        f"{rights}, {memberships}",
    ]
    return "; ".join(parts)


def _reserved_words(seen: Seen) -> str:
    kept = ((seen.superuser_reserved_connections, "superusers"), (seen.reserved_connections, "pg_use_reserved_connections"))
    words = [f"{count} reserved for {whom}" for count, whom in kept if count]
    return f" ({', '.join(words)})" if words else ""


def _tls_words(seen: Seen) -> str:
    if seen.tls_protocol is None:
        return "not encrypted"
    return f"{seen.tls_protocol} ({seen.tls_cipher}), {_VERIFIED.get(seen.ssl_mode, 'server not verified')}"


def as_result(name: str, outcome: Seen | ConnectFailure, expected: Expected, findings: t.Sequence[str]) -> dict[str, t.Any]:
    """Return one connection for a task's result; the keys are the same whether it came about or not."""
    base: dict[str, t.Any] = {
        "name": name,
        "connected": isinstance(outcome, Seen),
        "refused": isinstance(outcome, ConnectFailure) and outcome.kind in REFUSALS,
        "reason": outcome.words if isinstance(outcome, ConnectFailure) else None,
        "findings": list(findings),
    }
    if isinstance(outcome, ConnectFailure):
        names = [field.name for field in dataclasses.fields(Seen) if not field.name.startswith("tls_")]
        return {**base, **dict.fromkeys(names), "tls": None, "settings": {}}
    facts = dataclasses.asdict(outcome)
    protocol, cipher = facts.pop("tls_protocol"), facts.pop("tls_cipher")
    facts["role"]["member_of"] = list(outcome.role.member_of)
    return {**base, **facts, "tls": {"in_use": protocol is not None, "protocol": protocol, "cipher": cipher}}
