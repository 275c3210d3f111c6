# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a project. Pure: no HTTP, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import ImmutableError, InputError
from .._core.reconcile import Change, Plan
from .names import check_free, check_identifier, check_name
from .project_settings import NO_SETTINGS, Difference, SettingsWish, check_libraries, exhausted_quotas, refuse_one_way, setting_differences
from .records import MANAGED_BY, NOTHING_SAID, Compute, Project, compute_from_settings, compute_to_api
from .rules import check_compute, check_open_end, compute_differences, declared, history_fault, require_confirmation

#: What a plan may depend on beyond the project itself; see :func:`open_questions`.
IS_OURS: t.Final = "is it ours"
LIBRARIES: t.Final = "available libraries"
USAGE: t.Final = "usage"
PROTECTED: t.Final = "protected branches"


# The major versions of PostgreSQL that Neon's API description knows.
_OLDEST_MAJOR: t.Final = 14
_NEWEST_MAJOR: t.Final = 18


@dataclasses.dataclass(frozen=True)
class ProjectWish:
    """A declared project. None means: not declared.

    :param owner: this inventory owns the project-wide settings; otherwise it asserts them.
    :param adopt: a project that this collection did not make may be changed, and deleted.
    """

    name: str
    org_id: str | None = None
    region_id: str | None = None
    pg_version: int | None = None
    store_passwords: bool | None = None
    default_branch: str | None = None
    owner_role: str | None = None
    database: str | None = None
    history_retention_seconds: int | None = None
    default_compute: Compute = NOTHING_SAID
    settings: SettingsWish = NO_SETTINGS
    owner: bool = True
    adopt: bool = False
    present: bool = True
    confirm_destroy: str | None = None


@dataclasses.dataclass(frozen=True)
class Known:
    """What was found out about a project because its plan depends on it.

    :param ours: whether it may be changed and deleted without ``adopt``: it was made by this collection, or its id is pinned.
    :param libraries: the libraries that it can preload; None if nobody asked.
    :param protected: the names of its protected branches; empty if nobody asked.
    """

    ours: bool = True
    libraries: tuple[str, ...] | None = None
    protected: tuple[str, ...] = ()


NOTHING_ASKED: t.Final = Known()


def check_project_wish(wish: ProjectWish) -> None:
    """Refuse what is wrong whatever Neon says.

    :raises InputError: naming the option.
    """
    check_name(wish.name, "name", "project")
    if not wish.present:
        return
    if wish.region_id is not None and not wish.region_id.strip():
        raise InputError(
            f"{wish.region_id!r} names no region",
            where="option region_id",
            why="An unset variable gives that",
            remedy="Give a region, for example aws-eu-central-1, or leave the option out for Neon's choice",
        )
    if wish.pg_version is not None and not _OLDEST_MAJOR <= wish.pg_version <= _NEWEST_MAJOR:
        raise InputError(
            f"it is {wish.pg_version}",
            where="option pg_version",
            why=f"Neon has PostgreSQL {_OLDEST_MAJOR} to {_NEWEST_MAJOR}",
            remedy="Declare one of these major versions",
        )
    if wish.default_branch is not None:
        check_name(wish.default_branch, "default_branch")
    for option, name, kind in (("owner_role", wish.owner_role, "role"), ("database", wish.database, "database")):
        if name is not None:
            check_identifier(name, option, kind)
            check_free(name, option, kind)
    fault = None if wish.history_retention_seconds is None else history_fault(wish.history_retention_seconds)
    if fault:
        raise InputError(
            f"it is {wish.history_retention_seconds}", where="option history_retention_seconds", why=fault, remedy="Declare a number in this range"
        )
    check_compute(wish.default_compute, "option default_compute")


def open_questions(project: Project, wish: ProjectWish) -> frozenset[str]:
    """Return what has to be found out before a project can be planned. Nothing if nothing is to be changed or deleted.

    :raises ImmutableError: as :func:`plan_project`, so that nothing is asked in vain.
    """
    if not wish.present:
        # Without the right confirmation nothing is deleted, whoever made it.
        if wish.confirm_destroy != project.name:
            return frozenset()
        return frozenset({PROTECTED}) if wish.adopt else frozenset({PROTECTED, IS_OURS})
    if not wish.owner:
        return frozenset()
    _refuse_immutable(project, wish)
    settings = setting_differences(project.settings or {}, wish.settings)
    options = {difference.option for difference in settings}
    questions = set()
    if "preload_libraries" in options:
        questions.add(LIBRARIES)
    if "quota" in options and project.usage is None:
        questions.add(USAGE)
    if not wish.adopt and (options or _own_differences(project, wish)):
        questions.add(IS_OURS)
    return frozenset(questions)


