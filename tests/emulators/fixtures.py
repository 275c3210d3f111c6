# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pytest fixtures that offer the local Neon to every test.

``local_neon`` is one instance for the whole session; a test module that needs an instance of its own uses :func:`running_neon`. Whatever breaks the contract, on either side, fails the test during which it happened;
a test that provokes a violation on purpose takes it with :meth:`LocalNeon.expect_violations`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from . import scratch

TESTS = Path(__file__).resolve().parents[1]
#: The instances that run in this process's tests.
_RUNNING: list[LocalNeon] = []
#: Why exchanges were not validated, once for each instance that did not.
_SKIPPED: list[str] = []
#: An own opener: no proxy of the environment, no redirect surprises.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, headers, decoded JSON body (None if there is none)."""

    status: int
    headers: dict[str, str]
    body: Any


class LocalNeon:
    """A running local Neon.

    :param directory: folder of the instance.
    :param env: what a client needs: ``NEON_API_HOST``, ``NEON_API_KEY``, ``PGSSLROOTCERT``.
    """

    def __init__(self, directory: Path, env: dict[str, str]) -> None:
        self.directory = directory
        self.env = env
        self.api_host = env["NEON_API_HOST"]
        self.api_key = env["NEON_API_KEY"]
        self.ca_file = env["PGSSLROOTCERT"]

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None, timeout: float = 60.0) -> Answer:
        """Call the API (``path`` below its base path) or the administration surface (``path`` begins with ``/_local/``).

        :param key: another key than the right one; empty for none.
        """
        base = self.api_host.removesuffix("/api/v2") if path.startswith("/_local/") else self.api_host
        request = urllib.request.Request(base + path, method=method)  # noqa: S310  (our own http address)
        used = self.api_key if key is None else key
        if used:
            request.add_header("Authorization", f"Bearer {used}")
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with _OPENER.open(request, data, timeout=timeout) as response:
                return _answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error.read())

    def get(self, path: str) -> Any:
        """The body of a successful GET."""
        return self._successful("GET", path, None).body

    def post(self, path: str, body: Any = None) -> Any:
        """POST, wait until its operations are done, return the body of the answer."""
        return self.change("POST", path, body)

    def change(self, method: str, path: str, body: Any = None) -> Any:
        """Call ``method``, wait until its operations are done, return the body of the answer (None for 204)."""
        answer = self._successful(method, path, body)
        if isinstance(answer.body, dict) and answer.body.get("operations"):
            self.wait(answer)
        return answer.body

    def _successful(self, method: str, path: str, body: Any) -> Answer:
        answer = self.call(method, path, body)
        if answer.status >= 300:
            raise AssertionError(f"{method} {path} answered {answer.status}: {answer.body}")
        return answer

    def _local(self, method: str, path: str, body: Any = None) -> Any:
        return self._successful(method, f"/_local/{path}", body).body

    def requests(self) -> list[dict[str, Any]]:
        """The requests since the last reset: method, template, path, query, status, seconds, fault."""
        return self._local("GET", "requests")["requests"]

    def reset_requests(self) -> None:
        """Forget the requests so far."""
        self._local("DELETE", "requests")

    def violations(self) -> list[dict[str, Any]]:
        """The contract violations that nobody has taken yet."""
        return self._local("GET", "violations")["violations"]

    def validation(self) -> dict[str, Any]:
        """Whether exchanges are validated: ``validation`` is ``on`` or ``skipped``, then with the ``reason``."""
        return self._local("GET", "violations")

    def take_violations(self) -> list[dict[str, Any]]:
        """The violations so far, which then no longer fail a test."""
        found = self.violations()
        self._local("DELETE", "violations")
        return found

    @contextlib.contextmanager
    def expect_violations(self) -> Iterator[list[dict[str, Any]]]:
        """A block that must provoke at least one violation; the list holds them afterwards. Skips if there is no contract to violate."""
        state = self.validation()
        if state["validation"] == "skipped":
            pytest.skip(f"contract validation skipped: {state['reason']}")
        found: list[dict[str, Any]] = []
        yield found
        found += self.take_violations()
        assert found, "no contract violation was recorded"

    def faults(self, *rules: dict[str, Any]) -> None:
        """Put fault rules in force (see ``framework/faults.py``); without rules: remove all."""
        if rules:
            self._local("POST", "faults", list(rules))
        else:
            self._local("DELETE", "faults")

    def fault_hits(self) -> list[int]:
        """How many requests each rule in force has hit, in the order in which they were added."""
        return [fault["hits"] for fault in self._local("GET", "faults")["faults"]]

    def rate_limits(self, *, enabled: bool, **numbers: int) -> None:
        """Switch the service's rate limits on (with other numbers, if given: ``requests_per_minute``, ``burst_per_second``) or off.

        They are off again after the test.
        """
        self._local("PUT", "limits", {"enabled": enabled, **numbers})

    def plan(self, name: str) -> None:
        """Put the account on another plan: ``free``, ``launch``, ``scale``, ..."""
        self._local("PUT", "plan", {"plan": name})

    def now(self) -> datetime:
        """What the emulator's clock shows."""
        return datetime.fromisoformat(self._local("POST", "clock", {"advance_seconds": 0})["now"])

    def advance_clock(self, seconds: float) -> None:
        """Move the emulator's clock forward."""
        self._local("POST", "clock", {"advance_seconds": seconds})

    def wait(self, answer: Answer) -> None:
        """Wait until the operations of ``answer`` are done.

        :raises AssertionError: if one does not finish well.
        """
        for operation in answer.body["operations"]:
            path = f"/projects/{operation['project_id']}/operations/{operation['id']}"
            pause = 0.001
            while (state := self.call("GET", path).body["operation"])["status"] in ("scheduling", "running", "cancelling"):
                time.sleep(pause)
                pause = min(2 * pause, 0.02)
            assert state["status"] in ("finished", "skipped"), state


