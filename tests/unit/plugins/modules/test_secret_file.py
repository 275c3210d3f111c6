# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module secret_file and the lookup that reads its file."""

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

from ansible_collections.dbinfra.postgres.plugins.module_utils._local import secret_plan
from ansible_collections.dbinfra.postgres.plugins.modules import secret_file


def run(path: pathlib.Path, *names: str, check: bool = False, **options: object) -> dict:
    return run_module(secret_file, {"path": str(path), "secrets": list(names), **options}, check=check)


def look(path: pathlib.Path, *names: str, check: bool = False, **options: object) -> list[str]:
    plugin = lookup_loader.get("dbinfra.postgres.secret")
    return plugin.run(list(names), variables={"ansible_check_mode": check}, path=str(path), **options)


def test_generates_once_and_never_shows_a_value(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "secrets.json"
    predicted = run(path, "app", "reader", check=True)
    assert predicted["changed"]
    assert not path.parent.exists(), "check mode makes nothing"
    first = run(path, "app", "reader")
    assert {key: predicted[key] for key in ("changed", "created", "secret_names", "diff", "actions")} == {
        key: first[key] for key in ("changed", "created", "secret_names", "diff", "actions")
    }
    assert first["created"] == ["app", "reader"]
    values = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {len(value) for value in values.values()} == {32}
    assert len(set(values.values())) == 2
    assert all(set(value) <= set(secret_plan.ALPHABET) for value in values.values())
    for result in (first, run(path, "app", "reader", "third")):
        assert not any(value in json.dumps(result) for value in json.loads(path.read_text()).values())
    second = run(path, "reader")
    assert not second["changed"]
    assert second["secret_names"] == ["app", "reader", "third"]
    assert "diff" not in second
    assert {**json.loads(path.read_text()), **values} == json.loads(path.read_text()), "values stay"


def test_a_lost_secret_is_an_error_and_nothing_is_generated(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "secrets.json"
    for check in (True, False):
        result = run(path, "app", "reader", check=check, never_generate=["app"])
        assert result["failed"]
        assert "holds no secret for app" in result["msg"]
        assert "Restore" in result["msg"]
        assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_read_is_refused_with_the_remedy(tmp_path: pathlib.Path, mode: int) -> None:
    path = tmp_path / "secrets.json"
    run(path, "app")
    path.chmod(mode)
    result = run(path, "app")
    assert result["failed"]
    assert f"chmod 600 {path}" in result["msg"]
    with pytest.raises(AnsibleLookupError, match="chmod 600"):
        look(path, "app")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("not json hunter2", "is not JSON"),
        ("[]", "does not hold a mapping"),
        ('{"app": 5}', "no text for app"),
        ('{"app": ""}', "no text for app"),
        ("", "is not JSON"),
    ],
)
def test_a_damaged_file_is_refused_and_not_shown(tmp_path: pathlib.Path, content: str, text: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    path.chmod(0o600)
    result = run(path, "app")
    assert result["failed"]
    assert text in result["msg"]
    assert "hunter2" not in json.dumps(result)
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("names", "options", "text"),
    [
        ((" ",), {}, "a name is empty"),
        (("a", "a"), {}, "a is declared more than once"),
        (("a",), {"length": 23}, "24 to 256"),
        (("a",), {"length": 257}, "24 to 256"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(tmp_path: pathlib.Path, names: tuple[str, ...], options: dict, text: str) -> None:
    result = run(tmp_path / "secrets.json", *names, **options)
    assert result["failed"]
    assert text in result["msg"]


def test_a_link_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "secrets.json").symlink_to(tmp_path / "real.json")
    result = run(tmp_path / "secrets.json", "app")
    assert result["failed"]
    assert "symbolic link" in result["msg"]
    assert (tmp_path / "real.json").read_text() == "{}"


def test_the_lookup(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "secrets.json"
    run(path, "app", "reader")
    values = json.loads(path.read_text())
    assert look(path, "reader", "app") == [values["reader"], values["app"]]
    assert look(path) == []
    with pytest.raises(AnsibleLookupError, match="holds no secret for other"):
        look(path, "app", "other")
    assert look(path, "app", "other", check=True, predicted=True) == [values["app"], "<predicted>"]
    with pytest.raises(AnsibleLookupError, match="predicted=true is for check mode only"):
        look(path, "app", predicted=True)


@given(present=st.sets(st.sampled_from("abcdef")), declared=st.sets(st.sampled_from("abcdef")), never=st.sets(st.sampled_from("abcdef")))
def test_the_plan_generates_exactly_what_is_missing_or_refuses(present: set[str], declared: set[str], never: set[str]) -> None:
    try:
        plan = secret_plan.plan_secrets(present, sorted(declared), never, "file")
    except secret_plan.InputError:
        assert never - present
        return
    assert never <= present
    planned = [name for change in plan.changes for name in change.payload]
    assert planned == sorted(declared - present)
    assert not secret_plan.plan_secrets(present | set(planned), sorted(declared), never, "file").changes
