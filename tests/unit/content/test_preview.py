# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of previews, and that the wiring for one leaves nothing of the environment's own in place."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
ROLE = CHECKOUT / "roles" / "neon_preview"
(NAMES,) = yaml.safe_load((ROLE / "tasks" / "name.yml").read_text())
CONDITIONS = NAMES["ansible.builtin.assert"]["that"]


def fits(name: str, **more: object) -> bool:
    variables = {**yaml.safe_load((ROLE / "vars" / "main.yml").read_text()), **yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())}
    variables.update({"neon_preview_name": name, "neon_preview_source": "staging", **more})
    templar = Templar(loader=DataLoader(), variables=variables)
    return all(templar.evaluate_conditional(trust_as_template(condition)) for condition in CONDITIONS)


@pytest.mark.parametrize("name", ["preview-17", "preview-a", "preview-fix-login-2", f"preview-{'a' * 50}"])
def test_names_of_previews(name: str) -> None:
    assert fits(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "staging",
        "production",
        "feature-1",
        "preview",
        "preview-",
        "preview-A",
        "preview--1",
        "preview-1-",
        "preview-1--2",
        "preview-../x",
        "preview-a/b",
        "preview-1\nx",
        "preview-1\n",
        "preview-a b",
        "preview-ä",
        " preview-1",
        "xpreview-1",
        f"preview-{'a' * 51}",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    assert not fits(name)


def test_even_a_name_that_looks_like_one_may_be_an_environments() -> None:
    assert not fits("preview-x", neon_preview_forbidden_names=["preview-x"])
    assert not fits("preview-x", neon_preview_source="preview-x")


def test_files_passwords_and_marks_are_the_previews_own() -> None:
    """What an environment keeps under its name must not be overwritten by what a preview keeps."""
    wiring = yaml.safe_load((CHECKOUT / "playbooks" / "vars" / "neon_preview.yml").read_text())
    staging = {
        name: value
        for path in (CHECKOUT / "inventories" / "staging" / "group_vars" / "all").glob("*.yml")
        for name, value in yaml.safe_load(path.read_text()).items()
    }
    kept = [name for name, value in staging.items() if name != "db_state_dir" and re.search(r"_file$|_passwords$", name)]
    kept = [name for name in kept if name != "db_tls_ca_file"]
    assert {"db_access_secret_file", "db_delivery_file", "db_access_passwords"} <= set(kept)
    assert [name for name in kept if name not in wiring] == []
    for name in ("db_access_secret_file", "neon_preview_env_file", "neon_preview_report_file", "db_preflight_lock_name", "db_access_environment"):
        assert "preview_name" in wiring[name], name
    assert wiring["db_delivery_file"] == "{{ neon_preview_env_file }}"


def test_the_environments_own_files_are_taken_before_the_previews_replace_them() -> None:
    tasks = yaml.safe_load((CHECKOUT / "playbooks" / "preview.yml").read_text())[1]["tasks"]
    names = [task["name"] for task in tasks]
    taken = next(task for task in tasks if "__preview_environment_files" in task.get("ansible.builtin.set_fact", {}))
    assert names.index(taken["name"]) < names.index("Wire the roles together for a preview")
    assert all(name in taken["ansible.builtin.set_fact"]["__preview_environment_files"] for name in ("db_delivery_file", "db_access_secret_file"))
