# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a compute endpoint. Pure: no HTTP, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError, NotFoundError
from .._core.reconcile import Change, Plan
from .names import LONGEST_ENDPOINT_NAME, check_name
from .records import NOTHING_SAID, Compute, Endpoint, compute_to_api
from .rules import check_compute, check_open_end, compute_differences, declared, require_confirmation

ACTIVE: t.Final = "active"
IDLE: t.Final = "idle"
# The requests that do what a state asks for, by state.
DEEDS: t.Final = {"started": "start", "suspended": "suspend", "restarted": "restart"}


@dataclasses.dataclass(frozen=True)
class EndpointWish:
    """A declared endpoint. None means: not declared.

    :param type: ``read_write`` or ``read_only``.
    :param state: ``present``, ``absent``, ``started``, ``suspended`` or ``restarted``.
    :param pg_settings: only the named settings are looked at.
    :param pg_settings_absent: names, as Neon shows them, of settings that must not be there.
    """

    type: str
    compute: Compute = NOTHING_SAID
    state: str = "present"
    confirm_destroy: str | None = None
    name: str | None = None
    pg_settings: t.Mapping[str, str] | None = None
    disabled: bool | None = None
    pg_settings_absent: frozenset[str] = frozenset()

    @property
    def absent(self) -> bool:
        """Tell whether the endpoint is to be deleted."""
        return self.state == "absent"


def check_endpoint_wish(wish: EndpointWish) -> None:
    """Refuse what is wrong whatever Neon says.

    :raises InputError: naming the option.
    """
    if wish.name is not None:
        check_name(wish.name, "name", "endpoint", LONGEST_ENDPOINT_NAME)
    if not wish.absent:
        check_compute(wish.compute, "options min_cu, max_cu and suspend_timeout_seconds")
    if wish.disabled and wish.state in ("started", "restarted"):
        raise InputError(f"a disabled compute cannot be {wish.state}", where="options disabled and state", remedy="Correct one of them")


def plan_endpoint(endpoint: Endpoint | None, branch_id: str | None, wish: EndpointWish, *, done: bool = False, protected: str | None = None) -> Plan:
    """Return what brings an endpoint to its declaration.

    An endpoint that does not differ is left alone completely: a PATCH would wake it, and may restart it.

    :param endpoint: the declared endpoint of the branch, None if there is none.
    :param branch_id: the branch, None if it is only predicted.
    :param done: it was restarted by this task already, which cannot be seen on it.
    :param protected: the name of its branch if that is protected, which matters to a confirmed deletion only.
    :raises InputError: for an impossible declaration, and for the deletion of a protected branch's endpoint.
    :raises NotFoundError: if one that is not there is to be started, suspended or restarted.
    :raises ConfirmationError: for an unconfirmed deletion.
    """
    if wish.absent:
        return _plan_absent(endpoint, wish, protected)
    check_endpoint_wish(wish)
    subject = f"{wish.type} endpoint" + (f" {wish.name}" if wish.name else "")
    if endpoint is None:
        if wish.state != "present":
            raise NotFoundError(f"there is no {subject} to be {wish.state}", where="option state", remedy="Make it first (state: present)")
        return _plan_create(branch_id, wish, subject)
    plan = _plan_update(endpoint, wish, subject)
    if wish.state == "present" or done:
        return plan
    return _with_deed(plan, endpoint, wish, subject)


def _plan_absent(endpoint: Endpoint | None, wish: EndpointWish, protected: str | None) -> Plan:
    if endpoint is None:
        return Plan()
    require_confirmation(wish.confirm_destroy, str(endpoint.id), f"delete {wish.type} endpoint {endpoint.id}; its host name is lost")
    if protected is not None:
        raise InputError(
            f"the {wish.type} endpoint {endpoint.id} of a protected branch is not deleted",
            where=f"branch {protected} ({endpoint.branch_id})",
            remedy="Declare it with protected: false first (neon_branch), and delete the endpoint in a later task",
        )
    before = declared(type=endpoint.type, name=endpoint.name or None, id=endpoint.id, host=endpoint.host, **_shown(endpoint.compute))
    return Plan(changes=(Change("delete", f"{wish.type} endpoint", {"id": endpoint.id}),), before=before)


def _plan_create(branch_id: str | None, wish: EndpointWish, subject: str) -> Plan:
    settings = {"pg_settings": dict(wish.pg_settings)} if wish.pg_settings else None
    request = {
        "branch_id": branch_id,
        "type": wish.type,
        **compute_to_api(wish.compute),
        **declared(name=wish.name, disabled=wish.disabled, settings=settings),
    }
    after = {"type": wish.type, **_shown(wish.compute), **declared(name=wish.name, disabled=wish.disabled, pg_settings=wish.pg_settings or None)}
    return Plan(changes=(Change("create", subject, request),), after=after)


