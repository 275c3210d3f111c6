#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neon_branch
short_description: Manage a branch of a Neon project
description:
  - Creates, renames, protects, makes default, lets expire, resets, restores, asserts and deletes a branch, with its read-write compute.
  - A branch is made from the branch that O(parent) names, never from the default branch because nothing was said.
  - A branch that differs in something that is fixed when it is made is an error. Nothing is ever made anew.
  - Without O(compute) no endpoint is made with a branch, that is then the matter of M(dbinfra.postgres.neon_endpoint).
version_added: 0.1.0
author: dbinfra contributors (@dbinfra)
extends_documentation_fragment:
  - dbinfra.postgres._neon
  - dbinfra.postgres._neon.state
  - dbinfra.postgres._attributes
  - dbinfra.postgres._attributes.action_group_neon
attributes:
  idempotent:
    description:
      - A second run with the same options changes nothing.
      - The exception is O(state=reset) with O(preserve=false), which resets the branch every time, for nothing shows that it was done.
    support: partial
    details:
      - A reset or restore that keeps a copy is idempotent, the copy shows that it was done.
options:
  project_id:
    description:
      - Id of the project. Required unless O(predicted=true).
    type: str
  predicted:
    description:
      - The project exists only as the prediction of an earlier task of the same check.
      - In check mode nothing is requested then, and the result is what a run on an empty account would give.
      - Refused outside check mode.
    type: bool
    default: false
  predicted_state:
    description:
      - The branch as the creation of the project will make it. Only read with O(predicted=true).
      - Without it, the branch is predicted to be created.
    type: dict
    suboptions:
      default:
        description: Whether it will be the default branch.
        type: bool
        default: true
      protected:
        description: Whether it will be protected.
        type: bool
        default: false
      init_source:
        description: What it will start with.
        type: str
        default: parent-data
      compute:
        description: The read-write compute that it will come with.
        type: dict
        suboptions:
          min_cu:
            description: Its smallest size.
            type: float
          max_cu:
            description: Its largest size.
            type: float
          suspend_timeout_seconds:
            description: Its idle seconds before it is suspended.
            type: int
  name:
    description:
      - The exact name of the branch, 1 to 256 characters, none of which is a control character. No blanks at its ends.
    type: str
    required: true
  id:
    description:
      - Pins the branch by its id. Its name must then be O(name), or O(new_name), and it is never created.
      - With O(state=absent), an id that no branch has is an error as long as there is a branch named O(name); nothing is removed then.
    type: str
  state:
    description:
      - V(present) makes the branch if it is not there, and changes what can be changed.
      - V(absent) deletes it. Refused for the default branch, a protected one, the root that the project was made with, and one with children.
      - V(reset) replaces its content by its parent's present one. Refused for a root branch. Neon renews a time to live with it.
      - V(restored) replaces its content by an earlier one of itself, or by one of another branch, see O(restore).
      - The computes and their host names stay with the branch. Connections drop.
      - V(absent), V(reset) and V(restored) need O(confirm_destroy).
      - With V(absent), what else is declared of the branch is not looked at. With V(reset) and V(restored) it is refused, for it would not be done.
    choices: [present, absent, reset, restored]
  new_name:
    description:
      - Renames the branch. Nothing is done if there is a branch of this name and none named O(name) any more.
      - It is an error if there are both, or neither.
    type: str
  parent:
    description:
      - Name or id of the branch that this one is made from. Required to create a branch, and not read for a branch that is there.
    type: str
  predicted_parent:
    description:
      - RV(branch) of an earlier task of the same play that makes the parent, whole and as it was registered.
      - A check makes no branch, so a parent that is only predicted is an error without this option. In check mode nothing is looked up of
        the parent then. Outside check mode the parent is there, and is looked up by O(parent) as always.
      - O(parent) must be its name, and not its id.
    type: dict
  parent_timestamp:
    description:
      - The branch starts with its parent's content at this time, of RFC 3339 with a zone, for example V(2026-11-24T18:00:00Z).
      - Not read for a branch that is there. Mutually exclusive with O(parent_lsn). An empty text is like leaving it out.
    type: str
  parent_lsn:
    description:
      - The branch starts with its parent's content at this place in the write-ahead log, for example V(0/1DE2850).
      - It must be the parent's own, read there with the function C(pg_current_wal_lsn). See the notes.
      - Not read for a branch that is there.
    type: str
  init_source:
    description:
      - What a new branch starts with. V(parent-data) copies schema and data. V(schema-only) makes a root branch with the schema, and none of
        the rows.
      - Of an existing branch it is asserted. The default branch is exempt, it starts empty.
    type: str
    choices: [parent-data, schema-only]
  protected:
    description:
      - Whether the branch is protected from deletion and reset. Needs a paid plan.
      - A branch that is to be deleted has to be unprotected in an earlier task.
    type: bool
  default:
    description:
      - V(true) makes it the default branch of the project, V(false) asserts that it is not.
    type: bool
  archived:
    description:
      - Whether a new branch is archived. Of an existing branch it is asserted.
      - Neon archives idle branches by itself, and brings one back when it is connected to.
    type: bool
  expires_at:
    description:
      - When Neon deletes the branch, a time of RFC 3339 with a zone, at most 30 days from now. V(never) for a branch that does not expire.
      - Neon takes whole seconds, and deletes by a job in the background, so it may be a little later.
      - A default or protected branch, and one with children, cannot expire. An expiring branch cannot be a parent.
      - An empty text, as an unset variable gives it, is refused. Mutually exclusive with O(ttl).
    type: str
  ttl:
    description:
      - How long the branch is kept, seconds or a text such as V(3d), V(12h) or V(1d12h), at most 30 days.
      - Set when the branch is made. Of an existing branch it changes nothing without O(renew=true).
      - An empty text is refused.
    type: str
  renew:
    description:
      - Lets O(ttl) begin anew for a branch that is there. The end is only moved forward, and not by less than a minute.
    type: bool
    default: false
  compute:
    description:
      - The branch's read-write compute. It is made in the same request as the branch, and later brought to the sizes that are given.
      - Sizes are 0.25, 0.5, 1 to 16, and fixed even ones up to 56. A range spans at most 8 CU.
      - An empty dictionary asks for a compute with the project's default sizes.
      - Nothing is sent if nothing differs, a request would wake it. Changing sizes restarts it.
      - One end of the range of sizes alone is refused if it would pass the present other end, for what is not declared is not changed.
    type: dict
    suboptions:
      min_cu:
        description: Smallest size in compute units.
        type: float
      max_cu:
        description: Largest size in compute units.
        type: float
      suspend_timeout_seconds:
        description: Idle seconds before it is suspended. V(-1) for never, V(0) is the provider's default of 300.
        type: int
  restore:
    description:
      - What O(state=restored) restores the branch to.
    type: dict
    suboptions:
      source:
        description:
          - Name or id of the branch whose content is taken. The default is the branch itself.
        type: str
      timestamp:
        description:
          - The moment in the source's history, of RFC 3339 with a zone. It has to lie within the project's history retention.
          - Without O(restore.timestamp) and O(restore.lsn) the present content of another branch is taken.
        type: str
      lsn:
        description:
          - The place in the source's write-ahead log. Mutually exclusive with O(restore.timestamp).
          - It must be the source's own. See the notes.
        type: str
  preserve_under_name:
    description:
      - Name of a branch that keeps the content that a reset or restore replaces. Required for both, unless O(preserve=false).
      - If there is a branch of this name, the reset or restore was done, and nothing is changed. So use another name for each occasion, for
        example one with the date.
      - A branch that has this name and cannot be the copy is refused. That is one that is the default branch or protected, that this collection
        made, or that is older than the branch or than its last reset. So is any, if Neon says that the branch was never reset.
      - A replacement that took longer than a minute, and a branch of which Neon does not show whether it was reset, are told by the project's
        operations. One of the branch, and not merely of its compute, must have begun when the copy was made. Neon may drop operations after six
        months. A branch of this name that is older than the operations are kept is believed to be the copy, where nothing else speaks against it.
      - Children of the branch become children of the kept copy, a warning names them.
      - The copy is not marked as made by this collection, to delete it later takes O(adopt=true).
    type: str
  preserve:
    description:
      - V(false) lets a reset lose what it replaces. It then resets the branch in every run.
    type: bool
    default: true
  adopt:
    description:
      - Allows to change (also to delete, reset or restore) a branch that was not made by this collection. Without it such a branch is
        refused, and the message and C(diff) of the result show what would change. A branch that does not differ is never refused.
      - A branch is known by its annotation C(managed_by), which Neon only takes when a branch is made. So this option has to stay, or O(id)
        pins the branch, which allows the same.
    type: bool
    default: false
  database:
    description:
      - Returns RV(connection) for this database.
      - The branch must have a compute, or O(compute) has to be declared.
    type: str
  role:
    description:
      - The role of RV(connection). The default is the owner of O(database), which takes a further request.
    type: str
  server_major:
    description:
      - Major version of the server, passed on as RV(connection.server_major).
    type: int
  ssl_mode:
    description:
      - How connections check the server, passed on as RV(connection.ssl_mode).
    type: str
    choices: [verify-full, verify-ca, require]
    default: verify-full
  ca_file:
    description:
      - File with the CA certificates that connections trust, passed on as RV(connection.ca_cert). It must exist. Only read with O(database).
      - Can be set by the environment variable E(PGSSLROOTCERT). The default is the CA file of the system.
    type: path
