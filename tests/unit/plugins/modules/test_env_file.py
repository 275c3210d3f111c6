# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module env_file and the lookup that reads such a file."""

from __future__ import annotations

import json
import pathlib
import stat

import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from hypothesis import given
from hypothesis import strategies as st
from unit.module_runner import run_module

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import InputError
from ansible_collections.dbinfra.postgres.plugins.module_utils._local import dotenv, env_plan
from ansible_collections.dbinfra.postgres.plugins.modules import env_file

URL = "postgresql://shop_app:hunter2secret@db.example:5432/shop?sslmode=verify-full"


def run(path: pathlib.Path, variables: dict, check: bool = False, **options: object) -> dict:
    return run_module(env_file, {"path": str(path), "variables": variables, **options}, check=check)


def look(path: pathlib.Path, *names: str, check: bool = False, **options: object) -> list[str]:
    plugin = lookup_loader.get("dbinfra.postgres.env_file")
    return plugin.run(list(names), variables={"ansible_check_mode": check}, path=str(path), **options)


def prediction_and_run(path: pathlib.Path, variables: dict, **options: object) -> dict:
    """Run twice in check mode's sense: predicted and real must agree, and a second real run changes nothing."""
    before = path.read_bytes() if path.exists() else None
    predicted = run(path, variables, check=True, **options)
    assert (path.read_bytes() if path.exists() else None) == before
    real = run(path, variables, **options)
    for key in ("changed", "exists", "variable_names", "diff", "actions", "path"):
        assert predicted.get(key) == real.get(key), key
    again = run(path, variables, **options)
    assert not again["changed"]
    return real


def test_writes_a_closed_file_and_never_shows_a_value(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "delivery" / "shop.env"
    result = prediction_and_run(path, {"DATABASE_URL": URL, "PORT": 5432})
    assert path.read_text() == f"DATABASE_URL='{URL}'\nPORT='5432'\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["variables"] == {"DATABASE_URL": "(value hidden, new)", "PORT": "(value hidden, new)"}
    assert result["variable_names"] == ["DATABASE_URL", "PORT"]
    changed = prediction_and_run(path, {"DATABASE_URL": URL + "&x=y"})
    assert changed["diff"]["after"]["variables"] == {"DATABASE_URL": "(value hidden, changed)"}
    for shown in (result, changed):
        assert "hunter2secret" not in json.dumps(shown)


def test_foreign_lines_stay(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "shop.env"
    path.write_text("# mine\nMINE=$x y\nA='old'\n")
    path.chmod(0o600)
    prediction_and_run(path, {"A": "new"})
    assert path.read_text() == "# mine\nMINE=$x y\nA='new'\n"


def test_a_file_that_others_may_read_is_closed(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "shop.env"
    path.write_text("A='x'\n")
    path.chmod(0o644)
    result = prediction_and_run(path, {"A": "x"})
    assert result["changed"]
    assert (result["diff"]["before"]["mode"], result["diff"]["after"]["mode"]) == ("0644", "0600")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_removing_variables_and_the_file_when_nothing_is_left(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "shop.env"
    run(path, {"A": "x", "B": "y"})
    prediction_and_run(path, {"A": ""}, state="absent")
    assert path.read_text() == "B='y'\n"
    result = prediction_and_run(path, {"B": ""}, state="absent")
    assert not path.exists()
    assert not result["exists"]
    assert not run(path, {"B": ""}, state="absent")["changed"]


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({}, "no variable is declared"),
        ({"A-B": "x"}, "not the name of an environment variable"),
        ({"A": None}, "no value is declared"),
        ({"A": True}, "a value of type bool"),
        ({"A": 1.1}, "a value of type float"),
        ({"A": ["hunter2secret"]}, "a value of type list"),
        ({"A": "hunter2secret\nx"}, "newline"),
        ({"A": "hunter2secret$x"}, "dollar sign"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_touched(tmp_path: pathlib.Path, variables: dict, text: str) -> None:
    path = tmp_path / "new" / "shop.env"
    for check in (True, False):
        result = run(path, variables, check=check)
        assert result["failed"]
        assert text in result["msg"]
        assert "hunter2secret" not in json.dumps(result)
        assert not path.parent.exists()


def test_a_link_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "real.env").write_text("")
    (tmp_path / "shop.env").symlink_to(tmp_path / "real.env")
    result = run(tmp_path / "shop.env", {"A": "x"})
    assert result["failed"]
    assert "symbolic link" in result["msg"]
    assert (tmp_path / "real.env").read_text() == ""


def test_the_lookup(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "shop.env"
    run(path, {"A": URL, "EMPTY": ""})
    path.write_text(path.read_text() + "ODD=a$b\n")
    assert look(path, "A", "EMPTY") == [URL, ""]
    with pytest.raises(AnsibleLookupError, match="does not set B"):
        look(path, "A", "B")
    with pytest.raises(AnsibleLookupError, match=r"line 3 of .* read differently"):
        look(path, "ODD")
    assert look(path, "A", "B", check=True, predicted=True) == [URL, "<predicted>"]
    assert look(tmp_path / "none" / "x.env", "A", check=True, predicted=True) == ["<predicted>"]
    with pytest.raises(AnsibleLookupError, match="predicted=true is for check mode only"):
        look(path, "B", predicted=True)


@given(
    text=st.text(alphabet="AB='x\n# ", max_size=30),
    wanted=st.dictionaries(st.sampled_from(["A", "B", "C"]), st.none() | st.text(alphabet="xy '", max_size=3), min_size=1),
    mode=st.sampled_from([0o600, 0o644]),
)
def test_what_the_plan_writes_leaves_nothing_to_plan(text: str, wanted: dict[str, str | None], mode: int) -> None:
    try:
        state = env_plan.FileState(True, mode, tuple(dotenv.parse(text, "file")))
    except InputError:
        return
    plan = env_plan.plan_env(state, wanted, "file")
    got = dotenv.parse(dotenv.update(state.entries, wanted), "file")
    assert not env_plan.plan_env(env_plan.FileState(True, 0o600, tuple(got)), wanted, "file").changes
    values = {name: entry.value for name, entry in dotenv.values(got).items()}
    assert all(values.get(name) == value for name, value in wanted.items())
    if not plan.changes:
        assert mode == 0o600
        assert dotenv.update(state.entries, {}) == "".join(f"{entry.text}\n" for entry in state.entries)
        before = {name: entry.value for name, entry in dotenv.values(state.entries).items()}
        assert all(before.get(name) == value for name, value in wanted.items())
