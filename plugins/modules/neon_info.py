#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neon_info
short_description: Look at Neon projects and what is in them
description:
  - Returns projects, branches, computes, roles, databases, operations, snapshots and consumption, as far as O(gather) asks for them.
  - Every request only reads. No compute is woken. No password and no connection string is part of the result.
  - Names are matched exactly. What is not found is missing in the result, nothing stands in for it.
  - All pages of a list are read. If Neon cannot show all projects, RV(complete) is V(false), and a warning names those that are missing.
version_added: 0.1.0
author: dbinfra contributors (@dbinfra)
extends_documentation_fragment:
  - dbinfra.postgres._neon
  - dbinfra.postgres._attributes.info
  - dbinfra.postgres._attributes.action_group_neon
options:
  gather:
    description:
      - What to look at. V(roles) and V(databases) take one request for each branch.
    type: list
    elements: str
    choices: [projects, branches, computes, roles, databases, operations, snapshots, consumption]
    default: [projects, branches, computes]
  project_id:
    description:
      - Only the project with this id. An empty text is like leaving it out.
    type: str
  name:
    description:
      - Only projects with exactly this name. Names are not unique at Neon. An empty one is refused.
    type: str
  org_id:
    description:
      - The organization. A personal API key needs it, a key of an organization infers it. An empty text is like leaving it out.
    type: str
  branch:
    description:
      - Only the branch with exactly this name or id, in each project. An empty text is refused. Limits all that belongs to a branch. Projects are shown
        nevertheless, and so is their consumption unless it is that of branches.
    type: str
  consumption:
    description:
      - Which consumption to look at, if O(gather) asks for it. Needs a paid plan that is billed by usage.
    type: dict
    suboptions:
      from:
        description:
          - The begin, RFC 3339 with a zone. Neon rounds it down to the granularity. By default 24 hours, 30 days or 330 days before the end.
          - At most 168 hours ago for V(hourly), 60 days for V(daily) and a year for V(monthly).
        type: str
      to:
        description: The end, RFC 3339 with a zone. Now by default. Neon rounds it down as well, so that the running timeframe may be missing.
        type: str
      granularity:
        description: Of which timeframes.
        type: str
        choices: [hourly, daily, monthly]
        default: daily
      metrics:
        description:
          - Which figures. By default all that there are. V(extra_branches_month) and V(snapshot_storage_bytes_month) are not known of branches.
        type: list
        elements: str
      per:
        description: Whether the figures are those of projects or of branches.
        type: str
        choices: [project, branch]
        default: project
notes:
  - Takes one request for the projects and one for each further page of 400. For each project, one each for its branches (and for each further page of
    1000), computes, snapshots, and operations (and for each further page of 1000). For each branch, one each for roles and databases. For consumption,
    one for every 100 projects, and for each further page of 1000 branches. A kind that O(gather) leaves out is not asked for.
seealso:
  - module: dbinfra.postgres.neon_project
  - module: dbinfra.postgres.neon_branch
  - module: dbinfra.postgres.neon_snapshot
"""

EXAMPLES = r"""
- name: Which branches there are
  dbinfra.postgres.neon_info:
    name: shop
    gather: [branches]
  register: shop

- name: What production used, hour by hour since yesterday
  dbinfra.postgres.neon_info:
    project_id: quiet-sun-12345678
    branch: production
    gather: [consumption]
    consumption:
      granularity: hourly
      metrics: [compute_unit_seconds]
      per: branch
"""

RETURN = r"""
projects:
  description: The projects, with their settings as Neon gives them. What the list of projects does not say is null.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - id: quiet-sun-12345678
      name: shop
      region_id: aws-eu-central-1
      pg_version: 17
      org_id: org-green-hill-12345678
      store_passwords: true
      history_retention_seconds: 604800
      default_compute: {min_cu: 0.25, max_cu: 2.0, suspend_timeout_seconds: 0}
      settings: {allowed_ips: {ips: [203.0.113.7], protected_branches_only: false}, quota: null}
      created_at: "2026-11-23T10:00:00Z"
branches:
  description: The branches. C(managed) is whether this collection made it, C(state) is Neon's word.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - id: br-still-tree-12345678
      name: staging
      project_id: quiet-sun-12345678
      default: false
      protected: false
      parent_id: null
      init_source: schema-only
      expires_at: null
      state: ready
      managed: true
computes:
  description: The computes, with both host names.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - id: ep-cool-dark-12345678
      project_id: quiet-sun-12345678
      branch_id: br-still-tree-12345678
      type: read_write
      host: ep-cool-dark-12345678.c-2.eu-central-1.aws.neon.tech
      pooled_host: ep-cool-dark-12345678-pooler.c-2.eu-central-1.aws.neon.tech
      min_cu: 0.25
      max_cu: 2.0
      suspend_timeout_seconds: 300
      state: idle
      disabled: false
roles:
  description: The roles that Neon knows, without their passwords. Roles made in SQL are there as well.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - {name: shop_owner, project_id: quiet-sun-12345678, branch_id: br-still-tree-12345678, protected: false}
databases:
  description: The databases.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - {name: shop, owner_name: shop_owner, project_id: quiet-sun-12345678, branch_id: br-still-tree-12345678}
operations:
  description: Neon's operations. Those older than six months may be missing.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - id: 3f2a0f5e-5d9a-4a4b-9f0e-0c8a1d2b3c4d
      project_id: quiet-sun-12345678
      branch_id: br-still-tree-12345678
      endpoint_id: ep-cool-dark-12345678
      action: start_compute
      status: finished
      failures_count: 0
      created_at: "2026-11-23T10:00:00Z"
snapshots:
  description: The snapshots, as M(dbinfra.postgres.neon_snapshot) returns them.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - id: snap-cool-lake-12345678
      name: dbinfra-before-release-42
      project_id: quiet-sun-12345678
      source_branch_id: br-old-oak-12345678
      expires_at: "2026-12-01T18:00:00Z"
      manual: true
consumption:
  description: The consumption, by project or by branch (then with C(branch_id)), the oldest timeframe first.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - project_id: quiet-sun-12345678
      timeframes:
        - start: "2026-11-23T00:00:00Z"
          end: "2026-11-24T00:00:00Z"
          plan: scale
          metrics: {compute_unit_seconds: 3600}
complete:
  description: Whether Neon could show all projects.
  returned: success
  type: bool
unavailable_project_ids:
  description: The projects that it could not show.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_info
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.access import common_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.info import GATHERED, USUAL, look_at_neon
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.info_period import GRANULARITIES

SPEC = {
    "argument_spec": {
        **common_options(),
        "gather": {"type": "list", "elements": "str", "choices": list(GATHERED), "default": list(USUAL)},
        "project_id": {"type": "str"},
        "name": {"type": "str"},
        "org_id": {"type": "str"},
        "branch": {"type": "str"},
        "consumption": {
            "type": "dict",
            "options": {
                "from": {"type": "str"},
                "to": {"type": "str"},
                "granularity": {"type": "str", "choices": list(GRANULARITIES), "default": "daily"},
                "metrics": {"type": "list", "elements": "str"},
                "per": {"type": "str", "choices": ["project", "branch"], "default": "project"},
            },
        },
    },
}


def main() -> None:
    """Run the module."""
    run_info(SPEC, look_at_neon)


if __name__ == "__main__":
    main()
