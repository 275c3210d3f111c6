# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a test asks for: wrong statuses, odd bodies, connections cut before or after the work was done."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

FIELDS = {
    "method": str,
    "path_regex": str,
    "times": int,
    "status": int,
    "retry_after": (int, str),
    "body": (dict, list, str),
    "drop_before": bool,
    "drop_after": bool,
}


@dataclass
class Fault:
    """One rule.

    :param method: HTTP method it applies to; empty means any.
    :param path_regex: searched in the path below the API's base path.
    :param times: how many more requests it hits; negative means until removed.
    :param status: answer with this status instead of doing the work; 0 means no own answer.
    :param retry_after: value of the ``Retry-After`` header of that answer.
    :param body: body of that answer: JSON for an object or list, sent as ``text/html`` for a string. None gives the provider's error body.
    :param drop_before: cut the connection without doing the work.
    :param drop_after: do the work, then cut the connection instead of answering.
    """

    method: str = ""
    path_regex: str = ""
    times: int = 1
    status: int = 0
    retry_after: int | str | None = None
    body: Any = None
    drop_before: bool = False
    drop_after: bool = False

    def describe(self) -> str:
        """Short name for the request log."""
        return "drop_before" if self.drop_before else "drop_after" if self.drop_after else f"status {self.status}"


def parse_fault(data: Any) -> Fault:
    """Check and build one rule.

    :raises ValueError: naming the field that is wrong.
    """
    if not isinstance(data, dict):
        raise ValueError("a fault is an object")
    for name, value in data.items():
        if name not in FIELDS:
            raise ValueError(f"unknown field {name}; known: {', '.join(FIELDS)}")
        if not isinstance(value, FIELDS[name]):
            raise ValueError(f"field {name} has the wrong type")
    fault = Fault(**data)
    if sum((bool(fault.status), fault.drop_before, fault.drop_after)) != 1:
        raise ValueError("a fault has exactly one of status, drop_before, drop_after")
    if fault.status and not 200 <= fault.status <= 599:
        raise ValueError("status is 200 to 599")
    try:
        re.compile(fault.path_regex)
    except re.error as error:
        raise ValueError(f"path_regex is no regular expression: {error}") from error
    return fault


@dataclass
class FaultSwitch:
    """The rules in force, first match wins."""

    faults: list[Fault] = field(default_factory=list)

    def take(self, method: str, path: str) -> Fault | None:
        """The rule that hits this request, counted down; None if none does."""
        for fault in self.faults:
            if fault.times and fault.method.upper() in ("", method.upper()) and re.search(fault.path_regex, path):
                if fault.times > 0:
                    fault.times -= 1
                return fault
        return None
