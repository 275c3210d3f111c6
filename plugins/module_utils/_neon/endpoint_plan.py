# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a compute endpoint. Pure: no HTTP, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.reconcile import Change, Plan
from .records import NOTHING_SAID, Compute, Endpoint, compute_to_api
from .rules import check_compute, compute_differences, declared, require_confirmation


@dataclasses.dataclass(frozen=True)
class EndpointWish:
    """A declared endpoint.

    :param type: ``read_write`` or ``read_only``.
    """

    type: str
    compute: Compute = NOTHING_SAID
    present: bool = True
    confirm_destroy: str | None = None


def plan_endpoint(endpoint: Endpoint | None, branch_id: str | None, wish: EndpointWish) -> Plan:
    """Return what brings an endpoint to its declaration.

    An endpoint that does not differ is left alone completely: a PATCH would wake it, and may restart it.

    :param endpoint: the branch's endpoint of the declared type, None if there is none.
    :param branch_id: the branch, None if it is only predicted.
    :raises InputError: for impossible sizes.
    :raises ConfirmationError: for an unconfirmed deletion.
    """
    if not wish.present:
        return _plan_absent(endpoint, wish)
    check_compute(wish.compute, "options min_cu, max_cu and suspend_timeout_seconds")
    subject = f"{wish.type} endpoint"
    if endpoint is None:
        request = {"branch_id": branch_id, "type": wish.type, **compute_to_api(wish.compute)}
        return Plan(changes=(Change("create", subject, request),), after={"type": wish.type, **_shown(wish.compute)})
    differences = compute_differences(endpoint.compute, wish.compute)
    if not differences:
        return Plan()
    # The size is one range to the provider: both ends are sent, or a new minimum might stand above the old maximum.
    sizes = Compute(min_cu=wish.compute.min_cu, max_cu=wish.compute.max_cu) if {"min_cu", "max_cu"} & set(differences) else Compute()
    suspend = wish.compute.suspend_timeout_seconds if "suspend_timeout_seconds" in differences else None
    fields = compute_to_api(dataclasses.replace(sizes, suspend_timeout_seconds=suspend))
    return Plan(
        changes=(Change("update", subject, {"id": endpoint.id, "fields": fields}),),
        before={"type": wish.type, **{field: pair[0] for field, pair in differences.items()}},
        after={"type": wish.type, **{field: pair[1] for field, pair in differences.items()}},
    )


def _plan_absent(endpoint: Endpoint | None, wish: EndpointWish) -> Plan:
    if endpoint is None:
        return Plan()
    require_confirmation(wish.confirm_destroy, str(endpoint.id), f"delete {wish.type} endpoint {endpoint.id}; its host name is lost")
    before = {"type": endpoint.type, "id": endpoint.id, "host": endpoint.host, **_shown(endpoint.compute)}
    return Plan(changes=(Change("delete", f"{wish.type} endpoint", {"id": endpoint.id}),), before=before)


def _shown(compute: Compute) -> dict[str, t.Any]:
    return declared(min_cu=compute.min_cu, max_cu=compute.max_cu, suspend_timeout_seconds=compute.suspend_timeout_seconds)
