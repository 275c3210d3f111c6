# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The typed errors of the collection.

Everything below the runner raises one of these and nothing else that a user may meet. The text has four parts, always in this
order: what went wrong, where, why, and what to do next. Only the shared runner turns an error into a failed task.
"""

from __future__ import annotations

import typing as t

from .masking import masked


class DbinfraError(Exception):
    """An error that a user can act upon.

    :param what: what went wrong, a sentence without a full stop.
    :param where: the option, variable or object (for example ``option pg_version of neon_project``).
    :param why: the reason, if it is not obvious from ``what``.
    :param remedy: what to do next.
    :param details: facts for machines; they become keys of the failed task's result and must not hold secrets.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        why: str | None = None,
        remedy: str | None = None,
        details: t.Mapping[str, t.Any] | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.why = why
        self.remedy = remedy
        self.details: dict[str, t.Any] = dict(details or {})
        super().__init__(self.message())

    def message(self) -> str:
        """Return the four parts as one line of text, without the passwords of connection strings that somebody else's words repeat."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        parts = [_sentence(part) for part in (head, self.why, self.remedy) if part]
        return masked(" ".join(parts))


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else text + "."


class InputError(DbinfraError):
    """The declaration is wrong; nothing was touched."""


class NotFoundError(DbinfraError):
    """An object that must exist does not."""


class AmbiguousError(DbinfraError):
    """A name fits more than one object."""


class ImmutableError(DbinfraError):
    """The declaration differs from the object in something that cannot be changed after creation."""


class ConfirmationError(DbinfraError):
    """A destructive change was not confirmed by the exact name."""


class AuthenticationError(DbinfraError):
    """The provider or server refused the credentials, or there are none."""


class UnreachableError(DbinfraError):
    """No (complete) answer came from the provider or server within the deadline."""


class ProviderError(DbinfraError):
    """The provider answered with an error, or with something that is not its documented answer."""


class ServerError(DbinfraError):
    """PostgreSQL refused a statement."""


class NotConvergedError(DbinfraError):
    """After the changes the object still differs from the declaration."""