def plan_project(project: Project | None, wish: ProjectWish, known: Known = NOTHING_ASKED) -> Plan:
    """Return what brings a project to its declaration.

    :param project: the project, None if there is none.
    :param known: the answers to :func:`open_questions`.
    :raises ImmutableError: for a difference that cannot be changed.
    :raises InputError: for a difference that only the owner's inventory may change, a change to a foreign project or its deletion, the
        deletion of a project with protected branches, or an impossible declaration.
    :raises ConfirmationError: for an unconfirmed deletion, a shorter history, or a quota that is used up already.
    """
    if not wish.present:
        return _plan_absent(project, wish, known)
    check_project_wish(wish)
    if project is None:
        return _plan_create(wish)
    _refuse_immutable(project, wish)
    check_open_end(compute_from_settings(project.default_endpoint_settings), wish.default_compute, "option default_compute")
    return _plan_update(project, wish, known)


def keeper(projects: t.Sequence[t.Mapping[str, t.Any]]) -> t.Mapping[str, t.Any] | None:
    """Return which of several projects of one name stays when runs made them at the same time: the oldest, then the one with the first id.

    Every run that asks gets the same answer.

    :param projects: as the API lists them; ``created_at`` is in UTC.
    """
    return min(projects, key=lambda project: (str(project.get("created_at")), str(project.get("id"))), default=None)


def _plan_absent(project: Project | None, wish: ProjectWish, known: Known) -> Plan:
    if project is None:
        return Plan()
    require_confirmation(wish.confirm_destroy, project.name, f"delete project {project.name} with all its branches and data")
    if not known.ours and not wish.adopt:
        raise _foreign(project, "deleted with all its branches and data")
    if known.protected:
        raise InputError(
            f"a project with protected branches is not deleted, these are protected: {', '.join(known.protected)}",
            where=f"project {project.name} ({project.id})",
            remedy="Declare them with protected: false first (neon_branch), and delete the project in a later task",
        )
    before = {"name": project.name, "region_id": project.region_id, "pg_version": project.pg_version}
    return Plan(changes=(Change("delete", f"project {project.name}", {"id": project.id}),), before=before)


def _plan_create(wish: ProjectWish) -> Plan:
    shown = declared(
        name=wish.name,
        org_id=wish.org_id,
        region_id=wish.region_id,
        pg_version=wish.pg_version,
        store_passwords=wish.store_passwords,
        history_retention_seconds=wish.history_retention_seconds,
    )
    branch = declared(name=wish.default_branch, role_name=wish.owner_role, database_name=wish.database)
    settings = compute_to_api(wish.default_compute)
    request = {**shown, "branch": {**branch, "annotations": dict(MANAGED_BY)}}
    if settings:
        request["default_endpoint_settings"] = settings
    after = {**shown, **declared(default_branch=wish.default_branch, owner_role=wish.owner_role, database=wish.database)}
    if settings:
        after["default_compute"] = _shown(wish.default_compute)
    differences = setting_differences({}, wish.settings)
    after.update({difference.option: difference.want for difference in differences})
    fields = {difference.key: difference.value for difference in differences}
    # Which libraries there are can only be asked for a project that exists.
    libraries = fields.pop("preload_libraries", None)
    if fields:
        request["settings"] = fields
    changes = [Change("create", f"project {wish.name}", request)]
    if libraries is not None:
        later = {"id": None, "fields": {"settings": {**fields, "preload_libraries": libraries}}}
        changes.append(Change("update", f"project {wish.name}", later))
    return Plan(changes=tuple(changes), after=after)


def _refuse_immutable(project: Project, wish: ProjectWish) -> None:
    for option, have, want in (
        ("region_id", project.region_id, wish.region_id),
        ("pg_version", project.pg_version, wish.pg_version),
        ("org_id", project.org_id, wish.org_id),
        ("store_passwords", project.store_passwords, wish.store_passwords),
    ):
        # What the answer does not say cannot be compared.
        if want is None or have is None or want == have:
            continue
        remedy = (
            "Declare what it is, or transfer the project in the console"
            if option == "org_id"
            else f"Declare {option}: {have}, or make a project with another name and move the data; this project is never made anew"
        )
        raise ImmutableError(
            f"project {project.name} ({project.id}) has {option} {have}, declared is {want}",
            where=f"option {option}",
            why="It is fixed when a project is made",
            remedy=remedy,
        )
    refuse_one_way(project.settings or {}, wish.settings, f"project {project.name} ({project.id})")


