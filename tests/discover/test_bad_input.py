"""Whatever is handed in as a dump: facts, or one sentence with what, where and what next; never a traceback."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upgrader.cli.main import run
from upgrader.codec import NAMED_UNREADABLE
from upgrader.discover import buffers, files
from upgrader.discover.files import read_files
from upgrader.discover.json_objects import WHOLLY_CHECKED
from upgrader.discover.said import Said
from upgrader.model.errors import InputError

SERVICE: dict[str, Any] = {
    "apiVersion": "v1", "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "annotations": {"a": "1"}},
    "spec": {"type": "LoadBalancer", "ports": [{"name": "http", "port": 80, "nodePort": 30080}]},
}  # fmt: skip
DUMP = json.dumps({"apiVersion": "v1", "kind": "List", "items": [SERVICE, SERVICE]})
NESTED = 'kind: Service\na: &a [1,1,1,1,1,1,1,1,1,1]\n' + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)  # fmt: skip

REFUSED: list[tuple[str, bytes, str]] = [
    ("d.json", b"", "empty"),
    ("d.json", b" \n\n", "empty"),
    ("d.json", DUMP.encode()[:-30], "cut"),
    ("d.json", DUMP.encode() + b"\0\0", "not valid JSON|more than one"),
    ("d.json", DUMP.encode() + DUMP.encode(), "more than one JSON document"),
    ("d.json", gzip.compress(DUMP.encode()), "compressed"),
    ("d.json", DUMP.encode("utf-16-be"), "zero bytes"),
    ("d.json", b"\xff\xfe{", "utf-16"),
    ("d.json", b"<html>sign in</html>", "HTML"),
    ("d.json", b"7", "not a Kubernetes object"),
    ("d.json", b"null", "not a Kubernetes object"),
    ("d.json", b'{"kind":"List","items":{}}', "not a Kubernetes object"),
    ("d.json", b'{"kind":"List","items":[]}', "nothing to judge"),
    ("d.json", b'{"kind":"List","items":null}', "nothing to judge"),
    ("d.json", DUMP.replace('"uid":', '"uid": "x", "uid":').encode(), r"item 0 \(shop/web\).*'uid' is given twice"),
    ("d.json", DUMP.replace('"a": "1"', '"a": "1", "a": "2"').encode(), "'a' is given twice"),
    ("d.json", DUMP.replace('"items"', '"items": [], "items"').encode(), "'items' is given twice"),
    ("d.json", DUMP.replace('"a": "1"', '"x": ' + "[" * 9000 + "]" * 9000).encode(), "deep"),
    ("d.json", b'{"apiVersion":"ccm-upgrade/v1","kind":"Plan","id":"sha256:1"}', "this is a Plan"),
    ("d.json", b'{"apiVersion":"ccm-upgrade/v1","kind":"Run","id":"1"}', "this is a Run"),
    ("d.json", b'{"seq":0,"run":"r","event":"begun"}\n{"seq":1,"run":"r"}\n', "journal of a run"),
    ("d.json", b'{"kind":"Status","message":"services is forbidden"}', "refused.*services is forbidden"),
    ("d.json", b'{"identity":{"id":5}}', "not a valid ClusterFacts"),
    ("d.yaml", b"kind: Service\nmetadata:\n  name: a\n  name: b\n", r"d\.yaml:4.*'name' is given twice"),
    ("d.yaml", NESTED.encode(), "aliases"),
    ("d.yaml", b"metadata: &m\n  labels: *m\n", "contains itself"),
    ("d.yaml", b"kind: List\nitems: 5\n", "no list"),
    ("d.yaml", b"\0\1\2", "not valid YAML"),
    ("d.yaml", b"a:\n\t- b\n", r"d\.yaml:2.*not valid YAML"),
    ("d.yaml", b"a: " + b"[" * 50_000, "not valid YAML|deep"),
    ("d.yaml", b"? [1]\n: 2\n", "a key must be a text"),
    ("d.yaml", b"<<: 7\n", "merged"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "said"), REFUSED)
def test_refused_with_what_where_and_what_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=said) as caught:
        read_files([path], Said())
    assert name in str(caught.value) or "nothing to judge" in said
    assert run(["check", "-f", str(path), "--from", "v2.9.1", "--to", "v2.14.0"]) == 64
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    "data",
    [
        DUMP.encode(),
        codecs.BOM_UTF8 + DUMP.encode(),
        DUMP.encode("utf-16"),
        codecs.BOM_UTF16_BE + DUMP.encode("utf-16-be"),
        DUMP.replace("1", "\\u0031").encode(),
    ],
)
def test_encodings_of_other_shells_are_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "d.json"
    path.write_bytes(data)
    assert len(read_files([path], Said()).services) == 2


@pytest.mark.parametrize("text", [DUMP, json.dumps(SERVICE), "kind: Service\nmetadata: {name: web}\n"])
def test_stdin_takes_json_and_yaml(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert read_files([Path("-")], Said()).services[0].metadata.name == "web"


@pytest.mark.parametrize("port", ["9" * 400, "-1", "65536", "1e999", "1" * 100_000, "80.5", '"80"', "true", "[]"])
def test_a_number_that_is_no_port_breaks_its_object_alone(tmp_path: Path, port: str) -> None:
    path = tmp_path / "d.json"
    broken = json.dumps({**SERVICE, "metadata": {"name": "odd", "namespace": "shop"}}).replace("80,", port + ",")
    path.write_text(f'{{"kind":"List","items":[{json.dumps(SERVICE)},{broken}]}}')
    facts = read_files([path], Said())
    assert [service.metadata.name for service in facts.services] == ["web"]
    assert list(facts.unreadable) == ["shop/odd"]


def test_thousands_of_broken_objects_are_counted_and_the_rest_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items: list[Any] = [{**SERVICE, "metadata": {"name": f"s{n}", "namespace": "shop"}} for n in range(4000)]
    for n in range(0, 4000, 2):
        items[n] = {**items[n], "spec": n}
    path = tmp_path / "d.json"
    path.write_text(json.dumps({"kind": "List", "items": items}))
    run(["check", "-f", str(path), "--from", "v2.9.1", "--to", "v2.14.0", "-o", "json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["coverage"]["services"], found["coverage"]["unreadable"]) == (2000, 2000)
    named = read_files([path], Said()).unreadable
    assert len(named) == NAMED_UNREADABLE + 1
    assert named["…"] == f"{2000 - NAMED_UNREADABLE} more"


def test_an_object_without_a_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(
        json.dumps({"kind": "List", "items": [SERVICE, {"metadata": {"name": "what", "namespace": "shop"}}]})
    )
    assert read_files([path], Said()).unreadable == {"shop/what": "it has no kind"}


@pytest.mark.parametrize("bare", [{}, {"metadata": {"name": "x"}}])
def test_items_of_a_list_of_their_own_kind_need_none(tmp_path: Path, bare: dict[str, Any]) -> None:
    path = tmp_path / "d.json"
    items = [{name: value for name, value in SERVICE.items() if name != "kind"}, bare]
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "ServiceList", "items": items}))
    names = {one.metadata.name for one in read_files([path], Said()).services}
    assert names == {"web", "x" if bare else ""}


def test_a_list_of_one_kind_that_is_empty_tells_that_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text('{"kind":"ServiceList","items":[]}')
    assert not read_files([path], Said()).has_gap("services")


@pytest.mark.parametrize("text", [DUMP, "kind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer}\n"])
def test_a_pipe_is_read_to_its_end(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(text,))
    writer.start()
    assert read_files([path], Said()).services[0].metadata.name == "web"
    writer.join()


def test_nobody_is_waited_for_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "WAIT_S", 0.01)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="nobody has written"):
        read_files([tmp_path / "pipe"], Said())
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("x" * 11,))
    monkeypatch.setattr(buffers, "WAIT_S", 5.0)
    writer.start()
    with pytest.raises(InputError, match="more than 10 bytes"):
        read_files([tmp_path / "pipe"], Said())
    writer.join()


def test_a_device_without_end_is_refused() -> None:
    with pytest.raises(InputError, match="a device"):
        read_files([Path("/dev/zero")], Said())


def test_in_a_large_dump_a_second_spec_is_still_found(tmp_path: Path) -> None:
    one = json.dumps(SERVICE, separators=(",", ":"))
    twice = one.replace('"spec":', '"spec":{},"spec":')
    many = WHOLLY_CHECKED // len(one) + 10
    path = tmp_path / "d.json"
    path.write_text('{"kind":"List","items":[' + ",".join([one] * many + [twice]) + "]}")
    with pytest.raises(InputError, match=rf"item {many} \(shop/web\).*'spec' is given twice"):
        read_files([path], Said())


def test_yaml_dates_and_merges_are_read_as_kubectl_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(
        "kind: Service\nmetadata:\n  name: a\n  deletionTimestamp: 2024-01-01T00:00:00Z\n"
        "spec: &common {type: LoadBalancer}\n---\nkind: Service\nmetadata: {name: b}\n"
        "spec:\n  <<: {type: LoadBalancer, sessionAffinity: None}\n  type: NodePort\n"
    )
    a, b = read_files([path], Said()).services
    assert a.metadata.deletion_timestamp == "2024-01-01T00:00:00Z"
    assert (b.spec.type, b.spec.session_affinity) == ("NodePort", "None")


PIECES = st.sampled_from(
    [b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\0", b"\xff", b"null", b"1e999", b"-", b'"items":',
     b'"kind":',     b'"metadata":', b'"spec":7', b'"identity":{}', b"\\ud800", b"[" * 3000,
     b'{"a":' * 3000, b"9" * 5000, b"\xef\xbb\xbf"]
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 40), st.one_of(PIECES, st.binary(max_size=12))), max_size=4
    ),
    suffix=st.sampled_from([".json", ".yaml"]),
)
def test_no_mutation_of_a_good_dump_is_our_bug(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], edits: list[tuple[float, int, bytes]], suffix: str
) -> None:
    data = DUMP.encode()
    for place, cut, piece in edits:
        at = int(place * len(data))
        data = data[:at] + piece + data[at + cut :]
    path = tmp_path / f"fuzz{suffix}"
    path.write_bytes(data)
    code = run(["check", "-f", str(path), "--from", "v2.9.1", "--to", "v2.14.0", "-o", "json"])
    shown = capsys.readouterr()
    assert code in (0, 3, 5, 64), shown.err
    assert bool(shown.out) == (code != 64)
