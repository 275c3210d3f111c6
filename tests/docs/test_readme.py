# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""README's promises, tried: its ```bash fences run in order, in one shell, in a clean clone of HEAD.

A fence that must not be run here (it would reach a real account) is marked ```console, data is marked ```yaml.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
from collections.abc import Iterator

import pytest

FENCE = re.compile(r"^```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
KNOWN_LANGUAGES = {"bash", "console", "yaml", "ini", "json", "text", "mermaid", "sql", "jinja"}


def _fences(text: str) -> list[tuple[str, str]]:
    return [(match["language"], match["text"]) for match in FENCE.finditer(text)]


@pytest.fixture(scope="module")
def readme(checkout: pathlib.Path) -> str:
    return (checkout / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def clone(checkout: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """A clean clone of HEAD; whatever README left running in it is stopped afterwards."""
    folder = tmp_path_factory.mktemp("readme") / "postgres"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(checkout), str(folder)], check=True)
    yield folder
    subprocess.run(["make", "demo-down"], cwd=folder, check=True, capture_output=True, timeout=120)


def test_every_fence_says_what_it_is(readme: str) -> None:
    languages = [language for language, _text in _fences(readme)]
    assert "bash" in languages
    assert set(languages) <= KNOWN_LANGUAGES


def test_every_file_and_folder_that_readme_links_to_exists(readme: str, checkout: pathlib.Path) -> None:
    targets = [target.split("#", 1)[0] for target in re.findall(r"\]\(([^)]+)\)", readme) if not target.startswith(("http", "#"))]
    assert targets
    assert [target for target in targets if not (checkout / target).exists()] == []


def test_every_make_target_that_readme_names_exists(readme: str, checkout: pathlib.Path) -> None:
    named = set(re.findall(r"\bmake ([a-z][a-z0-9-]*)", "\n".join(re.findall(r"`[^`\n]+`", readme)) + "\n".join(t for _l, t in _fences(readme))))
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (checkout / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert named
    assert named <= targets


@pytest.mark.timeout(1500)
def test_readmes_commands_work_in_a_clean_clone(readme: str, clone: pathlib.Path, tmp_path: pathlib.Path) -> None:
    blocks = [text for language, text in _fences(readme) if language == "bash"]
    script = ["set -euo pipefail"]
    for number, text in enumerate(blocks, 1):
        script += [f"printf '\\n### README command block {number}\\n'", text]
    script.append("printf '\\n### README is done\\n'")
    log = tmp_path / "log"
    # The reader's shell has no variable of ours; PYTHONPATH keeps the network guard around what the commands start themselves.
    environ = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTEST_CURRENT_TEST")}
    with log.open("w", encoding="utf-8") as output:
        ended = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=clone,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=1400,
        )
    seen = log.read_text(encoding="utf-8")
    assert ended.returncode == 0, seen[-6000:]
    assert seen.rstrip().endswith("### README is done"), seen[-6000:]
    # Both environments took part in what was typed, and the promised second run without a change was among it.
    for environment in ("staging", "production"):
        assert re.search(rf"^{environment} +: ok=[1-9]", seen, re.MULTILINE), seen[-6000:]
    assert re.search(r"^production +: ok=[1-9]\d* +changed=0 +unreachable=0 +failed=0", seen, re.MULTILINE), seen[-6000:]
    # What a smaller pool would change is said with the role's name on the line.
    assert re.search(r"^\+ +role shop_app, connection_limit: 12$", seen, re.MULTILINE), seen[-6000:]
    assert "Traceback" not in seen


def test_readme_leaves_no_trace(clone: pathlib.Path) -> None:
    assert [name for name in (".demo", "demo.env") if (clone / name).exists()] == []
