#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neon_snapshot
short_description: Manage and restore snapshots of a Neon branch
description:
  - Takes a snapshot of a root branch, changes when it expires, deletes it, and restores it into a branch.
  - Neon takes snapshots of root branches only. A child is refused.
  - Neon allows several snapshots of one name. Here a name stands for one. If several have it, the task fails and names their ids.
  - The number of snapshots is limited by the plan. A full limit fails the task. Nothing is ever deleted to make room.
  - A snapshot carries no annotation, so what this collection made is known by its name. A name that begins with V(dbinfra-) is ours, any other
    is foreign unless O(id) pins it. A foreign snapshot is used and restored like any other. Changing or deleting it needs O(adopt=true).
version_added: 0.1.0
author: dbinfra contributors (@dbinfra)
extends_documentation_fragment:
  - dbinfra.postgres._neon
  - dbinfra.postgres._attributes
  - dbinfra.postgres._attributes.action_group_neon
options:
  project_id:
    description:
      - Id of the project. Required unless O(predicted=true).
    type: str
  predicted:
    description:
      - The project, the branch or the snapshot exists only as the prediction of an earlier task of the same check. With the task for a branch
        registered as C(staging), give C({{ not staging.branch.exists }}), which is false in a run.
      - In check mode nothing is requested then, so that the branch is a root branch is not checked either.
      - Refused outside check mode.
    type: bool
    default: false
  name:
    description:
      - The exact name of the snapshot, 1 to 256 characters, none of which is a control character. No blanks at its ends.
      - Begin it with V(dbinfra-), or deleting it takes O(adopt=true).
    type: str
    required: true
  id:
    description:
      - Pins the snapshot by its id. Its name must then be O(name), and it is never taken anew.
      - With O(state=absent), an id that no snapshot has means that it is gone. Names are not unique, so a snapshot named O(name) under another id is
        left alone, with a warning.
    type: str
  state:
    description:
      - V(present) takes the snapshot if there is none of that name. Of one that is there, only O(expires_at) can be changed.
      - V(absent) deletes it.
      - V(restored) makes a new branch O(target_name) from it. An existing branch of that name is never overwritten. If it is the restored snapshot,
        nothing is left to do. Without O(finalize) no other branch is touched.
    type: str
    choices: [present, absent, restored]
    default: present
  branch:
    description:
      - With O(state=present), name or id of the branch that the snapshot is taken of. Required to take it, and compared afterwards. A branch
        that replaced the original one by a restore counts as the same.
      - With O(state=restored), name or id of the branch that the new one may replace later. With O(finalize=true) it has to be the exact name.
        Without it, Neon takes the branch that the snapshot was taken of.
    type: str
  timestamp:
    description:
      - Takes the snapshot of that moment. RFC 3339 with a zone, for example V(2026-11-24T18:00:00Z). It has to lie within the branch's history.
        A time to come, or one that the project's history does not reach back to, is refused. Of the branch's own beginning only Neon knows.
      - With a snapshot that is there, it is compared in whole seconds.
      - Without it and without O(lsn), it shows the branch as it is now. An empty text is like leaving it out.
      - Mutually exclusive with O(lsn).
    type: str
  lsn:
    description:
      - Takes the snapshot of that place in the log, for example V(0/1DE2850).
      - It must be an LSN of that very branch. Nobody can tell one of another branch that lies inside of this branch's own range.
      - An empty text is like leaving it out.
    type: str
  expires_at:
    description:
      - When Neon deletes the snapshot. RFC 3339 with a zone, in whole seconds. Without it and without O(ttl) it is kept.
      - An empty text, as an unset variable gives it, is refused. Mutually exclusive with O(ttl).
      - The service is known to ignore the change of it for an existing snapshot. The task fails then, and says so.
    type: str
  ttl:
    description:
      - How long a new snapshot is kept, in seconds or as V(12h), V(7d), V(2w). Counted from its creation, hence not compared afterwards.
      - An empty text is refused.
    type: str
  adopt:
    description:
      - Whether a snapshot that this collection did not make may be changed or deleted.
    type: bool
    default: false
  target_name:
    description:
      - Name of the branch that the snapshot is restored into, 1 to 256 characters. Required with O(state=restored).
      - With O(finalize=true) it is the name until the new branch takes over that of O(branch).
    type: str
  finalize:
    description:
      - Whether the restored branch replaces O(branch). It takes over its name and its computes, and so its host names. The computes are restarted.
      - The replaced branch is kept as O(preserve_under_name). Needs O(confirm_destroy) with the name of O(branch).
      - A branch that was replaced by this snapshot before stays as it is, whatever was written to it since.
    type: bool
    default: false
  preserve_under_name:
    description:
      - What the replaced branch is called afterwards, 1 to 256 characters. Required with O(finalize=true). No branch may have that name yet.
    type: str
  confirm_destroy:
    description:
      - A destructive change is refused unless this is the exact name. To delete, that of the snapshot. To replace a branch, that of the branch.
    type: str
