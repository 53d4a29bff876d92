"""Each cluster is there once, wherever it was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from upgrader.fleet.inventory.sources import merged, of_account, of_accounts, of_file, of_kubeconfig
from upgrader.fleet.model import Member
from upgrader.model.errors import DeniedError, InputError
from upgrader.ports.read import CloudCluster

ID = "c" + "0123456789abcdef" * 2


class Account:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def clusters(self, region: str = "") -> tuple[CloudCluster, ...]:
        self.asked.append(region)
        one = CloudCluster(id=ID, name="prod", region="cn-hangzhou", kind="managed", kubernetes="1.32.1-aliyun.1",
                           state="stopped", tags={"ring": "0"})  # fmt: skip
        return (one,) if region in ("", "cn-hangzhou") else ()


KUBECONFIG = f"""
apiVersion: v1
clusters:
- {{name: k1, cluster: {{server: "https://10.0.0.1:6443"}}}}
- {{name: k2, cluster: {{server: "https://10.0.0.2:6443"}}}}
contexts:
- {{name: kubernetes-admin-{ID}, context: {{cluster: k1, user: u}}}}
- {{name: again, context: {{cluster: k1, user: v}}}}
- {{name: own, context: {{cluster: k2, user: u}}}}
"""


def test_an_account_is_asked_region_by_region_and_keeps_states() -> None:
    account = Account()
    (member,) = of_account(account, "ops", ("cn-hangzhou", "cn-beijing"))
    assert account.asked == ["cn-hangzhou", "cn-beijing"]
    assert (member.account, member.state, member.tag("ring")) == ("ops", "stopped", "0")


def test_two_contexts_of_one_server_are_one_cluster_and_acks_name_tells_the_id(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    assert [(one.id, one.context) for one in of_kubeconfig(path)] == [
        (ID, f"kubernetes-admin-{ID}"),
        ("own", "own"),
    ]


def test_sources_fill_each_other(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECONFIG)
    whole = merged([of_account(Account(), "ops"), of_kubeconfig(path)])
    assert [one.id for one in whole] == [ID, "own"]
    assert (whole[0].name, whole[0].account, whole[0].context) == ("prod", "ops", f"kubernetes-admin-{ID}")


def test_a_list_is_read_strictly(tmp_path: Path) -> None:
    path = tmp_path / "clusters.yaml"
    path.write_text("clusters:\n- {id: a, tags: {ring: '1'}, kind: managed}\n- {id: b}\n")
    assert of_file(path)[0] == Member(id="a", kind="managed", tags=(("ring", "1"),))
    path.write_text("clusters:\n- {id: a}\n- {id: a}\n")
    with pytest.raises(InputError, match="listed twice: a"):
        of_file(path)
    path.write_text("clusters:\n- {id: a, version: banana}\n")
    with pytest.raises(InputError, match="cluster a: 'banana' is not a CCM version"):
        of_file(path)
    path.write_text("clusters:\n- {id: a, regoin: x}\n")
    with pytest.raises(InputError, match="regoin"):
        of_file(path)


def accounts(name: str) -> Account:
    if name == "denied":
        raise DeniedError("cs:DescribeClusters is denied", action="cs:DescribeClusters")
    return Account()


def test_a_denied_account_hides_no_other_and_is_named() -> None:
    found, unread = of_accounts(("ops", "denied"), accounts, ())
    assert [one.id for group in found for one in group] == [ID]
    assert unread == {"denied": "cs:DescribeClusters is denied"}


def test_one_account_alone_that_is_denied_is_an_error() -> None:
    with pytest.raises(DeniedError):
        of_accounts(("denied",), accounts, ())
