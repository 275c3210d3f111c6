# Copyright (c) 2026, dbinfra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and keys that fit or do not; tests/differential starts real servers with such files."""

from __future__ import annotations

import datetime
import socket
import threading
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ansible_collections.dbinfra.postgres.plugins.module_utils._core.errors import ServerError
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres import setting_tls, setting_tls_proof
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_catalogue import snapshot_catalogue
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_model import SettingState
from ansible_collections.dbinfra.postgres.plugins.module_utils._postgres.setting_tls_files import look_into

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
NOW = datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC)
SUPERUSER = SettingState(snapshot_catalogue(17), "self_hosted", "owner", login_superuser=True)


def key_pem(key: t.Any, form: PrivateFormat = PrivateFormat.PKCS8, passphrase: bytes | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(passphrase) if passphrase else NoEncryption())


def certificate_of(key: t.Any) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key()).serial_number(1)
    return builder.not_valid_before(NOW).not_valid_after(NOW + datetime.timedelta(days=1)).sign(key, hashes.SHA256())


KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
CERTIFICATE = certificate_of(KEY).public_bytes(Encoding.PEM)


class Host:
    """A session to a server with files; None for one that may not be read."""

    def __init__(self, files: dict[str, bytes | None], private: bool = True, peer: t.Any = None, address: t.Any = None) -> None:
        self.is_private, self.peer = private, peer
        self.read: list[str] = []
        self._files, self._address = files, address

    def rows(self, query: str, parameters: t.Any = None, purpose: str = "") -> list[dict[str, t.Any]]:
        if "inet_server_addr" in query:
            return [{"address": self._address and self._address[0], "port": self._address and self._address[1]}]
        self.read.append(parameters["path"])
        content = self._files[parameters["path"]]
        if content is None:
            raise ServerError("refused", details={"sqlstate": "42501"})
        return [{"content": memoryview(content)}]


def looked(host: Host, passphrase: bool = False, state: SettingState = SUPERUSER, **files: str) -> tuple[dict[str, str], tuple[str, ...]]:
    return look_into(t.cast("t.Any", host), state, files, passphrase=passphrase)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_pair_belongs_together_whatever_stands_around_it(form: PrivateFormat) -> None:
    for pem in (key_pem(KEY, form), CERTIFICATE + key_pem(KEY, form), b"words\n" + key_pem(KEY, form).replace(b"\n", b"\r\n")):
        assert setting_tls.key_problem(pem, passphrase=False) is None and setting_tls.pair_problem(CERTIFICATE, pem) is None
    chain = CERTIFICATE + certificate_of(RSA_KEY).public_bytes(Encoding.PEM)
    assert setting_tls.pair_problem(chain, key_pem(KEY)) is None


def test_what_does_not_belong_together() -> None:
    assert setting_tls.pair_problem(CERTIFICATE, key_pem(RSA_KEY)) == ("kind", "the private key is of another kind than the certificate's")
    other = key_pem(ec.generate_private_key(ec.SECP256R1()))
    assert setting_tls.pair_problem(CERTIFICATE, other) == setting_tls.pair_problem(CERTIFICATE, other + key_pem(KEY))
    assert setting_tls.pair_problem(CERTIFICATE, other) == ("key", "the private key is not the certificate's")


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_that_needs_a_passphrase(form: PrivateFormat) -> None:
    locked = key_pem(KEY, form, b"open-it")
    assert "ssl_passphrase_command gives none" in (setting_tls.key_problem(locked, passphrase=False) or "")
    unfit, unseen = looked(Host({"c": CERTIFICATE, "k": locked}), passphrase=True, ssl_cert_file="c", ssl_key_file="k")
    assert unfit == {} and "needs a passphrase" in unseen[0]


def test_what_is_no_pem_and_what_the_server_may_not_read() -> None:
    unfit, unseen = looked(Host({"c": b"\x30\x82", "k": None, "a": b""}), ssl_cert_file="c", ssl_key_file="k", ssl_ca_file="a")
    none = "there is no certificate in PEM form in it"
    assert unfit == {"ssl_cert_file": none, "ssl_ca_file": none, "ssl_key_file": "the server's own user may not read it"} and unseen == ()
    assert looked(Host({"k": CERTIFICATE}), ssl_key_file="k")[0] == {"ssl_key_file": "there is no private key in PEM form in it"}


def test_no_key_is_read_where_somebody_could_read_along_or_that_is_not_ours() -> None:
    files: dict[str, bytes | None] = {"c": CERTIFICATE, "k": key_pem(KEY)}
    host = Host(files, private=False)
    unfit, unseen = looked(host, ssl_cert_file="c", ssl_key_file="k")
    assert (unfit, host.read) == ({}, ["c"]) and "this connection is not encrypted" in unseen[0]
    host = Host(files)
    assert "app is no superuser" in looked(host, state=SettingState(SUPERUSER.catalogue, "self_hosted", "app"), ssl_key_file="k")[1][0]
    assert host.read == []


def test_where_cryptography_is_missing_a_warning_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setting_tls, "CRYPTOGRAPHY_PROBLEM", "No module named 'cryptography'")
    files: dict[str, bytes | None] = {"c": CERTIFICATE, "k": key_pem(KEY), "n": b"a note"}
    unfit, unseen = looked(Host(files), ssl_cert_file="c", ssl_key_file="k")
    assert unfit == {} and "that takes the Python package cryptography" in unseen[0]
    assert looked(Host(files), ssl_cert_file="n", ssl_key_file="n")[0].keys() == {"ssl_cert_file", "ssl_key_file"}


def test_what_cryptography_cannot_read_is_not_judged_and_not_repeated() -> None:
    broken = b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
    unfit, unseen = looked(Host({"c": CERTIFICATE, "k": broken}), ssl_cert_file="c", ssl_key_file="k")
    assert unfit == {} and "cannot read one of them" in unseen[0] and "c2VjcmV0" not in unseen[0]


def test_a_server_that_offers_no_tls_and_one_that_is_not_reached_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()

        def answer() -> None:
            with listener.accept()[0] as connection:
                assert connection.recv(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
                connection.sendall(b"N")

        thread = threading.Thread(target=answer)
        thread.start()
        host = t.cast("t.Any", Host({"c": CERTIFICATE, "n": b"a note"}, peer=address, address=address))
        assert setting_tls_proof.certificate_not_taken(host, "c", 5) == "it offers no TLS"
        thread.join()
    assert setting_tls_proof.certificate_not_taken(host, "c", 5) is None, "nobody answers"
    assert setting_tls_proof.certificate_not_taken(host, "n", 5) is None, "no certificate to compare with"
    behind = t.cast("t.Any", Host({"c": CERTIFICATE}, peer=address, address=("10.0.0.1", 5432)))
    assert setting_tls_proof.certificate_not_taken(behind, "c", 5) is None
    assert setting_tls_proof.certificate_not_taken(t.cast("t.Any", Host({"c": None})), "c", 5) is None