notes:
  - A task without a change takes one request for the snapshots and one for each branch that is named.
  - A restored branch carries no annotation. M(dbinfra.postgres.neon_branch) takes it for a foreign one.
  - A restored branch started with data, whatever the replaced one started with. Where C(init_source=schema-only) is declared,
    M(dbinfra.postgres.neon_branch) refuses it from then on, for the snapshot may hold rows that must not be there. Correct that declaration if
    they may.
seealso:
  - module: dbinfra.postgres.neon_branch
  - module: dbinfra.postgres.neon_info
"""

EXAMPLES = r"""
- name: A mark before the release, kept for a week
  dbinfra.postgres.neon_snapshot:
    project_id: quiet-sun-12345678
    branch: production
    name: dbinfra-before-release-42
    ttl: 7d

- name: A mark of a branch that an earlier task makes, and that a check only predicts
  dbinfra.postgres.neon_snapshot:
    project_id: quiet-sun-12345678
    branch: staging
    predicted: "{{ not staging.branch.exists }}"
    name: dbinfra-staging-is-new

- name: Look at it in a branch of its own
  dbinfra.postgres.neon_snapshot:
    project_id: quiet-sun-12345678
    name: dbinfra-before-release-42
    state: restored
    target_name: look-42

- name: Go back to it, and keep what is there now
  dbinfra.postgres.neon_snapshot:
    project_id: quiet-sun-12345678
    name: dbinfra-before-release-42
    state: restored
    branch: production
    target_name: production-restored
    finalize: true
    preserve_under_name: production-before-the-restore
    confirm_destroy: production

- name: Delete it
  dbinfra.postgres.neon_snapshot:
    project_id: quiet-sun-12345678
    name: dbinfra-before-release-42
    state: absent
    confirm_destroy: dbinfra-before-release-42
"""

RETURN = r"""
snapshot:
  description:
    - The snapshot. Check mode returns what the run will return. What only Neon can know is null then, as each field says, and C(exists) is false
      of a snapshot yet to be taken.
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
      description: Its project.
      type: str
    source_branch_id:
      description: The branch that it was taken of.
      type: str
    lsn:
      description: The place in the log that it shows, if Neon says it. In check mode before it exists, only one that is declared.
      type: str
    timestamp:
      description: The moment that it shows, in whole seconds, if Neon says it. In check mode before it exists, only one that is declared.
      type: str
    created_at:
      description: When it was taken, not in check mode before it exists.
      type: str
    expires_at:
      description: When it is deleted, null for never. In check mode also null if O(ttl) settles it.
      type: str
    manual:
      description: V(false) if a schedule made it.
      type: bool
    full_size:
      description: Bytes of data in it, null while Neon has not measured it, and so in check mode before it exists.
      type: int
  sample:
    exists: true
    id: snap-cool-lake-12345678
    name: dbinfra-before-release-42
    project_id: quiet-sun-12345678
    source_branch_id: br-old-oak-12345678
    lsn: 0/1DE2850
    timestamp: "2026-11-24T18:00:00Z"
    created_at: "2026-11-24T18:00:01Z"
    expires_at: "2026-12-01T18:00:00Z"
    manual: true
    full_size: 31457280
branch:
  description: The restored branch. With O(finalize=true), the branch that was replaced, which is the restored one from then on.
  returned: with O(state=restored)
  type: dict
  contains:
    exists:
      description: Whether it exists as the restored snapshot.
      type: bool
    id:
      description: Its id, not in check mode before it exists.
      type: str
    name:
      description: Its name.
      type: str
    project_id:
      description: Its project.
      type: str
    restored_from:
      description: Id of the snapshot.
      type: str
    replaced_branch_id:
      description: Id of the branch that it replaced, null without O(finalize=true).
      type: str
  sample:
    exists: true
    id: br-new-elm-12345678
    name: look-42
    project_id: quiet-sun-12345678
    restored_from: snap-cool-lake-12345678
    replaced_branch_id: null
actions:
  description: The changes in words.
  returned: when there are changes
  type: list
  elements: str
  sample: ["create snapshot dbinfra-before-release-42"]
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.access import common_options
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.snapshot import build_snapshot

SPEC = {
    "argument_spec": {
        **common_options(),
        "project_id": {"type": "str"},
        "predicted": {"type": "bool", "default": False},
        "name": {"type": "str", "required": True},
        "id": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent", "restored"], "default": "present"},
        "branch": {"type": "str"},
        "timestamp": {"type": "str"},
        "lsn": {"type": "str"},
        "expires_at": {"type": "str"},
        "ttl": {"type": "str"},
        "adopt": {"type": "bool", "default": False},
        "target_name": {"type": "str"},
        "finalize": {"type": "bool", "default": False},
        "preserve_under_name": {"type": "str"},
        "confirm_destroy": {"type": "str"},
    },
    "required_if": [("state", "restored", ("target_name",))],
}


def main() -> None:
    """Run the module."""
    run_resource(SPEC, build_snapshot)


if __name__ == "__main__":
    main()
