# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The project as a resource."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import AuthenticationError, InputError, NotFoundError, ProviderError
from .._core.reconcile import Change, Plan
from .._core.runner import Context
from .answers import required
from .client import NeonClient, path_of
from .ids import wrong_pin
from .lists import only, projects_matching, projects_named
from .operations import wait_until_settled
from .options import client_of, compute_of
from .project_look import available_libraries, is_marked_as_ours, protected_branches
from .project_plan import (
    IS_OURS,
    LIBRARIES,
    NOTHING_ASKED,
    PROTECTED,
    USAGE,
    Known,
    ProjectWish,
    check_project_wish,
    keeper,
    open_questions,
    plan_project,
)
from .project_settings import check_libraries, settings_wish
from .records import NOTHING_SAID, Project, project_from
from .resource import NeonResource


@dataclasses.dataclass(frozen=True)
class ProjectState:
    """A project, and what was found out because its plan depends on it."""

    project: Project | None
    known: Known = NOTHING_ASKED


class ProjectResource(NeonResource):
    """A project, found by its pinned id or by its exact name.

    :param pinned: the id that the declaration pins, or None.
    """

    def __init__(self, context: Context, client: NeonClient, wish: ProjectWish, pinned: str | None) -> None:
        super().__init__(context, client)
        self._wish = wish
        self._pinned = pinned
        # Known after a creation or deletion: the list may lag behind.
        self._made: str | None = None
        self._deleted: str | None = None
        # The project that came before the one that this task made. Who made it is another question.
        self._found_instead: str | None = None
        # By the project's id: whether it carries our mark. Nobody can take it away.
        self._marked: dict[str, bool] = {}

    def read(self) -> ProjectState:
        """Return the project or None; one request if the list says all that is compared and nothing is to be changed."""
        project = self._find()
        if project is None:
            return ProjectState(None)
        questions = open_questions(project, self._wish)
        if USAGE in questions:
            project = project_from(self._get(project.id))
        ours = bool(self._made or self._pinned) or IS_OURS not in questions or self._is_marked(project)
        libraries = available_libraries(self.client, project.id) if LIBRARIES in questions else None
        # What is not deleted anyway needs no further look.
        looked = PROTECTED in questions and (ours or self._wish.adopt)
        return ProjectState(project, Known(ours, libraries, protected_branches(self.client, project.id) if looked else ()))

    def plan(self, state: ProjectState) -> Plan:
        """Plan by :func:`plan_project`."""
        return plan_project(state.project, self._wish, state.known)

    def send(self, change: Change) -> t.Mapping[str, t.Any]:
        """Send one change."""
        if change.action == "create":
            answer = self.client.call("POST", "/projects", body={"project": change.payload}, unless=self._is_there)
            self._made = project_from(required(answer, "project", dict, "the new project")).id
            return answer
        project_id = change.payload["id"]
        if project_id is None:
            project_id = self._made or self._found_instead or self._present_id()
            check_libraries(self._wish.settings.preload_libraries or (), available_libraries(self.client, project_id))
        path = path_of("projects", project_id)
        if change.action == "delete":
            try:
                answer = self.client.call("DELETE", path)
            except NotFoundError:
                answer = {}
            self._deleted = project_id
            return answer
        return self.client.call("PATCH", path, body={"project": change.payload["fields"]})

    def apply(self, change: Change) -> None:
        """Carry out one change. After a creation, see whether another run made a project of that name at the same time."""
        super().apply(change)
        if change.action == "create" and self._made is not None:
            self._yield_to_another_run(self._made)

    def settled_project(self, answer: t.Mapping[str, t.Any] | None) -> str | None:
        """Return the project's id; a deleted project has no operations to wait for."""
        if not self._wish.present:
            return None
        if answer and isinstance(answer.get("project"), dict):
            return required(answer["project"], "id", str, "the project")
        project = self._find()
        return project.id if project else None

    def facts(self, state: ProjectState, plan: Plan, predicted: bool) -> t.Mapping[str, t.Any]:
        """Return ``project``."""
        wish, found = self._wish, state.project
        if found is None or (predicted and not wish.present):
            here = wish.present
            project = {
                "exists": False,
                "id": None,
                "name": wish.name,
                "region_id": wish.region_id if here else None,
                "pg_version": wish.pg_version if here else None,
                "org_id": wish.org_id if here else None,
                "history_retention_seconds": wish.history_retention_seconds if here else None,
            }
        else:
            retention = wish.history_retention_seconds if predicted else None
            project = {
                "exists": True,
                "id": found.id,
                "name": found.name,
                "region_id": found.region_id,
                "pg_version": found.pg_version,
                "org_id": found.org_id,
                "history_retention_seconds": found.history_retention_seconds if retention is None else retention,
            }
        return {"project": project}

    def _yield_to_another_run(self, made: str) -> None:
        """Names are not unique, so two runs that found nothing make two projects. All but one of them take theirs back.

        Only the project that this very task made a moment ago is ever deleted, by its id, and nobody can have adopted it: who lists now finds two
        and refuses. Neon keeps it recoverable for seven days. The other one may be a person's, or somebody else's tool made it: from here on it
        is like any project that was found by its name, so it is used, and changed only if it carries our mark or may be adopted.

        :raises ConfirmationError: if it is somebody else's and differs from the declaration.
        """
        kept = keeper(projects_named(self.client, self._wish.name, self._wish.org_id))
        if kept is None or kept.get("id") == made:
            # A list that lags behind may not show ours yet.
            return
        kept_id = project_from(kept).id
        self.client.call("DELETE", path_of("projects", made))
        self._made, self._found_instead = None, kept_id
        self.context.warn(
            f"somebody else made the project {self._wish.name} ({kept_id}) at the same time, probably another run; the one that this run had just "
            f"made ({made}) was deleted again, and the other one is used"
        )
        wait_until_settled(self.client, kept_id)
        # What the plan has left to do was planned for a project of ours.
        self.plan(self.read())

    def _is_there(self) -> bool:
        """Tell whether there is a project of that name: Neon would make another one."""
        return bool(projects_named(self.client, self._wish.name, self._wish.org_id))

    def _find(self) -> Project | None:
        known = self._made or self._found_instead
        if known is not None:
            return project_from(self._get(known))
        if self._pinned:
            return self._read_pinned(self._pinned)
        matches = [data for data in projects_named(self.client, self._wish.name, self._wish.org_id) if data.get("id") != self._deleted]
        data = only(matches, f"project {self._wish.name!r}")
        if data is None:
            return None
        project = project_from(data)
        if self._says_too_little(project):
            return project_from(self._get(project.id))
        return project

    def _is_marked(self, project: Project) -> bool:
        if project.id not in self._marked:
            self._marked[project.id] = is_marked_as_ours(self.client, project.id, self._wish.default_branch)
        return self._marked[project.id]

    def _present_id(self) -> str:
        project = self._find()
        if project is None:
            raise NotFoundError(f"project {self._wish.name} is gone", where="Neon API, GET /projects", remedy="Run again")
        return project.id

    def _says_too_little(self, project: Project) -> bool:
        """Tell whether something that is compared is missing. All these fields are optional in the list."""
        wish = self._wish
        if wish.history_retention_seconds is not None and project.history_retention_seconds is None:
            return True
        if not wish.present:
            return False
        return (wish.default_compute != NOTHING_SAID and project.default_endpoint_settings is None) or (
            wish.settings.says_something() and project.settings is None
        )

    def _read_pinned(self, pinned: str) -> Project | None:
        try:
            project = project_from(self._get(pinned))
        except NotFoundError:
            if self._wish.present:
                raise
            if self._deleted is None:
                self._tell_of_another(pinned)
            return None
        if project.name != self._wish.name:
            raise InputError(
                f"the project with the pinned id {pinned} is named {project.name!r}, declared is {self._wish.name!r}",
                where="options id and name",
                remedy="Correct the one that is wrong",
            )
        return project

    def _tell_of_another(self, pinned: str) -> None:
        """Warn of a project of the declared name while nothing has the pinned id. Names are not unique, so the pinned one may well be gone."""
        name = self._wish.name
        try:
            listed, _unavailable = projects_matching(self.client, name, self._wish.org_id)
        except (AuthenticationError, ProviderError) as error:
            # The id alone needs no org_id and no right to list projects.
            self.context.warn(f"no project has the pinned id {pinned}, and whether another one is named {name} cannot be looked up. {error}")
            return
        ids = sorted(str(data.get("id")) for data in listed if data.get("name") == name)
        if ids:
            self.context.warn(wrong_pin("project", pinned, f"named {name!r}", ids).message())

    def _get(self, project_id: str) -> dict[str, t.Any]:
        return required(self.client.get(path_of("projects", project_id)), "project", dict, f"project {project_id}")


def build_project(context: Context) -> ProjectResource:
    """Build the resource from a task's options."""
    params = context.params
    wish = ProjectWish(
        name=params["name"],
        org_id=params["org_id"] or None,
        region_id=params["region_id"],
        pg_version=params["pg_version"],
        store_passwords=params["store_passwords"],
        default_branch=params["default_branch"],
        owner_role=params["owner_role"],
        database=params["database"],
        history_retention_seconds=params["history_retention_seconds"],
        default_compute=compute_of(params["default_compute"]),
        settings=settings_wish(params),
        adopt=params["adopt"],
        owner=params["ownership"] == "owner",
        present=params["state"] == "present",
        confirm_destroy=params["confirm_destroy"],
    )
    check_project_wish(wish)
    return ProjectResource(context, client_of(context, "project"), wish, params["id"])
