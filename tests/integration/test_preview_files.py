# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""preview.yml never writes into a file of the environment, whatever the command line says: refused in one message, before anything is asked."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from integration.site_run import environment, play

from emulators.fixtures import LocalNeon, running_neon

STRINGS = "DATABASE_URL='postgresql://staging'\n"


@pytest.fixture(scope="module")
def neon() -> t.Iterator[LocalNeon]:
    with running_neon("--hollow") as running:
        yield running


@pytest.mark.parametrize(
    ("variable", "reason"),
    [
        ("db_delivery_file", "it is where the environment delivers its own connection strings, and the command line puts it in the place of"),
        (
            "db_access_secret_file",
            "the environment that the preview is made from keeps its own strings or passwords there. Leave it out of the command line.",
        ),
    ],
)
def test_a_file_of_the_environment_is_not_the_previews(neon: LocalNeon, tmp_path: pathlib.Path, variable: str, reason: str) -> None:
    file = tmp_path / "staging.env"
    file.write_text(STRINGS)
    state = tmp_path / "state"
    env = environment(neon.env, {"DBINFRA_STATE_DIR": str(state)})
    neon.reset_requests()
    run = play(env, "staging", playbook="playbooks/preview.yml", extra_vars={"preview_name": "preview-17", variable: str(file)})
    assert run.returncode != 0
    lines = run.message.splitlines()
    assert lines[0].endswith("Nothing was touched.")
    assert len(lines) == 2 and lines[1].startswith(f'1. {variable} = "{file}": {reason}'), lines
    assert (neon.requests(), file.read_text(), state.exists()) == ([], STRINGS, False)
