# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of TLS beside those that a server runs with, in its data directory: keys that do not fit, and what is none."""

from __future__ import annotations

import os
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from postgres_server import PostgresServer


def put_tls_files(server: PostgresServer) -> None:
    """Write the files for the server's user."""
    certificate = (server.folder / "server.pem").read_bytes()
    key = (server.folder / "server.key").read_bytes()
    other = _pem(ec.generate_private_key(ec.SECP256R1()))
    locked = BestAvailableEncryption(b"open-it")
    files = {
        "other.key": other,
        "of-another-kind.key": _pem(rsa.generate_private_key(65537, 2048)),
        "two.key": other + key,
        "behind-its-certificate.key": certificate + key,
        "locked.key": load_pem_private_key(key, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked),
        "forbidden.key": key,
        "open-to-all.key": key,
        "note.txt": b"a note\n",
        "certificate.der": x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER),
    }
    modes = {"forbidden.key": 0o000, "open-to-all.key": 0o644}
    data = server.folder / "data"
    for name, content in files.items():
        path = data / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        os.chown(path, data.stat().st_uid, data.stat().st_gid)
        path.chmod(modes.get(name, 0o600))


def _pem(key: t.Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
