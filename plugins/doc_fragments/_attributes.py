# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attributes that the modules of this collection share.

``dbinfra.postgres._attributes`` suits a module on the reconcile flow, ``dbinfra.postgres._attributes.info`` one that only looks,
``dbinfra.postgres._attributes.action_group_neon`` adds the membership in the action group ``neon``.
"""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragments; see the text of the file."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and predict what a real run would change, without changing anything.
    support: full
  diff_mode:
    description: Returns what changed, or in check mode what would change. Secrets are never part of it.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
  platform:
    description: Where the module runs.
    support: full
    platforms: posix
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Only looks, hence does the same in check mode.
    support: full
  diff_mode:
    description: Changes nothing, hence has nothing to show.
    support: N/A
  idempotent:
    description: Only looks, and never reports a change.
    support: full
  platform:
    description: Where the module runs.
    support: full
    platforms: posix
"""

    ACTION_GROUP_NEON = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/dbinfra.postgres.neon) in C(module_defaults) to set options for all modules of the group.
    support: full
    membership:
      - dbinfra.postgres.neon
"""
