# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action preflight; the code is in plugins/action/preflight.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
author: dbinfra contributors (@dbinfra)
version_added: 0.1.0
short_description: Check the whole declaration of an environment before anything is touched
description:
  - Refuses a declaration that cannot be carried out, in one message that lists everything that is wrong with it (variable, value, reason, and what to do).
  - Exactly one environment must be addressed. Two inventories in one run overwrite each other's variables.
  - The variables of every enabled role are templated (with the role's defaults beneath them) and validated against its C(meta/argument_specs.yml).
  - Rules across roles are applied, for example that the pool fits the compute's connections, that the branch does not take production's rows along
    unsaid, that names are unique and not reserved, and that secrets are kept where nobody else can replace them.
  - Variables that begin like a role's variables and are read by none are misspelt ones, or superfluous.
  - A variable whose value only the run itself brings about (because its expression reads a fact that an enabled role sets, or reads a password
    of the run) is not evaluated. Such variables are returned in RV(later).
  - The value of an option that is C(no_log) is never shown.
  - Reads variables and the file system of the control node, and connects to nothing.
extends_documentation_fragment:
  - dbinfra.postgres._attributes.info
options:
  roles:
    description: The roles that the play is going to run, by their names in this collection or by full names.
    type: list
    elements: str
    required: true
  environment_group:
    description: The group that has one host for each environment.
    type: str
    default: environments
"""

EXAMPLES = r"""
- name: Check the whole declaration
  dbinfra.postgres.preflight:
    roles: [neon, db_access, db_settings, db_delivery, db_proof]
  register: checked

- name: How the server's connections and its memory are shared out
  ansible.builtin.debug:
    msg: "{{ checked.connection_arithmetic + checked.settings_arithmetic }}"
"""

RETURN = r"""
environment:
  description: The environment that is addressed.
  type: str
  returned: success
  sample: production
findings:
  description: What is wrong. Empty on success.
  type: list
  elements: dict
  returned: always
  contains:
    variable:
      description: The variable.
      type: str
      sample: db_pool_min
    value:
      description: Its value as JSON, cut if it is long, hidden if it is secret.
      type: str
      sample: "30"
    reason:
      description: Why it cannot stay.
      type: str
      sample: the pool's minimum is above its maximum (db_pool_max = 20)
    remedy:
      description: What to do.
      type: str
      sample: Lower the minimum or raise the maximum
later:
  description: Variables of the enabled roles whose value is not known before the run, and which were therefore not validated.
  type: list
  elements: str
  returned: success
  sample: [db_access_login, db_access_login_password]
connections:
  description: The server's connections set against what is declared. None if the compute's size does not say how many there are.
  type: dict
  returned: success
  contains:
    max_connections:
      description: All connections of the server.
      type: int
      sample: 839
    reserved:
      description: Those that the server keeps back.
      type: int
      sample: 7
    usable:
      description: Those that ordinary roles share.
      type: int
      sample: 832
    needed:
      description: All that are asked for, reserved ones included.
      type: int
      sample: 43
    free:
      description: Those that are left.
      type: int
      sample: 796
    fits:
      description: Whether everybody gets what is declared at the same time.
      type: bool
    rows:
      description: Who asks for how many.
      type: list
      elements: dict
      sample: [{"subject": "application pool", "connections": 20, "reserved": false}]
    verdict:
      description: The sum in one sentence.
      type: str
    remedy:
      description: What to do if it does not fit.
      type: str
connection_arithmetic:
  description: The same in sentences.
  type: list
  elements: str
  returned: success
  sample: ["A Neon compute of 0.5 to 2 CU has 839 connections (max_connections), 7 of them are kept back for superusers."]
derived_settings:
  description: The settings that the level of the role C(db_settings) derives and that nothing is declared instead of, by scope. None without a level.
  type: dict
  returned: success
  contains:
    server:
      description: Settings of the whole server, by name.
      type: dict
      sample: {}
    database:
      description: Settings of the database, by name.
      type: dict
      sample: {work_mem: 5MB, maintenance_work_mem: 128MB}
settings_arithmetic:
  description: The same in sentences, with the sum of the memory that all sessions at once may take.
  type: list
  elements: str
  returned: success
  sample: ["Memory, if all work at once: 512 MB shared + 512 MB for 4 maintenance workers + 460 MB for 46 sessions and parallel workers = 1.4 GB of 2.0 GB."]
"""