def _answer(status: int, headers: Any, raw: bytes) -> Answer:
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = raw.decode(errors="replace")
    return Answer(status, dict(headers.items()), body)


def emulator_environment() -> dict[str, str]:
    """The environment for running the emulator's command line from a test."""
    return {**os.environ, "PYTHONPATH": str(TESTS), "TMPDIR": scratch.folder()}


def neon_command(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run ``python -m emulators.neon`` with ``arguments``."""
    command = [sys.executable, "-m", "emulators.neon", *arguments]
    done = subprocess.run(command, env=emulator_environment(), capture_output=True, text=True, timeout=120, check=False)
    if check and done.returncode:
        raise AssertionError(f"emulators.neon {' '.join(arguments)} failed: {done.stdout}{done.stderr}")
    return done


@contextlib.contextmanager
def running_neon(*options: str) -> Iterator[LocalNeon]:
    """An own instance in a temporary folder, torn down completely afterwards.

    :param options: further options of ``start``.
    """
    directory = Path(tempfile.mkdtemp(prefix="neon-", dir=scratch.folder())) / "instance"
    try:
        # A test run that is killed must not leave servers behind.
        neon_command("start", "--dir", str(directory), "--end-with", str(os.getpid()), *options)
        env = dict(line.split("=", 1) for line in (directory / "env").read_text(encoding="utf-8").splitlines())
        neon = LocalNeon(directory, env)
        _RUNNING.append(neon)
        state = neon.validation()
        if state["validation"] == "skipped":
            _SKIPPED.append(state["reason"])
        yield neon
        _fail_on_violations(neon)
    finally:
        _RUNNING[:] = [other for other in _RUNNING if other.directory != directory]
        log = directory / "log"
        if log.exists() and "Traceback" in (text := log.read_text(encoding="utf-8", errors="replace")):
            print(text, file=sys.stderr)
        neon_command("stop", "--dir", str(directory))
        directory.parent.rmdir()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name what was not checked: without the contract file no exchange was validated."""
    if _SKIPPED:
        terminalreporter.write_line(f"SKIPPED validation of the local Neon's exchanges: {_SKIPPED[0]}", yellow=True)


@pytest.fixture(scope="module")
def local_neon() -> Iterator[LocalNeon]:
    """A file's local Neon: no file meets what another one left, nor a clock that it moved. A violation left at the end fails the file."""
    with running_neon() as neon:
        yield neon


@pytest.fixture(autouse=True)
def _local_neon_contract() -> Iterator[None]:
    """After each test: remove the faults of every local Neon and switch its rate limits off, fail the test for violations that it did not take."""
    yield
    for neon in _RUNNING:
        neon.faults()
        neon.rate_limits(enabled=False)
        _fail_on_violations(neon)


def _fail_on_violations(neon: LocalNeon) -> None:
    violations = neon.take_violations()
    assert not violations, f"contract violations: {json.dumps(violations, indent=1)}"
