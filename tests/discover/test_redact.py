"""No secret gets into the facts, wherever it stands."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from upgrader import codec
from upgrader.discover.files import read_files
from upgrader.discover.said import Said
from upgrader.redact import REDACTED, redacted_args, redacted_text

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
SECRET = st.text(LETTERS, min_size=20, max_size=40).map(lambda text: "zQ" + text)
KEY_ID = st.one_of(
    st.text(LETTERS, min_size=12, max_size=20).map(lambda text: "LTAI" + text),
    st.text(LETTERS, min_size=10, max_size=40).map(lambda text: "STS." + text),
)
SECRET_NAME = st.sampled_from(
    ["accessKeySecret", "accessKeyID", "access_key_secret", "ACCESS_KEY_ID", "token", "password", "kubeToken",
     "securityToken", "secret"]
)  # fmt: skip
FLAG = st.sampled_from(
    ["--access-key-secret", "--accesskey", "--token", "--password", "-secret", "--cloud-secret", "--bearer-token"]
)


def _facts(secret: str, name: str, flag: str, key_id: str) -> bytes:
    container: dict[str, Any] = {
        "name": "ccm", "image": "r.example.com/acs/cloud-controller-manager-amd64:v2.10.0",
        "command": ["/ccm", f"{flag}={secret}", f"--master=https://user:{secret}@10.0.0.1", "--cloud-config=/etc/c"],
        "args": ["--v=5", f"--id={key_id}"],
        "env": [{"name": name.upper(), "value": secret}],
    }  # fmt: skip
    config = {"Global": {name: secret, "clusterID": "c-1", "vpcid": "vpc-1"}}
    items = [
        {"apiVersion": "apps/v1", "kind": "DaemonSet",
         "metadata": {"name": "cloud-controller-manager", "namespace": "kube-system"},
         "spec": {"template": {"spec": {"containers": [container]}}}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cloud-config", "namespace": "kube-system"},
         "data": {"cloud-config.conf": json.dumps(config)}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": secret}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "LoadBalancer"}},
    ]  # fmt: skip
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dump.json"
        path.write_text(json.dumps({"kind": "List", "items": items}))
        return codec.encode(read_files([path], Said()))


@given(SECRET, SECRET_NAME, FLAG, KEY_ID)
def test_no_secret_of_ccms_start_or_configuration_is_kept(secret: str, name: str, flag: str, key_id: str) -> None:
    kept = _facts(secret, name, flag, key_id).decode()
    assert secret not in kept
    assert key_id not in kept
    # What is no secret is there: the test would see nothing if nothing were read.
    assert '"c-1"' in kept
    assert "--cloud-config=/etc/c" in kept


@given(st.text(max_size=60), KEY_ID, st.text(max_size=60))
def test_access_keys_are_taken_out_of_any_text(before: str, key_id: str, after: str) -> None:
    # Inside a longer word it is no key.
    assume(not (before[-1:].isalnum() or before[-1:] == "_" or after[:1].isalnum() or after[:1] == "_"))
    text = redacted_text(before + key_id + after)
    assert key_id not in text
    assert REDACTED in text


def test_the_address_of_a_request_keeps_what_was_asked_and_not_what_signs_it() -> None:
    asked = (
        'Post "https://slb.cn-hangzhou.aliyuncs.com/?AccessKeyId=STS.NUabcdefghijkl&Action=DescribeTags&'
        'SecurityToken=CAISlongtoken%3D&Signature=6OQUclF%3D&Timestamp=1": dial tcp: i/o timeout'
    )
    text = redacted_text(asked)
    assert "CAIS" not in text
    assert "6OQU" not in text
    assert "NUabc" not in text
    assert "Action=DescribeTags&" in text
    assert text.endswith('Timestamp=1": dial tcp: i/o timeout')


@given(FLAG, SECRET)
def test_a_secret_given_as_the_next_argument_is_taken_out_too(flag: str, secret: str) -> None:
    assert secret not in " ".join(redacted_args(["--v=5", flag, secret, "--leader-elect"]))


@given(st.lists(st.text(max_size=30)))
def test_redacting_twice_is_redacting_once(args: list[str]) -> None:
    once = redacted_args(args)
    assert redacted_args(once) == once
