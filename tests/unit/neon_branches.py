# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words that conversations about branches are made of."""

from __future__ import annotations

import typing as t

from unit.neon_conversation import BRANCH_ID, OTHER_BRANCH_ID, PROJECT_ID, branch

BRANCHES = f"/projects/{PROJECT_ID}/branches"
PATH = f"{BRANCHES}/{BRANCH_ID}"
ENDPOINTS = f"{PATH}/endpoints"
OPERATIONS = f"/projects/{PROJECT_ID}/operations"
PRODUCTION = branch(id=OTHER_BRANCH_ID, default=True, protected=True)
MARK = {"object": {"type": "console/branch", "id": BRANCH_ID}, "value": {"managed_by": "dbinfra.postgres", "more": "x"}}
# The query of a list of all branches.
ALL = {"limit": "1000", "sort_by": "created_at", "sort_order": "asc"}


def search(name: str) -> dict[str, str]:
    """The query of a search by name."""
    return {"search": name, **ALL}


def listed(*branches: dict[str, t.Any], foreign: bool = False) -> dict[str, t.Any]:
    """A list of branches that this collection made, or somebody else."""
    return {"branches": list(branches), "annotations": {} if foreign else {each["id"]: MARK for each in branches}, "pagination": {}}


def found(data: dict[str, t.Any], foreign: bool = False) -> dict[str, t.Any]:
    """The answer to a GET of a branch that this collection made, or somebody else."""
    return {"branch": data} if foreign else {"branch": data, "annotation": MARK}
