"""Files as facts: what kubectl prints, manifests, snapshots; bad input named."""

from __future__ import annotations

import json
import mmap
from pathlib import Path
from typing import Any

import pytest

from upgrader import codec
from upgrader.codec import NAMED_UNREADABLE
from upgrader.discover import buffers
from upgrader.discover.files import read_files
from upgrader.discover.said import Said
from upgrader.model.errors import InputError


def _service(name: str = "web", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
            "spec": {"type": "LoadBalancer"}, **more}  # fmt: skip


def _dump(folder: Path, *items: Any, name: str = "dump.json", indent: int | None = None) -> Path:
    path = folder / name
    path.write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": list(items)}, indent=indent)
    )
    return path


@pytest.mark.parametrize("indent", [None, 4])
def test_a_mixed_list_is_sorted_into_its_kinds(tmp_path: Path, indent: int | None) -> None:
    slices = {"addressType": "IPv4", "apiVersion": "discovery.k8s.io/v1", "endpoints": None, "kind": "EndpointSlice",
              "metadata": {"name": "web-1", "namespace": "default"}}  # fmt: skip
    workload = {"apiVersion": "apps/v1", "kind": "DaemonSet",
                "metadata": {"name": "ccm", "namespace": "kube-system"},
                "spec": {"template": {"metadata": {"labels": {}}, "spec": {"containers": [
                    {"name": "c", "image": "r.example.com/acs/cloud-controller-manager-amd64:v2.10.0"}]}}}}  # fmt: skip
    path = _dump(tmp_path, _service("b"), slices, workload, _service("a"), indent=indent)
    facts = read_files([path], Said())
    assert [service.metadata.name for service in facts.services] == ["a", "b"]
    assert facts.endpoint_slices[0].endpoints == ()
    assert facts.ccm.version == "v2.10.0"
    assert facts.unreadable == {}
    assert {gap.area for gap in facts.gaps} >= {"clb", "nlb", "ram", "nodes"}


def test_a_folder_with_yaml_and_json_and_an_object_alone(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("kind: Service\nmetadata: {name: y}\nspec: {type: LoadBalancer}\n---\n---\n")
    (tmp_path / "two.json").write_text(json.dumps(_service("j")))
    assert {service.metadata.name for service in read_files([tmp_path], Said()).services} == {"y", "j"}


def test_a_snapshot_reads_back_as_it_was(tmp_path: Path) -> None:
    facts = read_files([_dump(tmp_path, _service())], Said(version="v2.9.1", kind="dedicated"))
    snapshot = tmp_path / "facts.json"
    snapshot.write_bytes(codec.encode(facts))
    assert read_files([snapshot], Said()) == facts


def test_broken_objects_are_named_up_to_a_number_and_the_rest_is_judged(tmp_path: Path) -> None:
    broken = [_service(f"bad-{n}", status=7) for n in range(NAMED_UNREADABLE + 500)]
    facts = read_files([_dump(tmp_path, _service("good"), *broken)], Said())
    assert [service.metadata.name for service in facts.services] == ["good"]
    assert "default/bad-0" in facts.unreadable
    assert facts.unreadable["…"] == "500 more"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ('{"kind":"List","items":[{"kind":"Service","metadata":{"na', "cut"),
        ("not json", "not valid JSON"),
        ("[1,2]", "not a Kubernetes object"),
        ('{"a":' * 100_000, "deep"),
        ('{"kind":"List","items":[' + "[" * 100_000, "deep"),
        ('{"kind":"Service","metadata":{"name":"a"},"metadata":{"name":"b"}}', "'metadata' is given twice"),
        ('{"kind":"Service","metadata":{"annotations":{"a":"1"},"annotations":{}}}', "'annotations' is given twice"),
        ('{"kind":"Service","spec": {},"spec": {"type":"LoadBalancer"}}', "'spec' is given twice"),
    ],
)
def test_bad_json_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "dump.json"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        read_files([path], Said())
    assert str(path) in str(caught.value)


def test_a_key_given_twice_inside_a_list_is_found_among_many(tmp_path: Path) -> None:
    good = ",".join(json.dumps(_service(f"s{n}")) for n in range(50))
    twice = '{"apiVersion":"v1","kind":"Service","metadata":{"name":"x"},"spec":{},"metadata":{"name":"y"},"spec":{}}'
    path = tmp_path / "dump.json"
    path.write_text(f'{{"kind":"List","metadata":{{}},"items":[{good},{twice},{twice}]}}')
    with pytest.raises(InputError, match="item 50"):
        read_files([path], Said())


def test_missing_empty_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't read"):
        read_files([tmp_path / "none.json"], Said())
    with pytest.raises(InputError, match=r"no \.json"):
        read_files([tmp_path], Said())
    (tmp_path / "x.yaml").write_text("a: [1\nb: ]")
    with pytest.raises(InputError, match="YAML"):
        read_files([tmp_path / "x.yaml"], Said())
    with pytest.raises(InputError, match="nothing to judge"):
        read_files([_dump(tmp_path)], Said())


def test_what_is_said_fills_in_and_never_overrules(tmp_path: Path) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
            "status": {"nodeInfo": {"kubeletVersion": "v1.28.3"}}}  # fmt: skip
    said = Said(version="v2.9.1", network="flannel", kubernetes="v1.20.0")
    facts = read_files([_dump(tmp_path, _service(), node)], said)
    assert (facts.ccm.version, facts.identity.network, facts.identity.kubernetes) == ("v2.9.1", "flannel", "v1.28.3")
    assert set(facts.identity.said) == {"network", "version"}
    assert [clash.values for clash in facts.ccm.disagreements] == [{"read": "v1.28.3", "said": "v1.20.0"}]


def test_a_big_file_gives_the_same_facts_as_its_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = [_service(f"s{n:05}") for n in range(3000)]
    broken = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "odd"}, "spec": 7}
    path = _dump(tmp_path, *services[:2000], broken, *services[2000:])
    small = read_files([path], Said())
    monkeypatch.setattr(buffers, "BIG", 1)
    monkeypatch.setattr(buffers, "_STEP", 10_000)
    assert isinstance(buffers.load(path, 1 << 30), mmap.mmap)
    assert read_files([path], Said()) == small
    assert list(small.unreadable) == ["/odd"]
    assert len(small.services) == 3000
