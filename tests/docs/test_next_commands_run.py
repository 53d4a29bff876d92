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
from upgrader.execute.journal import runs_in
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


@pytest.fixture(scope="module")
def run_id(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A folder with what a user has: a plan, a snapshot, and a run that carried the plan out."""
    home = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**lab.environment, "CCM_UPGRADE_STATE": str(home / "state")}.items():
            patch.setenv(name, value)
        patch.chdir(home)
        assert run(["plan", "--to", "v2.14.0", "-o", "plan.json", "--kind", "self-managed"]) == Exit.DONE
        assert run(["discover", "-o", "facts.json"]) == Exit.DONE
        assert run(["apply", "plan.json", "--yes"]) == Exit.DONE
        (made,) = runs_in(home / "state")
        yield made


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


# Cut off where prose goes on, or of a fleet, which has guides and tests of its own; the lab's clusters have no reader
# for a dry run.
ELSEWHERE = re.compile(r"fleet |plan -f$|plan --shadow$")


@pytest.fixture
def desk(run_id: str) -> Iterator[str]:
    """The same for each command: one that writes a file (`fleet plan -o plan.json`) leaves the others theirs."""
    had = {path: path.read_bytes() for path in map(Path, ("plan.json", "facts.json"))}
    yield run_id
    for path, content in had.items():
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("command", "place"), [one for one in FOUND if not f"{one[0]}\n".startswith(ENDLESS)], ids=lambda text: text
)
def test_ours_can_be_followed(command: str, place: str, desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = command.partition(">")[0].replace("its run", "RUN").replace("its backup", f"state/{desk}")
    version = {"matrix": "v2.14.0", "apply": "plan.json", "explain": "CCM002"}.get(words.split()[0], desk)
    here = {"X": version, "{old}": "v2.10.0", "{new}": "v2.14.0", "FROM": "v2.10.0", "TO": "v2.14.0",
            "RUN": desk, "{run}": desk, "FILE": "plan.json", "CODE": "CCM002", "{code}": "CCM002",
            "VERSION": "v2.14.0", "TEXT": "why"}  # fmt: skip
    argv = [here.get(word, word) for word in shlex.split(words)]
    capsys.readouterr()
    code = run([*argv, "--yes"] if argv[0] == "apply" else argv)
    err = capsys.readouterr().err
    assert code != Exit.BUG, f"{place}: {command}: {err}"
    if not ELSEWHERE.match(command):
        assert code != Exit.USAGE, f"{place}: {command}: {err}"
