# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every test needs: the collection importable by its full name, and no way out of this machine."""

from __future__ import annotations

import os
import pathlib
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run: a verdict that depends on luck is none. `--hypothesis-profile=default` looks for new ones.
# Nor does one that depends on how busy the machine is: no deadline for an example, no check of how fast examples are made.
ANY_SPEED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("deterministic", derandomize=True, **ANY_SPEED)
settings.register_profile("thorough", print_blob=True, **ANY_SPEED)
settings.load_profile("deterministic")

TESTS = pathlib.Path(__file__).resolve().parent
CHECKOUT = TESTS.parent

# `emulators` and `network_guard` are imported from here, by tests and by their child processes.
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))

import network_guard  # noqa: E402  (needs the path above)

network_guard.drop_variables(os.environ)
network_guard.put_first_on_path(os.environ, str(TESTS))
network_guard.install()

# The local Neon for every test: `local_neon`, and the check that nothing breaks its contract.
pytest_plugins = ["emulators.fixtures"]


# A terminated run (make, CI) tears its fixtures down like an interrupted one: no server of a test stays behind.
signal.signal(signal.SIGTERM, signal.default_int_handler)


def _install_collection_finder() -> None:
    """Let ``ansible_collections.dbinfra.postgres...`` be imported from this checkout, exactly as ansible-playbook does it.

    The committed symlink below collections/ leads to the checkout. Other collections come from the installed ansible package.
    """
    from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

    # The private name is what ansible-test's own pytest plugin uses; there is no public one in 2.19 to 2.21.
    _AnsibleCollectionFinder(paths=[str(CHECKOUT / "collections")])._install()


_install_collection_finder()


@pytest.fixture(scope="session")
def checkout() -> pathlib.Path:
    """The root folder of this checkout."""
    return CHECKOUT
