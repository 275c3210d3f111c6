# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mark that roles of this collection carry: the environment and the server they were made for, kept in the role's comment.

A branch or a restored backup brings the other environment's roles along, passwords included; the mark tells them apart. Pure.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

_MARK = re.compile(r"\[dbinfra\.postgres environment=(?P<environment>\S+) server=(?P<server>\S+)\]")

#: What the marks have in common, for a LIKE that finds them.
MARK_PREFIX = "[dbinfra.postgres environment="


#: The identity of a server that only a prediction speaks of. No mark can hold it, for it has a blank.
_NOT_MADE_YET = "not made yet"


@dataclasses.dataclass(frozen=True)
class Mark:
    """For whom a role was made.

    :param environment: the name of the environment, without blanks.
    :param server: the identity of the server, see :func:`server_identity`.
    """

    environment: str
    server: str

    def text(self) -> str:
        """Return the mark as it stands in a comment."""
        return f"[dbinfra.postgres environment={self.environment} server={self.server}]"


def server_identity(login: t.Mapping[str, t.Any]) -> str:
    """Return what tells one server from a copy of it: the branch on Neon, else host and port.

    :param login: the ``connection`` that the provider's modules return.
    """
    if login.get("exists") is False:
        return _NOT_MADE_YET
    branch = login.get("branch_id")
    if branch:
        return f"branch:{branch}"
    return f"host:{login.get('login_host') or 'socket'}:{login.get('login_port') or 5432}"


def read_mark(comment: str | None) -> Mark | None:
    """Return the mark in a role's comment, or None."""
    found = _MARK.search(comment or "")
    return Mark(found["environment"], found["server"]) if found else None


def write_mark(comment: str | None, mark: Mark) -> str:
    """Return the comment with the mark in it; other people's words stay."""
    rest = _MARK.sub("", comment or "").strip()
    return f"{rest} {mark.text()}".strip()
