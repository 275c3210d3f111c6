#!/usr/bin/python
# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neon_branch
short_description: Manage a branch of a Neon project
description:
  - Creates, protects, makes default, asserts and deletes a branch.
  - A branch is made from the branch that O(parent) names, never from the default branch because nothing was said.
  - No endpoint is made with a branch, that is the matter of M(dbinfra.postgres.neon_endpoint).
version_added: 0.1.0
author: dbinfra contributors (@dbinfra)
extends_documentation_fragment:
  - dbinfra.postgres._neon
  - dbinfra.postgres._neon.state
  - dbinfra.postgres._attributes
  - dbinfra.postgres._attributes.action_group_neon
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
  name:
    description:
      - The exact name of the branch.
    type: str
    required: true
  id:
    description:
      - Pins the branch by its id. Its name must then be O(name), and it is never created.
    type: str
  parent:
    description:
      - Name or id of the branch that this one is made from. Required to create a branch.
      - Of an existing branch that has a parent it is asserted.
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
seealso:
  - module: dbinfra.postgres.neon_project
  - module: dbinfra.postgres.neon_endpoint
"""

EXAMPLES = r"""
- name: Production's branch, which came with the project
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    name: production
    default: true
    protected: true

- name: Staging has production's schema and none of its rows
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    name: staging
    parent: production
    init_source: schema-only
  register: branch

- name: Delete a preview
  dbinfra.postgres.neon_branch:
    project_id: "{{ project.project.id }}"
    name: preview-17
    state: absent
    confirm_destroy: preview-17
"""

RETURN = r"""
branch:
  description: The branch. Ids are null while it is only predicted.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether it exists.
      type: bool
    id:
      description: Its id.
      type: str
    name:
      description: Its name.
      type: str
    project_id:
      description: Its project.
      type: str
    default:
      description: Whether it is the default branch.
      type: bool
    protected:
      description: Whether it is protected.
      type: bool
    parent_id:
      description: Its parent, null for a root branch.
      type: str
    parent_protected:
      description:
        - Whether O(parent) is protected, null if this task had no reason to look at it. It always looks when it creates the branch.
        - Roles of a branch that is made from a protected one get new passwords.
      type: bool
    copied_from:
      description:
        - Id of the branch that this task makes it from, in check mode would make it from, whatever O(init_source) is.
        - Null for a branch that was there already, and while the project is only predicted.
        - In check mode, M(dbinfra.postgres.neon_role) and M(dbinfra.postgres.neon_database) take it to find out what the copy will come with.
      type: str
    init_source:
      description: What it started with, if Neon says it.
      type: str
  sample:
    exists: true
    id: br-still-tree-12345678
    name: staging
    project_id: quiet-sun-12345678
    default: false
    protected: false
    parent_id: null
    parent_protected: true
    copied_from: br-old-oak-12345678
    init_source: schema-only
actions:
  description: The changes in words.
  returned: when there are changes
  type: list
  elements: str
  sample: ["create branch staging"]
"""

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.runner import run_resource
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.branch import build_branch
from ansible_collections.dbinfra.postgres.plugins.module_utils._neon.options import common_options, state_options

SPEC = {
    "argument_spec": {
        **common_options(),
        **state_options(),
        "project_id": {"type": "str"},
        "predicted": {"type": "bool", "default": False},
        "predicted_state": {
            "type": "dict",
            "options": {
                "default": {"type": "bool", "default": True},
                "protected": {"type": "bool", "default": False},
                "init_source": {"type": "str", "default": "parent-data"},
            },
        },
        "name": {"type": "str", "required": True},
        "id": {"type": "str"},
        "parent": {"type": "str"},
        "init_source": {"type": "str", "choices": ["parent-data", "schema-only"]},
        "protected": {"type": "bool"},
        "default": {"type": "bool"},
    },
}


def main() -> None:
    """Run the module."""
    run_resource(SPEC, build_branch)


if __name__ == "__main__":
    main()
