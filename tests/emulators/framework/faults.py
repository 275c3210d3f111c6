# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a test asks for: wrong statuses, odd or broken bodies, slow answers, connections cut before or after the work was done.

A rule says what goes wrong, for which requests, and how often: a number of times, or for seconds of the emulator's clock; from the n-th request
on; always or with a probability that a seed makes repeatable.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

CUTS = ("length", "connection")
NUMBER = (int, float)
FIELDS: dict[str, type | tuple[type, ...]] = {
    "method": str,
    "path_regex": str,
    "times": int,
    "seconds": NUMBER,
    "skip": int,
    "probability": NUMBER,
    "seed": int,
    "status": int,
    "after_work": bool,
    "retry_after": (int, str),
    "retry_after_date_in": NUMBER,
    "body": (dict, list, str),
    "drop_before": bool,
    "drop_after": bool,
    "cut": str,
    "drip_bytes": int,
    "drip_pause": NUMBER,
    "delay": NUMBER,
}


@dataclass
class Fault:
    """One rule.

    Which requests:

    :param method: HTTP method it applies to; empty means any.
    :param path_regex: searched in the path below the API's base path.
    :param times: how many more requests it hits; negative means until removed or over. 1 unless ``seconds`` is given.
    :param seconds: how long it is in force, in seconds of the emulator's clock from the moment it was added; None means as long as ``times`` says.
    :param skip: how many matching requests pass before it begins; counted down.
    :param probability: chance that it hits a matching request, above 0 to 1.
    :param seed: makes the chance repeatable: the n-th request of one operation is hit or not whatever other operations were called in between.

    What happens:

    :param status: answer with this status instead of doing the work; 0 means no own answer.
    :param after_work: do the work before answering with ``status``, as a service that fails after it has committed.
    :param retry_after: value of the ``Retry-After`` header of that answer: seconds, or any text, for instance an HTTP date.
    :param retry_after_date_in: the header is the HTTP date so many seconds from now (wall clock, rounded up: the client compares with its own).
    :param body: body of that answer: JSON for an object or list, sent as ``text/html`` for a string. None gives the provider's error body.
    :param drop_before: cut the connection without doing the work.
    :param drop_after: do the work, then cut the connection instead of answering.
    :param cut: do the work, send the first half of the answer's body. ``length``: with the half's own Content-Length, so that only the JSON is
        broken; ``connection``: with the whole body's Content-Length, then the connection ends.
    :param drip_bytes: do the work, send the answer's body so many bytes at a time.
    :param drip_pause: wall-clock seconds between two such pieces.
    :param delay: wall-clock seconds to wait after the work and before the answer; alone or with any of the others.

    What was:

    :param until: clock reading at which it is over.
    :param hits: how many requests it has hit.
    """

    method: str = ""
    path_regex: str = ""
    times: int = 1
    seconds: float | None = None
    skip: int = 0
    probability: float = 1.0
    seed: int | None = None
    status: int = 0
    after_work: bool = False
    retry_after: int | str | None = None
    retry_after_date_in: float | None = None
    body: Any = None
    drop_before: bool = False
    drop_after: bool = False
    cut: str = ""
    drip_bytes: int = 0
    drip_pause: float = 0.05
    delay: float = 0.0
    until: float | None = None
    hits: int = 0
    _drawn: Counter[str] = field(default_factory=Counter, repr=False)

    def describe(self) -> str:
        """Short name for the request log."""
        names = [name for name in ("drop_before", "drop_after") if getattr(self, name)]
        if self.status:
            names.append(f"status {self.status}" + (" after_work" if self.after_work else ""))
        if self.cut:
            names.append(f"cut {self.cut}")
        if self.drip_bytes:
            names.append("drip")
        return ", ".join(names + (["delay"] if self.delay else []))

    @property
    def skips_work(self) -> bool:
        """Whether the request is not carried out."""
        return self.drop_before or (bool(self.status) and not self.after_work)

    def as_data(self) -> dict[str, Any]:
        """The rule as JSON."""
        return {name: getattr(self, name) for name in (*FIELDS, "until", "hits")}

    def hit(self, method: str, path: str, operation: str, now: float) -> bool:
        """Whether the rule hits this request; it is counted if it matches.

        :param operation: what all calls of one operation have in common (its path template).
        :param now: the emulator's clock.
        """
        over = not self.times or (self.until is not None and now >= self.until)
        if over or self.method.upper() not in ("", method.upper()) or not re.search(self.path_regex, path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.probability < 1 and not self._chance(f"{method.upper()} {operation}"):
            return False
        if self.times > 0:
            self.times -= 1
        self.hits += 1
        return True

    def _chance(self, operation: str) -> bool:
        # One sequence for each operation: how often a client polls one of them does not shift the others.
        self._drawn[operation] += 1
        # Not for secrets: repeatable is what it has to be.
        return random.Random(f"{self.seed} {operation} {self._drawn[operation]}").random() < self.probability


def parse_fault(data: Any, now: float = 0.0) -> Fault:
    """Check and build one rule.

    :param now: the emulator's clock; ``seconds`` count from there.
    :raises ValueError: naming the field that is wrong.
    """
    if not isinstance(data, dict):
        raise ValueError("a fault is an object")
    for name, value in data.items():
        if name not in FIELDS:
            raise ValueError(f"unknown field {name}; known: {', '.join(FIELDS)}")
        if not isinstance(value, FIELDS[name]) or (isinstance(value, bool) and FIELDS[name] is not bool):
            raise ValueError(f"field {name} has the wrong type")
    fault = Fault(**data)
    for wrong, complaint in _complaints(fault):
        if wrong:
            raise ValueError(complaint)
    try:
        re.compile(fault.path_regex)
    except re.error as error:
        raise ValueError(f"path_regex is no regular expression: {error}") from error
    if fault.seconds is not None:
        fault.until = now + fault.seconds
        fault.times = data.get("times", -1)
    return fault


def _complaints(fault: Fault) -> list[tuple[bool, str]]:
    """What a rule may not say: whether it does, and the text."""
    actions = sum(map(bool, (fault.status, fault.drop_before, fault.drop_after, fault.cut, fault.drip_bytes)))
    only_status = (fault.after_work, fault.retry_after is not None, fault.retry_after_date_in is not None, fault.body is not None)
    return [
        (actions > 1, "a fault has at most one of status, drop_before, drop_after, cut, drip_bytes"),
        (not actions and not fault.delay, "a fault has one of status, drop_before, drop_after, cut, drip_bytes, or a delay"),
        (bool(fault.status) and not 200 <= fault.status <= 599, "status is 200 to 599"),
        (not fault.status and any(only_status), "after_work, retry_after, retry_after_date_in and body go with status"),
        (fault.retry_after is not None and fault.retry_after_date_in is not None, "a fault has one of retry_after, retry_after_date_in"),
        (bool(fault.cut) and fault.cut not in CUTS, f"cut is one of {', '.join(CUTS)}"),
        (not 0 < fault.probability <= 1, "probability is above 0 and at most 1"),
        ((fault.probability < 1) != (fault.seed is not None), "probability below 1 and seed go together: chance must be repeatable"),
        (fault.skip < 0 or fault.drip_bytes < 0, "skip and drip_bytes are not negative"),
        (min(fault.seconds or 0, fault.delay, fault.drip_pause, fault.retry_after_date_in or 0) < 0, "times and pauses are not negative"),
    ]


@dataclass
class FaultSwitch:
    """The rules in force, first hit wins. A request that one rule has hit is not counted by those behind it.

    :param now: the emulator's clock.
    """

    now: Callable[[], float]
    faults: list[Fault] = field(default_factory=list)

    def take(self, method: str, path: str, operation: str) -> Fault | None:
        """The rule that hits this request, counted; None if none does."""
        now = self.now()
        return next((fault for fault in self.faults if fault.hit(method, path, operation, now)), None)
