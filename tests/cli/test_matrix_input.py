"""`matrix hash` and `matrix weights` with what people hand them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from upgrader.cli.main import run

SERVICE: dict[str, Any] = {
    "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"type": "LoadBalancer", "ports": [{"port": 80, "protocol": "TCP"}]},
}  # fmt: skip


def hashed(capsys: pytest.CaptureFixture[str], *files: Path) -> tuple[int, dict[str, Any]]:
    """The exit code and the document."""
    named = [part for file in files for part in ("-f", str(file))]
    code = run(["matrix", "hash", "--ccm", "v2.14.0", *named, "-o", "json"])
    out = capsys.readouterr().out
    return code, json.loads(out) if out else {}


def written(path: Path, value: object) -> Path:
    """The file, with the value as JSON."""
    path.write_text(json.dumps(value))
    return path


def test_one_service_and_a_list_and_several_files_hash_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = written(tmp_path / "a.json", SERVICE)
    more = written(tmp_path / "b.json", {"kind": "List", "items": [{**SERVICE, "metadata": {"name": "api"}}]})
    manifest = tmp_path / "c.yaml"
    manifest.write_text(
        "kind: Service\nmetadata: {name: y}\nspec: {type: LoadBalancer, ports: [{port: 80, protocol: TCP}]}\n"
    )
    code, found = hashed(capsys, bare, more, manifest)
    assert code == 0
    assert [one["name"] for one in found["services"]] == ["api", "y", "web"]
    assert len({one["computed"] for one in found["services"]}) == 1
    assert "unreadable" not in found


def test_what_can_not_be_hashed_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = {**SERVICE, "metadata": {"name": "odd", "namespace": "shop"}, "spec": 7}
    code, found = hashed(capsys, written(tmp_path / "a.json", {"kind": "List", "items": [SERVICE, broken]}))
    assert (code, list(found["unreadable"]), len(found["services"])) == (5, ["shop/odd"], 1)


def test_a_file_without_services_is_no_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = hashed(capsys, written(tmp_path / "a.json", {"kind": "Node", "metadata": {"name": "n"}}))
    assert code == 64


@pytest.mark.parametrize("pods", ["", "1,,2", "-1", "1.5", "1_000", "\u0661", "x", "9" * 10, "9" * 5000])
def test_what_counts_no_pods_is_no_input(pods: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["matrix", "weights", "--ccm", "v2.14.0", "--policy", "Local", "--pods", pods]) == 64
    assert len(capsys.readouterr().err) < 200


def test_a_version_without_nlb_weighs_none(capsys: pytest.CaptureFixture[str]) -> None:
    for version, code in (("v1.9.3.239", 64), ("v2.14.0", 0)):
        given = ["--policy", "Local", "--pods", " 1, 2", "--lb", "nlb"]
        assert run(["matrix", "weights", "--ccm", version, *given]) == code
    assert capsys.readouterr().out.strip() == "1 2"