def _own_differences(project: Project, wish: ProjectWish) -> list[Difference]:
    """Return what differs beside the settings; ``key`` is the field of the project itself."""
    found = []
    want, have = wish.history_retention_seconds, project.history_retention_seconds
    if want is not None and want != have:
        found.append(Difference("history_retention_seconds", have, want, "history_retention_seconds", want))
    pairs = compute_differences(compute_from_settings(project.default_endpoint_settings), wish.default_compute)
    if pairs:
        have_shown, want_shown = ({field: pair[side] for field, pair in pairs.items()} for side in (0, 1))
        whole = _merged_settings(project.default_endpoint_settings, wish.default_compute)
        found.append(Difference("default_compute", have_shown, want_shown, "default_endpoint_settings", whole))
    return found


def _plan_update(project: Project, wish: ProjectWish, known: Known) -> Plan:
    current = project.settings or {}
    own, settings = _own_differences(project, wish), setting_differences(current, wish.settings)
    if not own and not settings:
        return Plan()
    before = {item.option: item.have for item in (*own, *settings)}
    after = {item.option: item.want for item in (*own, *settings)}
    request: dict[str, t.Any] = {item.key: item.value for item in own}
    if settings:
        request["settings"] = {**current, **{item.key: item.value for item in settings}}
    _refuse_what_others_own(project, wish, known, before, after)
    if "preload_libraries" in after and known.libraries is not None:
        check_libraries(wish.settings.preload_libraries or (), known.libraries)
    _confirm(project, wish, settings)
    name = {"name": project.name}
    change = Change("update", f"project {project.name}", {"id": project.id, "fields": request})
    return Plan(changes=(change,), before={**name, **before}, after={**name, **after}, warnings=_warnings(settings))


def _refuse_what_others_own(project: Project, wish: ProjectWish, known: Known, before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> None:
    subject = f"project {project.name} ({project.id})"
    differences = ", ".join(f"{option} is {before[option]}, declared is {after[option]}" for option in after)
    if not wish.owner:
        raise InputError(
            f"{subject} differs from the declaration: {differences}",
            where="option ownership",
            why="This inventory is a member: it asserts project-wide settings and does not set them",
            remedy="Declare the same in both inventories and run the owner's, or correct this declaration",
        )
    if not known.ours and not wish.adopt:
        raise _foreign(project, f"changed: {differences}")


def _foreign(project: Project, deed: str) -> InputError:
    return InputError(
        f"project {project.name} ({project.id}) was found by its name, was not made by this collection, and would be {deed}",
        where="option adopt",
        why="Names are not unique at Neon, and nothing says that this project is meant",
        remedy=f"If it is, pin it (id: {project.id}; in an inventory: neon_project_id) or set adopt: true",
    )


def _confirm(project: Project, wish: ProjectWish, settings: t.Sequence[Difference]) -> None:
    have, want = project.history_retention_seconds, wish.history_retention_seconds
    if have is not None and want is not None and want < have:
        require_confirmation(wish.confirm_destroy, project.name, f"shorten the history of project {project.name} from {have} to {want} seconds")
    used_up = exhausted_quotas(settings, wish.settings, project.usage or {})
    if used_up:
        deed = f"set a quota that is used up already, which suspends all computes of project {project.name} at once: {', '.join(used_up)}"
        require_confirmation(wish.confirm_destroy, project.name, deed)


def _warnings(settings: t.Sequence[Difference]) -> tuple[str, ...]:
    options = {item.option for item in settings}
    warnings = []
    if "preload_libraries" in options:
        warnings.append(
            "the libraries of preload_libraries are loaded when a compute starts: restart the active ones (neon_endpoint with state: restarted)"
        )
    if "enable_logical_replication" in options:
        warnings.append("enabling logical replication suspends all active computes of the project, and cannot be undone")
    return tuple(warnings)


def _merged_settings(current: t.Mapping[str, t.Any] | None, wish: Compute) -> dict[str, t.Any]:
    # Whether the API merges or replaces this object is not documented: the whole is sent. pgbouncer_settings is being removed.
    kept = {key: value for key, value in (current or {}).items() if key != "pgbouncer_settings"}
    return {**kept, **compute_to_api(wish)}


def _shown(compute: Compute) -> dict[str, t.Any]:
    return declared(min_cu=compute.min_cu, max_cu=compute.max_cu, suspend_timeout_seconds=compute.suspend_timeout_seconds)