notes:
  - An LSN says nothing about the branch that it was read on. The logs of branches go on from the LSN that they were made at, so the same numbers
    occur on several branches. Neon refuses an LSN of another branch only if it lies outside of the branch's own range. One that lies inside is
    taken, and leads to another content than was meant. Where the moment is known, give the time instead.
seealso:
  - module: dbinfra.postgres.neon_project
  - module: dbinfra.postgres.neon_endpoint
  - module: dbinfra.postgres.neon_database
"""

EXAMPLES = r"""
- name: Production's branch, which came with the project
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    predicted: "{{ not project.project.exists }}"
    predicted_state: {}
    name: production
    default: true
    protected: true

- name: Staging has production's schema and none of its rows
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    predicted: "{{ not project.project.exists }}"
    name: staging
    parent: production
    init_source: schema-only
  register: branch

# The next three tasks can be checked before there is a branch staging.
- name: Staging's compute
  dbinfra.postgres.neon_endpoint:
    project_id: "{{ project.project.id }}"
    branch_id: "{{ branch.branch.id }}"
    predicted: "{{ not branch.branch.exists }}"
    min_cu: 0.25
    max_cu: 1

- name: A role of staging, which is made from production and comes with its roles
  dbinfra.postgres.neon_role:
    project_id: "{{ project.project.id }}"
    branch_id: "{{ branch.branch.id }}"
    predicted: "{{ not branch.branch.exists }}"
    copied_from: "{{ branch.branch.copied_from }}"
    name: shop_owner

