# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an emulator remembers about the exchanges it had."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class RequestRecord:
    """One exchange. Bodies are not kept: they carry passwords.

    :param template: the contract's path template, or the path when nothing matches.
    :param seconds: time until the answer was ready.
    :param fault: the injected fault that shaped the answer, if any.
    """

    method: str
    template: str
    path: str
    query: dict[str, str]
    status: int
    seconds: float
    fault: str = ""


@dataclass(frozen=True)
class Violation:
    """One breach of the contract.

    :param side: ``request`` (the client's fault), ``response`` or ``emulator`` (the emulator's own).
    :param messages: what is wrong, one line each.
    """

    side: str
    method: str
    template: str
    messages: list[str]


@dataclass
class Records:
    """Request log and violations of one emulator."""

    requests: deque[RequestRecord] = field(default_factory=lambda: deque(maxlen=20_000))
    violations: list[Violation] = field(default_factory=list)

    def requests_as_data(self) -> list[dict[str, Any]]:
        """The request log, oldest first."""
        return [asdict(record) for record in self.requests]

    def violations_as_data(self) -> list[dict[str, Any]]:
        """All violations, oldest first."""
        return [asdict(violation) for violation in self.violations]
