# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a declaration as a play would, in this process and over real HTTP, under faults and after them."""

from __future__ import annotations

import contextlib
import datetime
import time
import typing as t
from unittest import mock

from generated.account import Bystanders, Project, check
from generated.declarations import Call, IdOf, Moment
from generated.faults import KINDS, LOST_ANSWERS, kind_of
from generated.model import Model
from hypothesis import event
from unit.module_runner import run_module

from ansible_collections.dbinfra.postgres.plugins.module_utils._neon import client as client_file
from ansible_collections.dbinfra.postgres.plugins.modules import neon_branch, neon_database, neon_project, neon_snapshot
from emulators.fixtures import LocalNeon

#: The first run, and two more. The last one meets no faults.
MOST_RUNS = 3


class FastClock:
    """Time in which waiting costs next to nothing: the local Neon's operations are short, and its faults end by number."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    def now(self) -> float:
        return time.time() + self._skipped

    def sleep(self, seconds: float) -> None:
        real = min(seconds, 0.001)
        time.sleep(real)
        self._skipped += seconds - real


@contextlib.contextmanager
def fast() -> t.Iterator[None]:
    """A block in which the client's waiting costs next to nothing."""
    with mock.patch.object(client_file, "SystemClock", FastClock):
        yield


class Play:
    """Runs the generated tasks as a play would: one after the other, ending with the first that fails.

    :param before: the account when the declaration was written, for the ids in it.
    :param moments: the declared times that have been come to so far.
    """

    def __init__(self, neon: LocalNeon, name: str, calls: t.Sequence[Call], before: Project | None, moments: dict[Moment, str]) -> None:
        self.neon = neon
        self.name = name
        self.calls = calls
        self.known = {"api_host": neon.api_host, "api_key": neon.api_key, "timeout": 120}
        self._before = before
        self._moments = moments

    def run(self) -> tuple[list[dict[str, t.Any]], bool]:
        """Return the results so far, and whether the play came to its end."""
        results: list[dict[str, t.Any]] = []
        project, branches = "", {}
        for call in self.calls:
            options = {**self.known, **self._written(call.options)}
            if call.module is neon_project:
                options["name"] = self.name
            else:
                options["project_id"] = project
            if "branch" in options and call.module is not neon_snapshot:
                options["branch_id"] = branches[options.pop("branch")]
            if call.module is neon_database:
                options["ca_file"] = self.neon.ca_file
            result = run_module(call.module, options)
            results.append(result)
            assert "This is a defect" not in str(result.get("msg")), result["msg"]
            assert self.neon.api_key not in str(result), call
            if result.get("failed"):
                return results, False
            if call.module is neon_project:
                project = result["project"]["id"]
            elif call.module is neon_branch:
                branches[result["branch"]["name"]] = result["branch"]["id"]
        return results, True

    def _written(self, value: t.Any) -> t.Any:
        """The options as the inventory has them in the end."""
        if isinstance(value, dict):
            return {key: self._written(each) for key, each in value.items()}
        if isinstance(value, IdOf):
            assert self._before is not None
            return self._before.id_of(value)
        if isinstance(value, Moment):
            if value not in self._moments:
                now = self.neon.now()
                # A future one in whole seconds, as Neon wants it; a past one may lie only a blink after the beginning of a history.
                wanted = (now + datetime.timedelta(days=value.days)).replace(microsecond=0) if value.days else now
                self._moments[value] = wanted.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z"
            return self._moments[value]
        return value


class Strikes:
    """Which faults of the schedules have struck: a schedule that never does says nothing."""

    def __init__(self) -> None:
        self.schedules = 0
        self.struck = 0
        self.kinds: set[str] = set()

    def lift(self, neon: LocalNeon, faults: list[dict[str, t.Any]]) -> int:
        """Count what has struck, and remove the faults. Return how many requests were hit."""
        hits = neon.fault_hits()
        neon.faults()
        self.kinds |= {kind_of(fault) for fault, number in zip(faults, hits, strict=True) if number}
        self.schedules += 1
        self.struck += any(hits)
        return sum(hits)

    def check(self) -> None:
        """At least half of the schedules have struck, and at least half of the kinds of faults: a block of few cases does not come to all of them."""
        assert self.schedules >= 10
        assert self.struck >= self.schedules / 2, f"only {self.struck} of {self.schedules} schedules have struck"
        assert len(self.kinds) >= len(KINDS) / 2, f"only these kinds of faults have struck: {sorted(self.kinds)}"
        assert self.kinds & {kind_of(kind) for kind in LOST_ANSWERS}, (
            f"no answer was lost, only these kinds of faults have struck: {sorted(self.kinds)}"
        )


def converge(
    play: Play, faults: list[dict[str, t.Any]], model: Model, bystanders: Bystanders, moments: t.Mapping[Moment, str], strikes: Strikes
) -> Project:
    """Run the play under the faults, and at most twice more, the last time without; then hold the account against it."""
    neon = play.neon
    if faults:
        neon.faults(*faults)
    in_force = bool(faults)
    attempts = 1
    results, whole = play.run()
    while not whole and attempts < MOST_RUNS:
        attempts += 1
        if attempts == MOST_RUNS and in_force:
            event(f"requests hit: {strikes.lift(neon, faults)}")
            in_force = False
        results, whole = play.run()
    if in_force:
        event(f"requests hit: {strikes.lift(neon, faults)}")
    event(f"runs: {attempts}")
    assert whole, results[-1]["msg"]
    # One more run changes nothing and sends nothing that could, but for what is done again in every run. So the account that it leaves
    # is the one that the others have left.
    neon.reset_requests()
    again, _whole = play.run()
    assert [result.get("changed") for result in again] == [call.repeated for call in play.calls], again[-1]
    sent = [f"{request['method']} {request['template']}" for request in neon.requests() if request["method"] != "GET"]
    assert len(sent) == sum(call.repeated for call in play.calls), sent
    model.apply(play.calls)
    seen = check(neon, play.name, model, moments)
    bystanders.check(seen, model)
    return seen
