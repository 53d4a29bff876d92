"""Every command that somebody is told to run next is run: ours and kubectl's on a lab, the cloud's against its API.

What a command says does not matter here (a run that is over can't be resumed), but that it is one: nothing is missing
in it, nothing is unknown, and no bug shows.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_next_commands import FOUND
from tests.e2e.conftest import quick
from tests.lab.kube.conftest import Kubectl
from upgrader.cli.exit_codes import Exit
from upgrader.cli.main import run
from upgrader.lab.lab import Lab
from upgrader.lab.scenario import load_scenario
from upgrader.matrix.load import load_matrix
from upgrader.model.errors import AbsentError, CcmUpgradeError, RefusedError

TOLD = re.compile(r"(kubectl|aliyun) ((?:'[^']*'|[^;,(|'])+)")
# What is to be filled in, with what stands in the lab.
FILLED = {
    "NAMESPACE": "default", "SERVICE": "web", "PREFIX": "service.beta.kubernetes.io/alibaba-cloud-loadbalancer",
    "REGION.INSTANCE_ID": "cn-hangzhou.i-1", "REGION": "cn-hangzhou", "LB_ID": "lb-gone", "IP": "47.0.0.1",
    "VALUE": "a1", "PORT": "80", "VSWITCH_ID": "vsw-1", "VSWITCH_A": "vsw-1", "VSWITCH_B": "vsw-2",
    "ZONE_A": "cn-hangzhou-a", "ZONE_B": "cn-hangzhou-b", "VPC_ID": "vpc-1", "POLICY": "gone", "OLDEST": "v1",
    "ROLE": "gone", "TABLE": "vtb-1", "CIDR": "172.20.0.0/24", "CLUSTER_ID": "c1", "VERSION": "v2.14.0",
}  # fmt: skip
# Served until they are stopped, or a whole story of their own that has its own test.
ENDLESS = ("demo", "lab start", "lab\n")


def filled(command: str) -> str:
    for word in sorted(FILLED, key=len, reverse=True):
        command = re.sub(rf"(?<![A-Z_]){re.escape(word)}(?![A-Z_])", FILLED[word], command)
    return command.strip()


def fixes(program: str) -> list[str]:
    told = (match for entry in load_matrix().errors for fix in entry.fix for match in TOLD.finditer(fix))
    return sorted({filled(match[2]) for match in told if match[1] == program})


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(quick(load_scenario("demo"))) as served:
        yield served


@pytest.fixture
def at_the_desk(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a user has: a plan, a snapshot, a strategy."""
    for name, value in {**lab.environment, "CCM_UPGRADE_STATE": str(tmp_path / "state")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert run(["plan", "--to", "v2.14.0", "-o", "plan.json", "--kind", "self-managed"]) == Exit.DONE
    assert run(["discover", "-o", "facts.json"]) == Exit.DONE
    return tmp_path


@pytest.mark.parametrize("command", fixes("kubectl"))
def test_kubectl_can_run_it(command: str, lab: Lab, tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl on the PATH")
    argv = shlex.split(command)
    dry = ["--dry-run=server"] if {"annotate", "delete", "patch", "label"} & set(argv) else []
    Kubectl(lab, tmp_path)(*argv, *dry)


@pytest.mark.parametrize("command", fixes("aliyun"))
def test_the_cloud_knows_it(command: str, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from upgrader.adapters.aliyun.call import Call
    from upgrader.adapters.aliyun.client import SdkTransport
    from upgrader.adapters.aliyun.endpoint import parse_endpoint
    from upgrader.lab.cloud.products import actions_of

    product, action, *rest = shlex.split(command)
    assert action in actions_of(product), f"{product} has no {action}"
    params = dict(zip((name.removeprefix("--") for name in rest[::2]), rest[1::2], strict=True))
    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    if product == "cs":
        return
    call = Call(product=product, action=action, region=params.pop("RegionId", "cn-hangzhou"), params=params)
    # What is not there is refused; what is missing in the request, or unknown, is another matter.
    try:
        SdkTransport(endpoint=parse_endpoint(lab.url)).send(call)
    except AbsentError:
        return
    except CcmUpgradeError as error:
        if not isinstance(error, RefusedError) or re.search("Missing|InvalidParameter|InvalidAction", error.code):
            pytest.fail(str(error))


@pytest.mark.parametrize(
    ("command", "place"), [one for one in FOUND if not f"{one[0]}\n".startswith(ENDLESS)], ids=lambda text: text
)
def test_ours_is_whole(command: str, place: str, at_the_desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = command.partition(">")[0].replace("its run", "X").replace("its backup", "X")
    argv = ["x" if word in ("X", "WAVE", "FLEET_PLAN") else word for word in shlex.split(words)]
    argv = [{"FILE": "plan.json", "CODE": "CCM002", "{code}": "CCM002", "VERSION": "v2.14.0", "RUN": "x",
             "TEXT": "why"}.get(word, word) for word in argv]  # fmt: skip
    capsys.readouterr()
    code = run([*argv, "--yes"] if argv[0] == "apply" else argv)
    err = capsys.readouterr().err
    assert code != Exit.BUG, f"{place}: {command}: {err}"
    assert "Usage:" not in err, f"{place}: {command}: {err}"
