# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate authority for one run, and the server certificate that every endpoint shows.

The key of the authority is never written down: when the process ends, nobody can sign another certificate that clients trust.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=397)
# A client whose clock is slightly behind must accept the certificate, too.
_BACKDATED = datetime.timedelta(hours=1)


@dataclasses.dataclass(frozen=True)
class Certificates:
    """Paths of PEM files: the authority for clients, certificate and key for servers."""

    ca_file: pathlib.Path
    certificate_file: pathlib.Path
    key_file: pathlib.Path


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "local Neon"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_data: bool, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_data,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: pathlib.Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    # The mode given to open() is cut by the umask.
    path.chmod(mode)


def issue(folder: pathlib.Path, domain: str, *, key_owner: tuple[int, int] | None = None) -> Certificates:
    """Make an authority and a certificate for ``*.<domain>`` in ``folder``, which must not hold them yet.

    All extensions that strict verification asks for (RFC 5280; the default of Python 3.13) are there. ``key_owner`` (uid, gid) is
    the user the servers run as: PostgreSQL refuses a key that others may read.
    """
    now = datetime.datetime.now(datetime.UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority_name = _name("local Neon certificate authority")
    authority = (
        x509.CertificateBuilder()
        .subject_name(authority_name)
        .issuer_name(authority_name)
        .public_key(authority_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_data=False, signs_certificates=True), critical=True)
        .add_extension(authority_identifier, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = (
        x509.CertificateBuilder()
        .subject_name(_name(f"*.{domain}"))
        .issuer_name(authority_name)
        .public_key(server_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_data=True, signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(f"*.{domain}"), x509.DNSName(domain)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(server_key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_identifier), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    files = Certificates(folder / "ca.pem", folder / "server.crt", folder / "server.key")
    _write(files.ca_file, authority.public_bytes(serialization.Encoding.PEM), 0o644)
    _write(files.certificate_file, server.public_bytes(serialization.Encoding.PEM), 0o644)
    private = server_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(files.key_file, private, 0o600)
    if key_owner is not None:
        os.chown(files.key_file, *key_owner)
    return files
