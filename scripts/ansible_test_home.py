#!/usr/bin/env python3
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the home folder in which ansible-test runs: ansible_test_home.py FOLDER.

ansible-test hands neither PIP_* nor proxy variables to the pip that fills its virtual environments, and starts that pip with a
script downloaded from a host of the Ansible project. A home of its own cures both without touching the user's: the machine's effective
pip settings stand in its pip.conf, and the start script in ansible-test's cache is Python's own ensurepip.
"""

from __future__ import annotations

import ast
import configparser
import os
import pathlib
import subprocess
import sys
import types

BOOTSTRAP = "import ensurepip\nensurepip.bootstrap(upgrade=True)\n"


def pip_settings() -> configparser.RawConfigParser:
    """Return what pip reads from its files and from the environment, as one configuration (the environment wins)."""
    listing = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True).stdout
    settings = configparser.RawConfigParser()
    settings.add_section("global")
    # `:env:` comes first in pip's listing but has the last word.
    for line in sorted(listing.splitlines(), key=lambda entry: entry.startswith(":env:")):
        name, _, value = line.partition("=")
        section, _, option = name.replace(":env:.", "global.").partition(".")
        if not settings.has_section(section):
            settings.add_section(section)
        settings.set(section, option, str(ast.literal_eval(value)))
    proxy = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    if proxy and not settings.has_option("global", "proxy"):
        settings.set("global", "proxy", proxy)
    return settings


def wanted_pip(version: str) -> str:
    """Return the pip version that the installed ansible-test wants for a Python ``version`` (it names the cached start script)."""
    # ansible-test imports its own helpers by path; it adds this folder itself when it starts.
    from ansible_test._internal.python_requirements import get_venv_packages

    return get_venv_packages(types.SimpleNamespace(version=version))["pip"]  # type: ignore[arg-type]


def main() -> None:
    """Write the folder; everything in it is private, because an index URL may hold a password."""
    home = pathlib.Path(sys.argv[1])
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)

    pip_conf = home / ".config" / "pip" / "pip.conf"
    pip_conf.parent.mkdir(parents=True, exist_ok=True)
    with pip_conf.open("w", encoding="utf-8") as file:
        pip_settings().write(file)

    netrc, own = pathlib.Path.home() / ".netrc", home / ".netrc"
    if netrc.exists() and not own.is_symlink():
        own.symlink_to(netrc)

    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    pip = wanted_pip(f"{sys.version_info.major}.{sys.version_info.minor}")
    (cache / f"get_pip_{pip.replace('.', '_')}.py").write_text(BOOTSTRAP, encoding="utf-8")


if __name__ == "__main__":
    main()
