# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python imports this file at its start when tests/ is on PYTHONPATH: child processes of tests get the network guard from here."""

import network_guard

network_guard.install()
