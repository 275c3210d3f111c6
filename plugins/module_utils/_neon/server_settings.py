# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of a whole server on Neon, for ``pg_setting``: the ``pg_settings`` of the compute that a connection leads to."""

from __future__ import annotations

import typing as t

from .._core.errors import InputError, NotFoundError, ProviderError
from .._core.plain import to_plain
from .._core.reconcile import reconcile
from .._core.runner import Context
from .access import DEFAULT_API_HOST, DEFAULT_TIMEOUT
from .client import NeonClient, open_client
from .endpoint import EndpointResource, endpoints_of
from .endpoint_plan import EndpointWish, pg_settings_of
from .records import Endpoint


class ComputeSettings:
    """The settings of one compute. Nothing is requested before it is read or written."""

    def __init__(self, context: Context, client: NeonClient, login: t.Mapping[str, t.Any]) -> None:
        """:param login: the connection that the provider's modules return."""
        self._context = context
        self._client = client
        self._login = login

    def read(self) -> t.Mapping[str, str]:
        """Return what the API shows, by lower-case name; one request."""
        return {name.lower(): str(text) for name, text in pg_settings_of(self._endpoint()).items()}

    def write(self, settings: t.Mapping[str, str | None]) -> None:
        """Configure the named settings, None takes one away; return when Neon's operations are over and the API shows them.

        :raises ProviderError: if Neon refuses one of them, or accepts it without showing it.
        """
        endpoint = self._endpoint()
        # Neon's own spelling of a name that is there already is kept: another one would be a second entry.
        spelled = {name.lower(): name for name in pg_settings_of(endpoint)}
        wish = EndpointWish(
            endpoint.type,
            pg_settings={spelled.get(name.lower(), name): text for name, text in settings.items() if text is not None},
            pg_settings_absent=frozenset(spelled[name.lower()] for name, text in settings.items() if text is None and name.lower() in spelled),
        )
        try:
            self._bring_about(endpoint, wish)
        except ProviderError as error:
            raise ProviderError(
                f"{', '.join(sorted(settings))} could not be configured for the whole server: {error.what}",
                where=error.where,
                why=error.why,
                remedy="Name a database or a role for what a session may set, and leave the rest out: which settings Neon takes is not documented",
                details=error.details,
            ) from None

    def restart(self) -> None:
        """Restart the compute and wait for it."""
        endpoint = self._endpoint()
        self._bring_about(endpoint, EndpointWish(endpoint.type, state="restarted"))

    def _bring_about(self, endpoint: Endpoint, wish: EndpointWish) -> None:
        ids = (self._login["project_id"], endpoint.branch_id)
        reconcile(EndpointResource(self._context, self._client, wish, *ids, None, endpoint.id), check_mode=False)

    def _endpoint(self) -> Endpoint:
        """Return the compute that the host belongs to, among those of the branch: no other one ever stands in for it."""
        project_id, branch_id = self._login.get("project_id"), self._login.get("branch_id")
        if not project_id or not branch_id:
            raise InputError(
                "settings of the whole server are the compute's, and nobody says which one that is",
                where="option login",
                why="project_id or branch_id is missing",
                remedy="Pass the connection that neon_database returned",
            )
        named = _label(self._login.get("login_host"))
        for endpoint in endpoints_of(self._client, str(project_id), str(branch_id)):
            if named and named in {_label(host) for host in (endpoint.host, endpoint.pooled_host)}:
                return endpoint
        raise NotFoundError(
            f"branch {branch_id} has no compute with the host {self._login.get('login_host')}",
            where="option login",
            remedy="Pass the connection that neon_database returned for this branch",
        )


def open_server_settings(context: Context) -> ComputeSettings:
    """Return the settings of the compute that ``login`` leads to; nothing is requested yet.

    :raises InputError: without an API key, or for a wrong address.
    """
    access = context.params["neon"] or {"api_host": DEFAULT_API_HOST, "api_key": None, "timeout": DEFAULT_TIMEOUT}
    client = open_client(access["api_host"], access["api_key"], access["timeout"])
    return ComputeSettings(context, client, to_plain(context.params["login"]))


def _label(host: t.Any) -> str:
    """Return the first label of a host name, which is the compute's; empty for none."""
    return str(host or "").partition(".")[0].lower()