- name: A branch of staging
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    predicted: "{{ not project.project.exists }}"
    name: load-test
    parent: staging
    predicted_parent: "{{ branch.branch }}"

- name: A preview of staging that is deleted after three days, with its compute and the way to its database
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    name: preview-17
    parent: staging
    ttl: 3d
    compute:
      min_cu: 0.25
      max_cu: 1
    database: shop
    role: shop_owner
  register: preview

- name: Keep the preview for three more days
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    name: preview-17
    ttl: 3d
    renew: true

- name: Production's branch as it was before the accident
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    name: production-at-noon
    parent: production
    parent_timestamp: "2026-11-24T12:00:00+01:00"

- name: Restore production to that moment, and keep what it holds now
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    name: production
    state: restored
    restore:
      timestamp: "2026-11-24T12:00:00+01:00"
    preserve_under_name: production-before-2026-11-24
    confirm_destroy: production

- name: Give a preview staging's present content again
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    name: preview-17
    state: reset
    preserve: false
    confirm_destroy: preview-17

- name: Delete a preview
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    name: preview-17
    state: absent
    confirm_destroy: preview-17
"""

RETURN = r"""
branch:
  description:
    - The branch. Check mode returns what the run will return. What only Neon can know is null then, as each field says, and C(exists) is false
      of a branch yet to be made.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether it exists.
      type: bool
    id:
      description: Its id, not in check mode before it exists.
      type: str
    name:
      description: Its name.
      type: str
    project_id:
      description: Its project, null while that is only predicted.
      type: str
    default:
      description: Whether it is the default branch.
      type: bool
    protected:
      description: Whether it is protected.
      type: bool
    parent_id:
      description:
        - Its parent, null for a root branch.
        - In check mode also null if the parent is only predicted, and if a branch that is no root would be restored to its own past. The kept
          copy becomes its parent then, and has no id yet.
      type: str
    parent_lsn:
      description:
        - The place in the parent's write-ahead log that it was made at, or that its content was taken from by a reset or restore, if Neon says it.
          Null for a root branch.
        - Of what is yet to be made, reset or restored, check mode only knows a place that is declared (O(parent_lsn), O(restore.lsn)).
      type: str
    parent_timestamp:
      description:
        - The time in the parent's history that it was made at, or that its content was taken from, in whole seconds, if Neon says it. Null for
          a root branch.
        - Of what is yet to be made, check mode only knows O(parent_timestamp). Before a reset or restore it is null, for Neon may leave it empty.
      type: str
    parent_protected:
      description:
        - Whether O(parent) is protected, null if this task did not make the branch.
        - Roles of a branch that is made from a protected one get new passwords.
      type: bool
    copied_from:
      description:
        - Id of the branch that this task makes it from, in check mode would make it from, whatever O(init_source) is.
        - Of a parent that is only predicted itself (O(predicted_parent)), it is the branch that this one would be copied from.
        - Null for a branch that was there already, and while the project is only predicted.
        - In check mode, M(dbinfra.postgres.neon_role) and M(dbinfra.postgres.neon_database) take it to find out what the copy will come with.
      type: str
    init_source:
      description: What it started with, if Neon says it.
      type: str
    expires:
      description: Whether it will be deleted by Neon. In check mode also known where RV(branch.expires_at) is not.
      type: bool
    expires_at:
      description: When it will be deleted by Neon, null for never. In check mode also null if O(ttl) would set it, or a reset
        would renew it.
      type: str
    archived:
      description: Whether it is archived.
      type: bool
    managed:
      description: Whether it was made by this collection.
      type: bool
    preserved:
      description: Id of the branch with the content that was replaced, for a reset or a restore. Not in check mode before it exists.
      type: str
    created:
      description: Whether this task made it, or in check mode would.
      type: bool
  sample:
    exists: true
    id: br-still-tree-12345678
    name: staging
    project_id: quiet-sun-12345678
    default: false
    protected: false
    parent_id: null
    parent_lsn: null
    parent_timestamp: null
    parent_protected: true
    copied_from: br-old-oak-12345678
    init_source: schema-only
    expires: false
    expires_at: null
    archived: false
    managed: true
    preserved: null
    created: true
