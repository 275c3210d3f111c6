# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a server could load a certificate and a private key: what be_tls_init in be-secure-openssl.c asks of their contents. Pure.

A reload with files that do not fit is an error in the server's log only, and the next start fails. tests/differential starts real servers with such files.
"""

from __future__ import annotations

import base64
import re
import typing as t

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
except ImportError as error:
    CRYPTOGRAPHY_PROBLEM: str | None = str(error)
else:
    CRYPTOGRAPHY_PROBLEM = None

# What OpenSSL takes for a certificate (PEM_read_bio_X509_AUX) and for a private key (PEM_read_bio_PrivateKey), whatever else stands around it.
_CERTIFICATE: t.Final = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END", re.DOTALL)
_PRIVATE_KEY: t.Final = re.compile(rb"-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)


class UnknownFilesError(Exception):
    """Files that cannot be judged here; the text says why, and repeats nothing of them."""


def holds_certificate(content: bytes) -> bool:
    """Return whether a file has a certificate in PEM form."""
    return _CERTIFICATE.search(content) is not None


def first_certificate(content: bytes) -> bytes | None:
    """Return the server's own certificate, which stands first, in DER form; None if there is none that can be read."""
    found = _CERTIFICATE.search(content)
    try:
        return _first_structure(base64.b64decode(found[1])) if found else None
    except (ValueError, IndexError):
        return None


def _first_structure(content: bytes) -> bytes:
    """Return the certificate alone: what is trusted about it may stand behind it (i2d_X509_AUX). The first structure says its own length (X.690, 8.1.3)."""
    if content[1] < 0x80:
        return content[: 2 + content[1]]
    digits = content[1] - 0x80
    return content[: 2 + digits + int.from_bytes(content[2 : 2 + digits], "big")]


def key_problem(content: bytes, *, passphrase: bool) -> str | None:
    """Return why a server could not load a file as a private key, None if it has one.

    :param passphrase: whether there is a command that gives the server one.
    """
    found = _PRIVATE_KEY.search(content)
    if found is None:
        return "there is no private key in PEM form in it"
    if _encrypted(found) and not passphrase:
        return "the key needs a passphrase, and ssl_passphrase_command gives none"
    return None


def pair_problem(certificate: bytes, key: bytes) -> tuple[str, str] | None:
    """Return what is wrong between a certificate and a private key that are each well: ``key`` or ``kind``, and the words; None if they belong together.

    :raises UnknownFilesError: if that cannot be told.
    """
    found = _PRIVATE_KEY.search(key)
    if found is None or _encrypted(found):
        raise UnknownFilesError("the private key needs a passphrase")
    if CRYPTOGRAPHY_PROBLEM is not None:
        raise UnknownFilesError("that takes the Python package cryptography on the host that runs this module (python3-cryptography on Debian)")
    try:
        ours = x509.load_pem_x509_certificate(certificate).public_key()
        # Some files have the certificate, or parameters, in front of the key.
        theirs = load_pem_private_key(found[0], None).public_key()
        same_kind = type(ours) is type(theirs)
        same = [each.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for each in (ours, theirs)]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnknownFilesError("the Python package cryptography cannot read one of them") from None
    if not same_kind:
        return "kind", "the private key is of another kind than the certificate's"
    return None if same[0] == same[1] else ("key", "the private key is not the certificate's")


def _encrypted(found: re.Match[bytes]) -> bool:
    return found[1] == b"ENCRYPTED PRIVATE KEY" or b"Proc-Type: 4,ENCRYPTED" in found[0]
