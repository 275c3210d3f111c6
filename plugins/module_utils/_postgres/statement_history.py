# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clear-text passwords that a server keeps in pg_stat_statements, and how they get out of there.

Neon takes passwords only in the clear. The transport sets them by a nested statement, which pg_stat_statements follows only with
``pg_stat_statements.track = all``. There the text has to be removed: whoever may read the view (pg_monitor, pg_read_all_stats) reads the
password.
"""

from __future__ import annotations

from .._core.errors import ServerError
from .transport import Session

_PRESENT = """
SELECT x.nspname AS schema, (SELECT count(*) FROM pg_catalog.pg_settings s WHERE s.name = 'pg_stat_statements.track' AND s.setting = 'all') AS tracking
FROM (SELECT 1) one
LEFT JOIN (SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
           WHERE e.extname = 'pg_stat_statements') x ON true
"""

_LEFT = """
SELECT count(*) AS left
FROM {schema}.pg_stat_statements s
WHERE s.userid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user) AND s.query ~* '^\\s*(create|alter)\\s+(role|user)\\M.*password'
"""

# The function takes one entry of one user in one database; other people's statistics stay.
_RESET = """
SELECT {schema}.pg_stat_statements_reset(s.userid, s.dbid, s.queryid)
FROM {schema}.pg_stat_statements s
WHERE s.userid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user) AND s.query ~* '^\\s*(create|alter)\\s+(role|user)\\M.*password'
"""


def forget_passwords(session: Session) -> str | None:
    """Remove the login user's own statements with passwords from pg_stat_statements.

    :return: a warning if they may still be there, else None.
    """
    found = session.rows(_PRESENT, None, "look for pg_stat_statements")[0]
    if not found["tracking"]:
        return None
    if found["schema"] is None:
        return (
            "the server keeps statements in pg_stat_statements, this database does not have the extension, so the passwords just set may be readable there "
            "for members of pg_read_all_stats: create the extension as the owner and call pg_stat_statements_reset()"
        )
    schema = session.quote_name(found["schema"])
    try:
        session.rows(_RESET.format(schema=schema), None, "remove passwords from pg_stat_statements")
        left = session.rows(_LEFT.format(schema=schema), None, "look for passwords in pg_stat_statements")[0]["left"]
    except ServerError as error:
        return f"passwords just set may be readable in pg_stat_statements: {error.message()}"
    return f"{left} statements with passwords are still in pg_stat_statements" if left else None
