# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Typed errors of the Neon API, with a hint for each that users are known to meet."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.errors import AuthenticationError, DbinfraError, NotFoundError, ProviderError, UnreachableError


class LostAnswer(UnreachableError):
    """A changing request was sent, and nobody knows whether it was carried out. Look before sending it again."""


class ConflictError(ProviderError):
    """The object exists already."""


class BusyError(ProviderError):
    """The provider was still busy, or asked for a longer pause than the deadline allows."""


@dataclasses.dataclass(frozen=True)
class Refusal:
    """An error answer of the API.

    :param request_id: the provider's id of the request, or ours if the provider sent none.
    """

    method: str
    path: str
    status: int
    code: str
    message: str
    request_id: str

    def where(self) -> str:
        """Return the request in words."""
        return f"Neon API, {self.method} {self.path}"

    def words(self) -> str:
        """Return what the provider said, in one line."""
        code = f", code {self.code}" if self.code else ""
        return f"HTTP {self.status}{code}: {self.message or 'no message'} (request id {self.request_id})"

    def details(self) -> dict[str, t.Any]:
        """Return the facts for the task's result."""
        return {"neon_error": {"status": self.status, "code": self.code, "message": self.message, "request_id": self.request_id}}


_QUOTA: t.Final = re.compile(r"exceeded the [\w ]*quota|QUOTA_EXCEEDED", re.IGNORECASE)


def is_quota(refusal: Refusal) -> bool:
    """Tell whether a refusal speaks of an exceeded quota. Neon answers 423 to the start of such a project's computes, and waiting is in vain.

    Source: the vendor's proxy, which reads LOCKED as an exceeded quota unless it is told otherwise.
    """
    return refusal.status == 423 and _QUOTA.search(f"{refusal.code} {refusal.message}") is not None


# Matched against "<code> <message>"; the first that fits is used. Limits differ by plan and change, so no number stands here.
_HINTS: t.Final[tuple[tuple[str, str], ...]] = (
    (r"PROJECTS_LIMIT_EXCEEDED|projects? limit", "The plan allows no more projects: delete one in the console or choose a larger plan"),
    (r"BRANCHES_LIMIT_EXCEEDED|branch(es)? limit", "The plan allows no more branches: delete one or choose a larger plan"),
    (
        r"SNAPSHOTS?_LIMIT|snapshots? limit|limit.{0,40}snapshot|too many snapshots",
        "The plan allows no more snapshots: delete one, or let one expire",
    ),
    (r"history retention", "The plan allows less history: lower history_retention_seconds or choose a larger plan"),
    (r"allowed_ips|ip allow", "The allowlist needs a plan with IP Allow, and cannot be combined with the Data API"),
    (r"maintenance_window|maintenance window", "A maintenance window of one's own needs a paid plan"),
    (r"hipaa", "HIPAA needs a plan that offers it, and a signed agreement with Neon"),
    (
        _QUOTA.pattern,
        "Raise the quota (option quota of neon_project) or the plan, or wait for the next billing period; until then no compute starts",
    ),
    (r"org_id", "A personal API key needs the option org_id; an organization's key infers it"),
    (
        r"protected",
        "Protected branches need a paid plan, and a protected branch must be unprotected (protected: false) before it is deleted",
    ),
    (r"compute.*limit|autoscaling|compute unit", "Check min_cu and max_cu against the sizes that the plan offers"),
    (r"suspend", "The plan limits suspend_timeout_seconds"),
    (r"region", "Check region_id against the regions that the organization may use"),
    (r"pg_version", "Check pg_version against the major versions that the region offers"),
    (r"password", "The project does not store passwords (store_passwords is false), so they cannot be revealed"),
)


def hint(code: str, message: str) -> str | None:
    """Return what a user can do about a known refusal, or None."""
    text = f"{code} {message}"
    for pattern, advice in _HINTS:
        if re.search(pattern, text, re.IGNORECASE):
            return advice
    return None


def refusal_error(refusal: Refusal) -> DbinfraError:
    """Return the typed error for an answer with a status of 400 or more that will not be tried again."""
    where, said, details = refusal.where(), refusal.words(), refusal.details()
    if refusal.status == 401:
        return AuthenticationError(
            "Neon does not accept the API key",
            where=where,
            why=said,
            remedy="Check the option api_key (environment variable NEON_API_KEY): is it complete, still valid, and of the account behind api_host?",
            details=details,
        )
    if refusal.status == 403:
        return AuthenticationError(
            "the API key may not do this",
            where=where,
            why=said,
            remedy=(
                hint(refusal.code, refusal.message)
                or "Use a key with the right to do it; a project-scoped key can neither create projects nor delete its own"
            ),
            details=details,
        )
    if refusal.status == 404:
        return NotFoundError(
            "Neon does not know this object, or the API key may not see it",
            where=where,
            why=said,
            remedy="Check the ids and names, and that the API key belongs to the right account or organization",
            details=details,
        )
    # The status of "already exists" is not documented, hence the text as well; a 409 to anything but a creation is another conflict.
    if refusal.method == "POST" and (refusal.status == 409 or re.search(r"already exists", refusal.message, re.IGNORECASE)):
        return ConflictError("the object exists already", where=where, why=said, remedy="Run again", details=details)
    return ProviderError(
        "Neon refused the request",
        where=where,
        why=said,
        remedy=hint(refusal.code, refusal.message) or "Correct what the provider names, or quote the request id to Neon's support",
        details=details,
    )
