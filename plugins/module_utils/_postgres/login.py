# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that every module with a connection shares. Pure: nothing connects here."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import InputError
from .._core.plain import to_plain

#: The majors that the collection supports.
SUPPORTED_MAJORS = (14, 15, 16, 17, 18)
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

#: The argument spec that goes with the documentation fragment ``dbinfra.postgres._postgres``.
LOGIN_SPEC: dict[str, dict[str, t.Any]] = {
    "login": {"type": "dict", "required": True},
    "login_password": {"type": "str", "no_log": True},
    "connect_timeout": {"type": "int", "default": 10},
    "predicted": {"type": "bool", "default": False},
}


@dataclasses.dataclass(frozen=True)
class Login:
    """Where and as whom to connect.

    :param provider: ``neon``, ``supabase`` or ``self_hosted``.
    :param host: None only for a server that a prediction speaks of.
    :param ca_cert: file with the certificates that the server's one must come from; None leaves it to libpq.
    :param server_major: major version as far as it is declared or known, else None.
    :param password: never shown.
    """

    provider: str
    host: str | None
    port: int
    user: str
    database: str
    ssl_mode: str
    ca_cert: str | None
    server_major: int | None
    connect_timeout: int
    password: str | None = dataclasses.field(default=None, repr=False)

    @property
    def where(self) -> str:
        """The connection in words, without the password."""
        return f"{self.user}@{self.host or '(socket)'}:{self.port}/{self.database}"


def is_predicted(params: t.Mapping[str, t.Any], check_mode: bool) -> bool:
    """Return whether the server exists only as a prediction of an earlier task.

    :param params: the task's options (``login``, ``predicted``).
    :raises InputError: outside check mode, where an earlier task must have made the server.
    """
    login = params["login"]
    missing = bool(params["predicted"]) or login.get("exists") is False
    if missing and not check_mode:
        raise InputError(
            "the server is only a prediction, but this is no check mode",
            where="option predicted" if params["predicted"] else "option login.exists",
            why="an earlier task was skipped or did not make the server",
            remedy="Run the tasks that make it first, and pass on their result",
        )
    return missing


def parse_stand_in(params: t.Mapping[str, t.Any], *, database: str | None = None) -> Login | None:
    """Return where the original of a predicted copy is reached, None if nothing stands in for the predicted server.

    The plan of a check is made against what is there, and nothing else than reading happens there.

    :param params: the task's options; :func:`is_predicted` is true of them.
    :param database: look at this database instead of ``login.stand_in.login_db``.
    :raises InputError: naming the option that is missing or wrong.
    """
    raw: dict[str, t.Any] = to_plain(params["login"])
    original = raw.get("stand_in")
    if params["predicted"] or not original:
        return None
    if not isinstance(original, dict):
        raise InputError(f"{original!r} is no dictionary", where="option login.stand_in", remedy="Pass the connection that the earlier task returned")
    reached = {key: original.get(key) for key in ("login_host", "login_port", "login_user", "login_db")}
    return parse_login({**params, "login": {**raw, **reached}}, predicted=False, database=database)


def parse_login(params: t.Mapping[str, t.Any], *, predicted: bool, database: str | None = None) -> Login:
    """Read the shared options.

    Unknown keys of ``login`` are ignored: it is the ``connection`` that other modules return.

    :param predicted: the result of :func:`is_predicted`; host and password may then be missing.
    :param database: connect to this database instead of ``login.login_db``.
    :raises InputError: naming the option that is missing or wrong.
    """
    raw: dict[str, t.Any] = to_plain(params["login"])
    host = _text(raw, "login_host")
    user = _text(raw, "login_user")
    name = database or _text(raw, "login_db")
    ssl_mode = _text(raw, "ssl_mode") or "verify-full"
    password = params["login_password"]
    if ssl_mode not in SSL_MODES:
        raise InputError(f"{ssl_mode!r} is not an SSL mode", where="option login.ssl_mode", remedy=f"Use one of {', '.join(SSL_MODES)}")
    if not user:
        raise InputError("the user is missing", where="option login.login_user", remedy="Pass the connection that the earlier task returned")
    if not name:
        raise InputError("the database is missing", where="option login.login_db", remedy="Pass the connection that the earlier task returned")
    if not host and not predicted:
        raise InputError("the host is missing", where="option login.login_host", remedy="Pass the connection that the earlier task returned")
    if password == "" and not predicted:
        raise InputError(
            f"the password of {user} is empty",
            where="option login_password",
            why="an empty value usually means that the look-up behind it found nothing",
            remedy="Pass the password, or leave the option out where the server asks for none",
        )
    check_no_null(password, f"the password of {user}", "option login_password")
    if params["connect_timeout"] < 1:
        raise InputError("the time-out must be at least one second", where="option connect_timeout")
    return Login(
        provider=_text(raw, "provider") or "self_hosted",
        host=host,
        port=_number(raw, "login_port", 5432, 1, 65535),
        user=user,
        database=name,
        ssl_mode=ssl_mode,
        ca_cert=_text(raw, "ca_cert"),
        server_major=_number(raw, "server_major", 0, 0, 99) or None,
        connect_timeout=params["connect_timeout"],
        password=password,
    )


def check_no_null(text: str | None, what: str, where: str) -> None:
    """Refuse a text with a null character, which neither libpq nor the server can take.

    :param what: names the text, which is not repeated: it may be a secret.
    :raises InputError: if it holds one.
    """
    if text is not None and "\0" in text:
        raise InputError(
            f"{what} holds a null character",
            where=where,
            why="no text in PostgreSQL may",
            remedy="Look at where it comes from: what is read there may be binary, or in UTF-16",
        )


def _text(raw: t.Mapping[str, t.Any], key: str) -> str | None:
    value = raw.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InputError(f"{value!r} is not a text", where=f"option login.{key}")
    check_no_null(value, "the value", f"option login.{key}")
    return value


def _number(raw: t.Mapping[str, t.Any], key: str, default: int, low: int, high: int) -> int:
    value = raw.get(key)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        raise InputError(f"{value!r} is not a number from {low} to {high}", where=f"option login.{key}")
    return number
