# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look into the files of TLS on a server's host, through SQL."""

from __future__ import annotations

import typing as t

from .._core.errors import ServerError
from .setting_model import SettingState
from .setting_tls import UnknownFilesError, holds_certificate, key_problem, pair_problem
from .transport import Session

#: The contents of a file of the server's host.
CONTENT: t.Final = "SELECT pg_read_binary_file(%(path)s) AS content"

#: What the server says where its own user may not open a file (errcode_for_file_access).
_MAY_NOT_READ = "42501"

#: And where there is none.
_NOT_THERE = "58P01"

_NOT_PEM = "there is no certificate in PEM form in it"
_CERTIFICATES = ("ssl_cert_file", "ssl_ca_file")


def look_into(session: Session, state: SettingState, files: t.Mapping[str, str], *, passphrase: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what is wrong with files, as in :attr:`Kept.unfit`, and what could not be looked at.

    Only a superuser looks, and a private key is read only over a connection that nobody can read along; it is not kept.

    :param files: paths by the parameter that names them.
    :param passphrase: whether there is, or may be, a command that gives the server a passphrase.
    """
    if not state.login_superuser:
        return {}, (_not_looked_at(f"{state.login_user} is no superuser, and reads no file of the server's host"),)
    unfit: dict[str, str] = {}
    contents: dict[str, bytes] = {}
    for name in _CERTIFICATES:
        found = _read(session, files[name], unfit, name) if name in files else None
        if found is not None:
            contents[name] = found
            if not holds_certificate(found):
                unfit[name] = _NOT_PEM
    if "ssl_key_file" not in files:
        return unfit, ()
    if not session.is_private:
        return unfit, (_not_looked_at("this connection is not encrypted, so no private key is read over it"),)
    key = _read(session, files["ssl_key_file"], unfit, "ssl_key_file")
    if key is None:
        return unfit, ()
    problem = key_problem(key, passphrase=passphrase)
    if problem:
        unfit["ssl_key_file"] = problem
    elif "ssl_cert_file" in contents and "ssl_cert_file" not in unfit:
        try:
            pair = pair_problem(contents["ssl_cert_file"], key)
        except UnknownFilesError as error:
            return unfit, (_not_looked_at(str(error)),)
        if pair:
            unfit["ssl" if pair[0] == "kind" else "ssl_key_file"] = pair[1]
    return unfit, ()


def _not_looked_at(why: str) -> str:
    return (
        f"whether certificate and private key fit was not looked at: {why}. If they do not, a reload keeps the former ones, and the next start fails"
    )


def _read(session: Session, path: str, unfit: dict[str, str], name: str) -> bytes | None:
    """Return the contents of a file, None where they cannot be had; what the server may not read itself is unfit."""
    try:
        return bytes(session.rows(CONTENT, {"path": path}, f"look into {path}")[0]["content"])
    except ServerError as error:
        code = error.details.get("sqlstate")
        if code == _MAY_NOT_READ:
            unfit[name] = "the server's own user may not read it"
        elif code != _NOT_THERE:
            # What is missing is found elsewhere. This is a folder, say.
            unfit[name] = f"the server cannot read it: {error.why}"
        return None
