# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where this data plane differs from Neon's, as data: the emulator states them, tests and people can look them up."""

from __future__ import annotations

import resource

from . import sizing
from .programs import PgBouncerProgram

_ALWAYS = {
    "shared_buffers": "32 MB for every size; Neon derives it from the size. Memory of the development machine is spared.",
    "unlogged_tables": "unlogged tables survive a suspend; Neon loses them.",
    "read_only_endpoints": "a read replica copies its branch at each start and streams from it; it has at least the max_connections of its primary.",
    "options_endpoint": "a client without SNI is refused; Neon also takes options=endpoint%3D<id>.",
    "channel_binding_pooled": "channel binding works on direct hosts only: PgBouncer, which ends TLS on pooled hosts, has none.",
    "direct_tls_pooled": "a client that skips SSLRequest (sslnegotiation=direct) is served on direct hosts only: PgBouncer does no ALPN.",
    "scram_verifiers": "CREATE/ALTER ROLE takes a precomputed SCRAM verifier; Neon takes plain passwords only.",
    "autoscaling": "a compute has its size's limits, but no limit of memory or processor time.",
    "schema_only_extension_tables": "tables that belong to extensions are emptied as well in schema-only branches.",
    "subscriptions": "a branch keeps the logical subscriptions of its source; Neon drops them.",
}


def deviations(pgbouncer: PgBouncerProgram | None) -> dict[str, str]:
    """Return the known deviations: a short name, and one or two sentences. Some depend on this machine."""
    known = dict(_ALWAYS)
    open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if open_files != resource.RLIM_INFINITY and open_files < sizing.MAX_CLIENT_CONNECTIONS + 4000 + 100:
        known["max_client_conn"] = (
            f"PgBouncer accepts fewer than {sizing.MAX_CLIENT_CONNECTIONS} clients: this machine allows {open_files} open files a process."
        )
    if pgbouncer is not None and not pgbouncer.knows_prepared_statements:
        version = ".".join(map(str, pgbouncer.version))
        known["max_prepared_statements"] = (
            f"PgBouncer {version} knows no max_prepared_statements (1.21 does): protocol-level prepared statements fail when pooled."
        )
    return known
