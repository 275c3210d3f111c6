# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An exported real key can never reach a real account: the environment is cleaned and the sockets are walled in."""

from __future__ import annotations

import os
import pathlib
import re
import socket
import subprocess
import sys

import network_guard
import pytest

REAL = {
    "NEON_API_KEY": "real-neon-key",
    "NEON_API_HOST": "https://console.neon.tech/api/v2",
    "SUPABASE_ACCESS_TOKEN": "real-supabase-token",
    "VERCEL_TOKEN": "real-vercel-token",
    "PGHOST": "production.example.com",
    "PGPASSWORD": "real-password",
    "DBINFRA_REAL_NEON": "1",
    "ANSIBLE_INVENTORY": "somebody-elses-inventory",
}


def _see_through(checkout: pathlib.Path, command: list[str], **extra: str) -> dict[str, str]:
    environ = {**os.environ, **REAL, **extra}
    seen = subprocess.run(command, cwd=checkout, env=environ, check=True, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in seen.splitlines() if "=" in line)


def test_env_script_drops_what_a_real_account_needs(checkout: pathlib.Path) -> None:
    seen = _see_through(checkout, ["scripts/env.sh", "env"], KEEP_THIS="yes")
    assert not set(REAL) & set(seen)
    assert seen["KEEP_THIS"] == "yes"
    assert not [value for value in seen.values() if "real-" in value]


def test_make_hands_no_key_to_its_children(checkout: pathlib.Path) -> None:
    seen = _see_through(checkout, ["make", "--no-print-directory", "print-environment"])
    assert "PATH" in seen
    assert not [name for name in seen if name.startswith(network_guard.DROPPED_PREFIXES)]


def test_make_hands_no_key_from_its_command_line_to_its_children(checkout: pathlib.Path) -> None:
    seen = _see_through(checkout, ["make", "--no-print-directory", "print-environment", "NEON_API_KEY=real-neon-key"])
    assert not [value for value in seen.values() if "real-" in value]


def test_every_make_recipe_that_runs_something_of_ours_goes_through_env_sh(checkout: pathlib.Path) -> None:
    makefile = (checkout / "Makefile").read_text(encoding="utf-8")
    assert "ENV := scripts/env.sh\nRUN := $(ENV) scripts/test.sh\n" in makefile
    recipes = [line.strip() for line in makefile.splitlines() if line.startswith("\t")]
    assert len(recipes) > 15
    # Text for the reader is the only thing that a recipe may do by itself.
    assert [line for line in recipes if not re.match(r"@(\$\((ENV|RUN)\)|printf|sed) ", line)] == []


def test_both_lists_of_prefixes_agree(checkout: pathlib.Path) -> None:
    script = (checkout / "scripts" / "env.sh").read_text(encoding="utf-8")
    (patterns,) = re.findall(r"^\s+((?:\w+\*(?: \| )?)+)\) unset", script, re.MULTILINE)
    assert {pattern.rstrip("*") for pattern in patterns.split(" | ")} == set(network_guard.DROPPED_PREFIXES)


def test_this_process_holds_no_such_variable() -> None:
    assert [name for name in os.environ if name.startswith(network_guard.DROPPED_PREFIXES)] == []


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"])
def test_sockets_refuse_other_machines(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock, pytest.raises(network_guard.NetworkForbiddenError, match="only loopback"):
        sock.connect((host, 443))


def test_names_of_other_machines_are_not_even_looked_up() -> None:
    with pytest.raises(network_guard.NetworkForbiddenError, match=r"console\.neon\.tech"):
        socket.getaddrinfo("console.neon.tech", 443)


def test_requests_cannot_reach_the_real_service() -> None:
    import requests

    with pytest.raises(requests.exceptions.RequestException, match="only loopback"):
        requests.get("https://console.neon.tech/api/v2/projects", timeout=5)


def test_loopback_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), timeout=5) as client:
        assert client.getpeername() == server.getsockname()


def test_child_processes_are_walled_in_too() -> None:
    program = "import socket; socket.create_connection(('192.0.2.1', 443), timeout=5)"
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert child.returncode != 0
    assert "only loopback and unix sockets" in child.stderr


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("ep-1.local.localhost", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", True),  # noqa: S104 (a destination here)
        (None, True),
        (b"localhost", True),
        ("localhost.example.com", False),
        ("notlocalhost", False),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_what_counts_as_this_machine(host: object, local: bool) -> None:
    assert network_guard.is_local(host) is local