endpoints:
  description:
    - The computes of the branch, the read-write one first. Each looks like RV(dbinfra.postgres.neon_endpoint#module:endpoint), also in what
      check mode leaves null.
  returned: with O(compute) or O(database)
  type: list
  elements: dict
  sample:
    - exists: true
      id: ep-cool-darkness-12345678
      branch_id: br-still-tree-12345678
      type: read_write
      name: null
      host: ep-cool-darkness-12345678.eu-central-1.aws.neon.tech
      pooled_host: ep-cool-darkness-12345678-pooler.eu-central-1.aws.neon.tech
      min_cu: 0.25
      max_cu: 1.0
      suspend_timeout_seconds: 0
      disabled: false
      current_state: active
      pg_settings: {}
connection:
  description:
    - How the role reaches the database, never a password. It has the shape of RV(dbinfra.postgres.neon_database#module:connection).
    - In check mode, a branch that would be made has the database that it is a copy of as C(stand_in). Its ids, hosts and ports are null.
  returned: with O(database)
  type: dict
  contains:
    provider:
      description: Always V(neon).
      type: str
    exists:
      description: Whether there is a branch with a compute to connect to.
      type: bool
    project_id:
      description: The project.
      type: str
    branch_id:
      description: The branch.
      type: str
    login_host:
      description: Direct host.
      type: str
    login_port:
      description: Port of the direct host.
      type: int
    login_user:
      description: The role.
      type: str
    login_db:
      description: The database.
      type: str
    pooled_host:
      description: Host of the pooler.
      type: str
    pooled_port:
      description: Port of the pooler.
      type: int
    ssl_mode:
      description: How connections check the server.
      type: str
    ca_cert:
      description: File with the CA certificates that connections trust.
      type: str
    server_major:
      description: Major version of the server, as given in O(server_major).
      type: int
    stand_in:
      description: Where the database is reached that a branch yet to be made will be a copy of, in check mode. Null in every other case.
      type: dict
  sample:
    provider: neon
    exists: true
    project_id: quiet-sun-12345678
    branch_id: br-still-tree-12345678
    login_host: ep-cool-darkness-12345678.eu-central-1.aws.neon.tech
    login_port: 5432
    login_user: shop_owner
    login_db: shop
    pooled_host: ep-cool-darkness-12345678-pooler.eu-central-1.aws.neon.tech
    pooled_port: 5432
    ssl_mode: verify-full
    ca_cert: /etc/ssl/certs/ca-certificates.crt
    server_major: 17
    stand_in: null
actions:
  description: The changes in words.
  returned: when there are changes
  type: list
  elements: str
  sample: ["create branch staging"]
"""

from ansible.module_utils.basic import env_fallback

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.access import common_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.branch import build_branch

SIZES = {"min_cu": {"type": "float"}, "max_cu": {"type": "float"}, "suspend_timeout_seconds": {"type": "int"}}
SPEC = {
    "argument_spec": {
        **common_options(),
        "project_id": {"type": "str"},
        "predicted": {"type": "bool", "default": False},
        "predicted_state": {
            "type": "dict",
            "options": {
                "default": {"type": "bool", "default": True},
                "protected": {"type": "bool", "default": False},
                "init_source": {"type": "str", "default": "parent-data"},
                "compute": {"type": "dict", "options": dict(SIZES)},
            },
        },
        "name": {"type": "str", "required": True},
        "id": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent", "reset", "restored"], "default": "present"},
        "confirm_destroy": {"type": "str"},
        "new_name": {"type": "str"},
        "parent": {"type": "str"},
        "predicted_parent": {"type": "dict"},
        "parent_timestamp": {"type": "str"},
        "parent_lsn": {"type": "str"},
        "init_source": {"type": "str", "choices": ["parent-data", "schema-only"]},
        "protected": {"type": "bool"},
        "default": {"type": "bool"},
        "archived": {"type": "bool"},
        "expires_at": {"type": "str"},
        "ttl": {"type": "str"},
        "renew": {"type": "bool", "default": False},
        "compute": {"type": "dict", "options": dict(SIZES)},
        "restore": {"type": "dict", "options": {"source": {"type": "str"}, "timestamp": {"type": "str"}, "lsn": {"type": "str"}}},
        "preserve_under_name": {"type": "str"},
        "preserve": {"type": "bool", "default": True},
        "adopt": {"type": "bool", "default": False},
        "database": {"type": "str"},
        "role": {"type": "str"},
        "server_major": {"type": "int"},
        "ssl_mode": {"type": "str", "choices": ["verify-full", "verify-ca", "require"], "default": "verify-full"},
        "ca_file": {"type": "path", "fallback": (env_fallback, ["PGSSLROOTCERT"])},
    },
}


def main() -> None:
    """Run the module."""
    run_resource(SPEC, build_branch)


if __name__ == "__main__":
    main()
