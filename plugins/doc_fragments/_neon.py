# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the options that all Neon modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """``dbinfra.postgres._neon`` documents the access, ``..._neon.state`` deletion, ``..._neon.branch_child`` what lives on a branch,
    ``..._neon.copy`` what a copied branch comes with.
    """

    DOCUMENTATION = r"""
options:
  api_host:
    description:
      - Base address of the Neon API, with its path.
      - Plain C(http) is accepted for loopback addresses only, the key would be readable on the way.
      - Can be set by the environment variable E(NEON_API_HOST), the name that the Neon CLI uses.
    type: str
    default: https://console.neon.tech/api/v2
  api_key:
    description:
      - The API key. A personal key, a key of an organization, or a project-scoped key, which can neither create nor delete projects.
      - Can be set by the environment variable E(NEON_API_KEY). The task fails without a key.
      - A C(.netrc) file is not used.
    type: str
  timeout:
    description:
      - Seconds that the whole task may take. Retries, and waiting for Neon's asynchronous operations, are included.
    type: int
    default: 300
requirements:
  - requests
notes:
  - Runs on the control node; the API is the only thing it talks to.
  - HTTP 423 and 503 are repeated and 429 is waited for until O(timeout) is over. Only reading requests are repeated when no answer comes.
    If the answer to a change is lost, the object is looked up by its exact name and adopted.
  - Names are compared exactly. No object ever stands in for one that is not found.
"""

    STATE = r"""
options:
  state:
    description:
      - Whether the object has to exist.
    type: str
    choices: [present, absent]
    default: present
  confirm_destroy:
    description:
      - A destructive change is refused unless this is the exact name of the object.
    type: str
"""

    COPY = r"""
options:
  copied_from:
    description:
      - Id of the branch that the predicted branch will be a copy of, as M(dbinfra.postgres.neon_branch) returned it.
      - What will come along is then looked up on that branch, by requests that only read.
      - Only read with O(predicted=true) and a O(project_id).
    type: str
"""

    BRANCH_CHILD = r"""
options:
  project_id:
    description:
      - Id of the project. Required unless O(predicted=true).
    type: str
  branch_id:
    description:
      - Id of the branch. Required unless O(predicted=true).
      - Every answer is checked to be about this branch.
    type: str
  predicted:
    description:
      - The branch exists only as the prediction of an earlier task of the same check. With that task registered as C(staging), give
        C({{ not staging.branch.exists }}), which is false in a run.
      - In check mode nothing of this branch is requested then, and the result is what a run on an empty account would give. Some objects come
        along with a copied branch, the modules for them can look at its parent instead.
      - Refused outside check mode.
    type: bool
    default: false
"""
