"""Certificates of a kubeconfig: used, kept in memory, and never asked for at the terminal."""

from __future__ import annotations

import base64
import json
import os
import ssl
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.adapters.kubeserver import Answer, Server, kubeconfig, listed
from upgrader.adapters.kube import connect
from upgrader.lab.tls import Authority, make_authority
from upgrader.model.errors import InputError, TransientError
from upgrader.ports.clock import SystemClock

PEM = serialization.Encoding.PEM


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path / "authority")


@pytest.fixture
def passing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process puts temporary files."""
    folder = tmp_path / "passing"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _client(password: bytes = b"") -> tuple[bytes, bytes]:
    """A certificate that vouches for itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), SystemClock().now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes-admin")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    kept = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return certificate.public_bytes(PEM), key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, kept)


def _held(url: str, ca: bytes, certificate: bytes, key: bytes) -> str:
    config: dict[str, Any] = json.loads(kubeconfig(url))
    cluster: dict[str, str] = config["clusters"][0]["cluster"]
    user: dict[str, str] = {}
    for part, name, data in (
        (cluster, "certificate-authority-data", ca),
        (user, "client-certificate-data", certificate),
        (user, "client-key-data", key),
    ):
        part[name] = base64.b64encode(data).decode()
    config["users"][0]["user"] = user
    return json.dumps(config)


def _rule(method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
    return listed()


def _mutual(authority: Authority, certificate: bytes) -> ssl.SSLContext:
    secured = authority.context()
    secured.verify_mode = ssl.CERT_REQUIRED
    secured.load_verify_locations(cadata=certificate.decode())
    return secured


def test_the_key_of_a_kubeconfig_opens_the_connection_and_reaches_no_disk(authority: Authority, passing: Path) -> None:
    certificate, key = _client()
    server = Server(_rule, _mutual(authority, certificate))
    content = _held(server.url, authority.ca_file.read_bytes(), certificate, key)
    with server.served(content) as cluster:
        assert list(cluster.reader.services()) == []
        assert list(passing.iterdir()) == []
    assert server.paths() == ["/api/v1/services"]


def test_certificates_in_files_beside_the_kubeconfig(authority: Authority, tmp_path: Path) -> None:
    certificate, key = _client()
    server = Server(_rule, _mutual(authority, certificate))
    (tmp_path / "client.crt").write_bytes(certificate)
    (tmp_path / "client.key").write_bytes(key)
    config = json.loads(kubeconfig(server.url))
    config["clusters"][0]["cluster"]["certificate-authority"] = "authority/ca.crt"
    config["users"][0]["user"] = {"client-certificate": "client.crt", "client-key": "client.key"}
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    with server.served():
        assert list(connect(file).reader.services()) == []


def test_a_server_of_another_authority_is_not_believed(authority: Authority, tmp_path: Path) -> None:
    certificate, key = _client()
    other = make_authority(tmp_path / "other").ca_file.read_bytes()
    server = Server(_rule, authority.context())
    content = _held(server.url, other, certificate, key)
    with server.served(content) as cluster, pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED"):
        list(cluster.reader.services())
    assert server.paths() == []


def test_a_locked_key_and_what_is_no_certificate_are_bad_input(authority: Authority) -> None:
    ca = authority.ca_file.read_bytes()
    certificate, locked = _client(b"secret")
    for content in (
        _held("https://127.0.0.1:1", ca, certificate, locked),
        _held("https://127.0.0.1:1", ca, b"no certificate", b"no key"),
        _held("https://127.0.0.1:1", b"no authority", *_client()),
        _held("https://127.0.0.1:1", b"\xff\xfe", *_client()),
    ):
        with pytest.raises(InputError, match="kubeconfig"):
            connect(content=content)


def test_files_of_a_list_are_merged_as_kubectl_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that says something counts; a context of one file may name a cluster of another."""
    first, second = json.loads(kubeconfig("http://127.0.0.1:1")), json.loads(kubeconfig("http://127.0.0.1:2"))
    first["contexts"][0]["name"] = first["current-context"] = "mine"
    del first["users"]
    for name, config in (("a", first), ("b", second)):
        (tmp_path / name).write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(str(tmp_path / name) for name in ("none", "a", "b")))
    assert connect().host == "http://127.0.0.1:1"
    assert connect(None, "c").host == "http://127.0.0.1:1"
