"""Flags that a version does not know, and what is left without them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrader.matrix.startup import load_startup, read_startup
from upgrader.migrations.leader_locks import held, shared
from upgrader.migrations.startup_flags import cleaned, flag_value, unknown_controllers, unknown_flags
from upgrader.model.errors import InputError
from upgrader.model.version import parse_version

FLAGS = sorted({flag.name for flag in load_startup().flags})
VERSIONS = [parse_version(text) for text in ("v2.1.0", "v2.2.0", "v2.8.0", "v2.9.1", "v2.14.0")]

arguments = st.lists(
    st.one_of(
        st.sampled_from(FLAGS).map(lambda name: f"--{name}=1"),
        st.sampled_from(FLAGS).map(lambda name: f"-{name}"),
        st.sampled_from(["/cloud-controller-manager", "--controllers=node,elb,service", "--nonsense", "value"]),
    ),
    max_size=8,
)


@given(arguments, st.sampled_from(VERSIONS))
def test_what_is_left_is_known(args: list[str], version: object) -> None:
    at = next(one for one in VERSIONS if one is version)
    left = cleaned(args, at)
    assert unknown_flags(left, at) == ()
    assert unknown_controllers(left, at) == ()
    assert cleaned(left, at) == left


@given(arguments, st.sampled_from(VERSIONS))
def test_what_is_known_is_left_in_its_order(args: list[str], version: object) -> None:
    at = next(one for one in VERSIONS if one is version)
    if not unknown_flags(args, at) and not unknown_controllers(args, at):
        assert cleaned(args, at) == tuple(args)


def test_a_value_of_its_own_goes_with_its_flag() -> None:
    version = parse_version("v2.14.0")
    assert cleaned(["/ccm", "--port", "10253", "--v", "5"], version) == ("/ccm", "--v", "5")


def test_controllers_are_cleaned_in_both_spellings_and_each_time() -> None:
    version = parse_version("v2.14.0")
    assert cleaned(["--controllers", "node,elb", "--v=5"], version) == ("--controllers=node", "--v=5")
    assert cleaned(["--controllers=elb", "--controllers=service"], version) == ("--controllers=service",)
    assert cleaned(["--controllers", "node", "--v=5"], version) == ("--controllers", "node", "--v=5")


def test_flags_come_and_go() -> None:
    args = ["--allow-untagged-cloud=true"]
    assert unknown_flags(args, parse_version("v2.1.0")) == ("allow-untagged-cloud",)
    assert unknown_flags(args, parse_version("v2.2.0")) == ()
    assert unknown_flags(["--feature-gates=a=true"], parse_version("v2.9.1")) == ("feature-gates",)
    assert unknown_flags(["--sync-period=1m"], parse_version("v2.8.0")) == ("sync-period",)


def test_values_are_found_in_both_spellings() -> None:
    assert flag_value(["--a=1"], "a") == "1"
    assert flag_value(["--a", "1"], "a") == "1"
    assert flag_value(["--a", "--b"], "a") == ""
    assert flag_value(["--b"], "a") is None
    assert flag_value(["--a=1", "--a=2"], "a") == "2"


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("v1.9.3.372", "v1.9.3.376", set()),
        ("v1.9.3.372", "v2.14.0", set()),
        ("v1.9.3.372", "v2.1.0", {"endpoints"}),
        ("v1.9.3.376", "v2.1.0", {"leases"}),
        ("v2.5.1", "v2.6.0", {"leases"}),
    ],
)
def test_leader_locks(one: str, other: str, common: set[str]) -> None:
    found = [held(parse_version(version)) for version in (one, other)]
    assert found[0] & found[1] == common
    assert shared(*found) == bool(common)


def test_every_mistake_in_the_data_is_told_with_its_line(tmp_path: object) -> None:
    path = tmp_path / "startup.yaml"  # type: ignore[operator]
    path.write_text(
        "flags:\n  - {name: a, since: v1.0.0, sources: [x], certainty: source, colour: red}\n"
        "  - {name: b, since: v2.0.0, until: v1.0.0, sources: [x], certainty: source}\n"
        "controllers: []\nleader_locks: []\nsurprise: []\n"
    )
    with pytest.raises(InputError) as caught:
        read_startup(path)
    text = str(caught.value)
    assert "startup.yaml:2" in text
    assert "startup.yaml:3: until v1.0.0 is not after since v2.0.0" in text
    assert "'surprise'" in text
    assert "'rights'" in text
