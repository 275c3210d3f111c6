# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small programs in scripts/ that decide something: counts, pins, links, and what the build leaves out."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import types

import pytest
import yaml


@pytest.fixture
def script(checkout: pathlib.Path):
    """Import a script by name."""

    def load(name: str) -> types.ModuleType:
        spec = importlib.util.spec_from_file_location(f"scripts_{name}", checkout / "scripts" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def _report(folder: pathlib.Path, name: str, **counts: int) -> None:
    attributes = " ".join(f'{key}="{value}"' for key, value in counts.items())
    (folder / f"{name}.xml").write_text(f"<testsuites><testsuite {attributes}/></testsuites>", encoding="utf-8")


def test_tests_of_a_pytest_step_are_counted(script, tmp_path: pathlib.Path) -> None:
    _report(tmp_path, "unit", tests=10, failures=1, errors=2, skipped=3)
    assert script("count_tests").count(tmp_path, "unit", 1) == (4, 3, 3)


def test_a_step_without_tests_counts_itself(script, tmp_path: pathlib.Path) -> None:
    assert script("count_tests").count(tmp_path, "lint", 0) == (1, 0, 0)
    assert script("count_tests").count(tmp_path, "lint", 1) == (0, 1, 0)


def test_a_step_that_failed_after_its_tests_passed_is_a_failure(script, tmp_path: pathlib.Path) -> None:
    _report(tmp_path, "unit-py313", tests=10, failures=0, errors=0, skipped=0)
    assert script("count_tests").count(tmp_path, "unit-py313", 1) == (10, 1, 0)


def test_the_report_of_another_step_does_not_count(script, tmp_path: pathlib.Path) -> None:
    _report(tmp_path, "unit-py313", tests=10, failures=0, errors=0, skipped=0)
    _report(tmp_path, "unit", tests=5, failures=0, errors=0, skipped=0)
    assert script("count_tests").count(tmp_path, "unit", 0) == (5, 0, 0)


def test_only_differing_pins_get_a_marker(script) -> None:
    lines = script("lock").merge({"a": "1", "Both": "2", "old": "3"}, {"a": "9", "Both": "2", "new": "4"})
    assert lines == [
        'a==1; python_version < "3.13"',
        'a==9; python_version >= "3.13"',
        "Both==2",
        'new==4; python_version >= "3.13"',
        'old==3; python_version < "3.13"',
    ]


def test_the_lock_pins_everything_that_is_wanted(checkout: pathlib.Path) -> None:
    def names(file: str) -> set[str]:
        lines = (checkout / file).read_text(encoding="utf-8").splitlines()
        return {re.split(r"[=<>; ]", line, maxsplit=1)[0].lower().replace("_", "-") for line in lines if line and not line.startswith("#")}

    lock = (checkout / "requirements-dev.lock").read_text(encoding="utf-8")
    assert names("requirements-dev.in") <= names("requirements-dev.lock")
    assert [line for line in lock.splitlines() if not re.match(r"(#|[\w.-]+==[\w.]+(; python_version (<|>=) \"3\.13\")?$)", line)] == []


def test_links_of_the_server_package_are_made_relative(script, tmp_path: pathlib.Path) -> None:
    (tmp_path / "native/lib").mkdir(parents=True)
    (tmp_path / "native/lib/libpq.so.5.17").write_text("library", encoding="utf-8")
    links = [{"source": "native/lib/libpq.so.5.17", "target": "native/lib/libpq.so.5"}]
    (tmp_path / "native/pg-symlinks.json").write_text(json.dumps(links), encoding="utf-8")
    assert script("hydrate_symlinks").hydrate(tmp_path) == 1
    assert str((tmp_path / "native/lib/libpq.so.5").readlink()) == "libpq.so.5.17"
    # A second time changes nothing: an interrupted set-up is simply run again.
    assert script("hydrate_symlinks").hydrate(tmp_path) == 1


@pytest.mark.parametrize(
    "link",
    [
        {"source": "native/lib/missing.so", "target": "native/lib/x.so"},
        {"source": "native/lib/there.so", "target": "../../outside.so"},
        {"source": "../../etc/passwd", "target": "native/lib/x.so"},
    ],
)
def test_links_that_lead_out_of_the_package_are_refused(script, tmp_path: pathlib.Path, link: dict[str, str]) -> None:
    (tmp_path / "native/lib").mkdir(parents=True)
    (tmp_path / "native/lib/there.so").write_text("library", encoding="utf-8")
    (tmp_path / "native/pg-symlinks.json").write_text(json.dumps([link]), encoding="utf-8")
    with pytest.raises(ValueError, match=r"leads out of the package|is not in the package"):
        script("hydrate_symlinks").hydrate(tmp_path)


def test_the_server_package_is_of_the_major_that_the_inventories_declare(checkout: pathlib.Path) -> None:
    package = json.loads((checkout / "scripts/postgres-server/package.json").read_text(encoding="utf-8"))
    majors = {version.split(".", 1)[0] for version in package["optionalDependencies"].values()}
    for environment in ("staging", "production"):
        declared = yaml.safe_load((checkout / f"inventories/{environment}/group_vars/all/provider.yml").read_text(encoding="utf-8"))
        assert majors == {str(declared["neon_pg_version"])}


def test_committed_symlinks_lead_to_the_checkout(checkout: pathlib.Path) -> None:
    tracked = subprocess.run(["git", "ls-files", "--stage"], cwd=checkout, check=True, capture_output=True, text=True).stdout
    links = {line.split("\t")[1]: str((checkout / line.split("\t")[1]).readlink()) for line in tracked.splitlines() if line.startswith("120000 ")}
    assert links == {"collections/ansible_collections/dbinfra/postgres": "../../..", "playbooks/collections": "../collections"}


def test_an_action_group_holds_the_modules_of_its_provider(checkout: pathlib.Path) -> None:
    groups = yaml.safe_load((checkout / "meta/runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    modules = sorted(path.stem for path in (checkout / "plugins/modules").glob("neon_*.py"))
    assert modules
    assert sorted(groups["neon"]) == modules


def test_step_by_step_the_makefile_names_only_steps_that_exist(checkout: pathlib.Path) -> None:
    recipes = re.findall(r"^\t@\$\(RUN\) (.+)$", (checkout / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    steps = {step for recipe in recipes for step in re.split(r"[ +]", recipe)}
    assert steps == {path.stem for path in (checkout / "scripts/steps").glob("*.sh")}
    assert [step for step in steps if not os.access(checkout / f"scripts/steps/{step}.sh", os.X_OK)] == []


def _machine_without(tmp_path: pathlib.Path, checkout: pathlib.Path, user: int) -> tuple[pathlib.Path, dict[str, str]]:
    """A copy of the scripts, and an environment whose PATH lacks npm and where *.localhost names do not resolve."""
    copy, bin_folder = tmp_path / "copy", tmp_path / "bin"
    shutil.copytree(checkout / "scripts", copy / "scripts")
    shutil.copy(checkout / "requirements-dev.lock", copy)
    bin_folder.mkdir()
    for name in ("bash", "cat", "dirname", "env", "flock", "grep", "mkdir", "mktemp", "rm", "sed", "sha256sum", "sleep", "kill"):
        found = shutil.which(name)
        if found:
            (bin_folder / name).symlink_to(found)
    for name, text in (("id", f"echo {user}"), ("getent", "exit 2"), ("apt-get", 'echo "apt-get $*"; exit 100')):
        (bin_folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (bin_folder / name).chmod(0o755)
    return copy, {"PATH": str(bin_folder), "HOME": str(tmp_path), "PYTHON": sys.executable}


def test_what_a_user_may_not_install_is_named_in_one_line(checkout: pathlib.Path, tmp_path: pathlib.Path) -> None:
    copy, environ = _machine_without(tmp_path, checkout, user=1000)
    ended = subprocess.run(["bash", "scripts/setup.sh"], cwd=copy, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: missing: npm (fetches the PostgreSQL 17 server programs); ")
    assert "libnss-myhostname (makes *.localhost names resolve to this machine); " in line
    assert re.search(r"run: sudo apt-get install -y --no-install-recommends npm .*libnss-myhostname$", line)
    assert not (copy / ".venv").exists()


def test_root_installs_it_and_a_failure_names_package_reason_and_command(checkout: pathlib.Path, tmp_path: pathlib.Path) -> None:
    copy, environ = _machine_without(tmp_path, checkout, user=0)
    ended = subprocess.run(["bash", "scripts/setup.sh"], cwd=copy, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "apt-get install -y --no-install-recommends npm" in ended.stderr
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("error: could not install: npm (fetches the PostgreSQL 17 server programs); ")
    assert re.search(r"the command was: apt-get install -y --no-install-recommends npm .*libnss-myhostname$", last)


def test_the_end_of_the_demo_says_what_its_shells_still_have(checkout: pathlib.Path, tmp_path: pathlib.Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(checkout / "scripts", copy / "scripts")

    def bash(command: str) -> str:
        return subprocess.run(["bash", "-c", command], cwd=copy, check=True, capture_output=True, text=True).stdout

    assert bash("scripts/demo.sh down") == ""
    # The file that `make demo` writes, made by its own function.
    up = 'NEON_API_HOST=h NEON_API_KEY=k PGSSLROOTCERT=c; . <(sed "/^case /,$ d; s|dirname -- \\"\\$0\\"|echo scripts|" scripts/demo.sh); write_env_file'
    bash(up)
    exported = re.findall(r"^export (\w+)=", (copy / "demo.env").read_text(encoding="utf-8"), re.MULTILINE)
    assert exported
    said = bash("scripts/demo.sh down")
    assert re.search(r"^  unset (.+)$", said, re.MULTILINE)[1].split() == exported
    assert not (copy / "demo.env").exists()


def test_the_interpreter_behind_an_environment_is_found_not_the_environment(checkout: pathlib.Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = subprocess.run(
        ["bash", "-c", f'. scripts/lib.sh; PATH="{pathlib.Path(sys.executable).parent}:$PATH"; find_python {version}'],
        cwd=checkout,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    assert pathlib.Path(found).exists()
    assert not pathlib.Path(found).is_relative_to(sys.prefix)


def test_an_interpreter_that_does_not_run_is_refused_by_name(checkout: pathlib.Path, tmp_path: pathlib.Path) -> None:
    copy, environ = _machine_without(tmp_path, checkout, user=1000)
    environ["PYTHON"] = "/nonexistent/python"
    ended = subprocess.run(["bash", "scripts/setup.sh"], cwd=copy, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "PYTHON=/nonexistent/python is no Python that runs" in ended.stderr
