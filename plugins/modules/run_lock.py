# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action run_lock; the code is in plugins/action/run_lock.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_lock
author: dbinfra contributors (@dbinfra)
version_added: 0.1.0
short_description: Let one run at a time change an environment
description:
  - Takes a named lock for the rest of the run of C(ansible-playbook). A second run that asks for it fails and names the holder
    (user, machine, process, playbook, and since when).
  - The lock is a locked file on the control node. With O(login), an advisory lock in the database comes on top, which excludes runs from other control
    nodes as well.
  - A small process keeps the lock. It ends at once when the main process of C(ansible-playbook) ends, whatever ends that, so a killed run never leaves a
    lock behind. It removes the lock file.
  - A run may take the same lock repeatedly, for example first the file and then, when the server is there, the lock in the server.
  - Nothing is taken in check mode.
  - Runs on the control node, whatever the host.
notes:
  - The session that holds the lock in the server sends a query every 30 seconds, so that neither a firewall nor a compute that sleeps when it is idle ends it.
  - If that session breaks nevertheless (the compute restarts, the network fails), the server gives the lock back. The file stays locked, and the session and
    its lock are taken again every five seconds. The tasks of the run go on meanwhile, nothing interrupts them. Another control node can take the lock in this
    gap. A later task that asks for the same lock warns if there was such a gap, and fails if the lock could not be taken again.
  - Host names with C(-pooler.) are refused in O(login), a pooler gives sessions to others.
  - The process gets the password through a pipe and keeps none of the environment's keys.
extends_documentation_fragment:
  - dbinfra.postgres._attributes
attributes:
  check_mode:
    description: Takes nothing in check mode, and succeeds even if another run holds the lock.
    support: full
  diff_mode:
    description: Changes nothing that could be shown.
    support: none
options:
  name:
    description: The lock's name. Runs that use the same name exclude each other.
    type: str
    required: true
  path:
    description: Directory of the lock files on the control node. It is made with mode 0700 if it is missing.
    type: str
    required: true
  login:
    description:
      - How to reach the database in which the advisory lock is taken, as the modules of the provider return it
        (RV(dbinfra.postgres.neon_database#module:connection)).
      - Runs exclude each other only if they use the same database.
    type: dict
  login_password:
    description: The password for O(login).
    type: str
  connect_timeout:
    description: Seconds for a connection to come about.
    type: int
    default: 10
  timeout:
    description: Seconds for taking the lock as a whole, the start of a sleeping compute included.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: One run at a time on this control node
  dbinfra.postgres.run_lock:
    name: shop-production
    path: ~/.local/state/dbinfra-postgres/locks

- name: One run at a time on this server
  dbinfra.postgres.run_lock:
    name: shop-production
    path: ~/.local/state/dbinfra-postgres/locks
    login: "{{ neon_connection }}"
    login_password: "{{ owner_password }}"
"""

RETURN = r"""
lock:
  description: The lock.
  type: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
      sample: shop-production
    path:
      description: The lock file.
      type: str
      sample: /home/ada/.local/state/dbinfra-postgres/locks/shop-production.lock
    held:
      description: Whether it is held now. False in check mode.
      type: bool
    on_server:
      description: Whether the advisory lock in the server is held as well.
      type: bool
    holder:
      description: This run, as others see it. None in check mode.
      type: dict
      sample:
        pid: 4711
        user: ada
        host: ctl1
        since: "2026-11-23T11:05:00Z"
        playbook: site.yml
        started: "123456/0b5c6a8e-5b0e-4a57-9a0c-5d9d1f3a2b1c"
holder:
  description: Who holds the lock.
  type: dict
  returned: when another run holds it
"""