def _plan_update(endpoint: Endpoint, wish: EndpointWish, subject: str) -> Plan:
    differences = compute_differences(endpoint.compute, wish.compute)
    # The size is one range to the provider. Both declared ends are sent, or a new minimum might stand above the old maximum; an end that is not
    # declared stays where it is.
    check_open_end(endpoint.compute, wish.compute, "options min_cu and max_cu")
    sizes = Compute(min_cu=wish.compute.min_cu, max_cu=wish.compute.max_cu) if {"min_cu", "max_cu"} & set(differences) else Compute()
    suspend = wish.compute.suspend_timeout_seconds if "suspend_timeout_seconds" in differences else None
    fields: dict[str, t.Any] = compute_to_api(dataclasses.replace(sizes, suspend_timeout_seconds=suspend))
    if wish.name is not None and wish.name != endpoint.name:
        differences["name"] = (endpoint.name, wish.name)
        fields["name"] = wish.name
    if wish.disabled is not None and wish.disabled != endpoint.disabled:
        differences["disabled"] = (endpoint.disabled, wish.disabled)
        fields["disabled"] = wish.disabled
    wrong, surplus = settings_that_differ(endpoint, wish), settings_to_go(endpoint, wish)
    if wrong or surplus:
        have = pg_settings_of(endpoint)
        differences["pg_settings"] = ({key: have[key] for key in (*wrong, *surplus) if key in have}, wrong)
        fields["settings"] = _settings_request(endpoint, {**{key: text for key, text in have.items() if key not in surplus}, **wrong})
    if not differences:
        return Plan()
    return Plan(
        changes=(Change("update", subject, {"id": endpoint.id, "fields": fields}),),
        before={"type": wish.type, **{field: pair[0] for field, pair in differences.items()}},
        after={"type": wish.type, **{field: pair[1] for field, pair in differences.items()}},
    )


def completion(declared: Compute, defaults: Compute) -> Compute:
    """Return what Neon completes a new compute with, None where nobody can know it.

    :param defaults: the project's. An end of the range of sizes that passes the declared other end is moved, and Neon does not say how far.
    """
    low, high = defaults.min_cu, defaults.max_cu
    if declared.max_cu is not None and low is not None and low > declared.max_cu:
        low = None
    if declared.min_cu is not None and high is not None and high < declared.min_cu:
        high = None
    return dataclasses.replace(defaults, min_cu=low, max_cu=high)


def pg_settings_of(endpoint: Endpoint) -> dict[str, t.Any]:
    """Return the endpoint's PostgreSQL settings as Neon shows them."""
    settings = endpoint.settings.get("pg_settings")
    return dict(settings) if isinstance(settings, t.Mapping) else {}


def settings_that_differ(endpoint: Endpoint, wish: EndpointWish) -> dict[str, str]:
    """Return the declared settings that the endpoint does not show as declared."""
    have = pg_settings_of(endpoint)
    return {key: value for key, value in (wish.pg_settings or {}).items() if have.get(key) != value}


def settings_to_go(endpoint: Endpoint, wish: EndpointWish) -> list[str]:
    """Return the settings that the endpoint shows and must not have."""
    return [key for key in pg_settings_of(endpoint) if key in wish.pg_settings_absent]


def _settings_request(endpoint: Endpoint, pg_settings: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the settings as a whole: whether Neon merges or replaces them is not documented."""
    libraries = endpoint.settings.get("preload_libraries")
    return {"pg_settings": dict(pg_settings), **declared(preload_libraries=libraries)}


def _with_deed(plan: Plan, endpoint: Endpoint, wish: EndpointWish, subject: str) -> Plan:
    """Add what the state asks for to what the properties ask for."""
    have = endpoint.state
    if wish.state == "restarted" and have != ACTIVE:
        raise InputError(
            f"{subject} ({endpoint.id}) is {have or 'in an unknown state'}, only an active compute can be restarted",
            where="option state",
            remedy="Use state: started; a compute that starts has its newest settings",
        )
    if wish.state in ("started", "restarted") and endpoint.disabled and wish.disabled is not False:
        raise InputError(f"{subject} ({endpoint.id}) is disabled", where="option state", remedy="Declare disabled: false as well")
    # An update of a sleeping compute wakes it for a moment, and Neon lets it sleep again.
    if (wish.state == "started" and have == ACTIVE) or (wish.state == "suspended" and have == IDLE):
        return plan
    want = "restarted" if wish.state == "restarted" else ACTIVE if wish.state == "started" else IDLE
    return Plan(
        changes=(*plan.changes, Change(DEEDS[wish.state], subject, {"id": endpoint.id})),
        before={"type": wish.type, **plan.before, "state": have},
        after={"type": wish.type, **plan.after, "state": want},
    )


def _shown(compute: Compute) -> dict[str, t.Any]:
    return declared(min_cu=compute.min_cu, max_cu=compute.max_cu, suspend_timeout_seconds=compute.suspend_timeout_seconds)
