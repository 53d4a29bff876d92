"""The shipped data is whole, and each kind of damage to it is found and placed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upgrader.matrix.check import main
from upgrader.matrix.load import data_directory, load_matrix, read_matrix
from upgrader.model.errors import InputError

SOUND = "  sources: [ccm-source]\n  certainty: source\n"
ANNOTATION = "- name: service.beta.kubernetes.io/new\n  lb: [clb]\n"


def test_the_shipped_data_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    assert capsys.readouterr().out.endswith("whole\n")


@pytest.mark.parametrize(
    ("file", "put", "says"),
    [
        ("annotation_compat.yaml", ANNOTATION + "  since: v2\n" + SOUND, "'v2' is not a CCM version"),
        ("annotation_compat.yaml", ANNOTATION + "  since: v2.1.0\n  until: v2.1.0\n" + SOUND, "is not after since"),
        ("annotation_compat.yaml", ANNOTATION + "  since: v2.1.0\n  kind: enum\n" + SOUND, "go together"),
        ("annotation_compat.yaml", ANNOTATION + "  since: v2.1.0\n  min: 1\n" + SOUND, "go with kind: int"),
        ("annotation_compat.yaml", ANNOTATION + "  since: v2.1.0\n  default: {x: y}\n" + SOUND, "default: 'x' is not"),
        ("annotation_compat.yaml", ANNOTATION + "  since: v2.1.0\n  default: {v2.3.0: y}\n" + SOUND, "versions open"),
        ("annotation_compat.yaml", ANNOTATION + "  since: v2.1.0\n  renamed_from: old\n" + SOUND, "renamed from old"),
        ("annotation_compat.yaml", ANNOTATION + "  since: v2.1.0\n  sources: []\n  certainty: source\n", "no source"),
        ("annotation_compat.yaml", ANNOTATION + "  since: v2.1.0\n  sources: [a]\n  certainty: source\n", "cites 'a'"),
        ("annotation_compat.yaml", ANNOTATION + "  since: v2.1.0\n  sinse: v2.1.0\n" + SOUND, "did you mean 'since'"),
        (
            "annotation_compat.yaml",
            f"{ANNOTATION}  since: v2.1.0\n{SOUND}{ANNOTATION}  since: v2.3.0\n{SOUND}",
            "new for clb is described twice for v2.3.0",
        ),
        (
            "sources.yaml",
            "- id: ccm-source\n  title: again\n",
            "ccm-source is described twice, first at sources.yaml:3",
        ),
        (
            "versions.yaml",
            "- version: v1.9.3.276\n  line: '1.9.3'\n  image: i\n  notes: []\n" + SOUND,
            "(1, 9, 3, 276) is described twice",
        ),
        (
            "changes.yaml",
            "- id: some\n  version: v2.1.0\n  area: a\n  summary: s\n  effect: NONE\n  reversible: 'yes'\n"
            "  actions: ['slb:Unheard']\n" + SOUND,
            "some names slb:Unheard, which no entry describes",
        ),
        (
            "stops.yaml",
            "- before: v2.1.0\n  after: v2.0.1\n  low: v2.2.0\n  high: v2.3.0\n  why: w\n" + SOUND,
            "must follow each other",
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_line(data_copy: Path, file: str, put: str, says: str) -> None:
    damaged = data_copy / file
    lines = damaged.read_text().count("\n")
    damaged.write_text(damaged.read_text() + put)
    with pytest.raises(InputError) as caught:
        read_matrix(data_copy)
    told = [line.strip() for line in str(caught.value).splitlines() if says in line]
    assert len(told) == 1, str(caught.value)
    assert int(told[0].removeprefix(f"{file}:").partition(":")[0]) > lines


def test_all_files_are_told_at_once(data_copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("versions", "events", "changes", "error_catalogue", "behaviour", "startup"):
        with (data_copy / f"{name}.yaml").open("a") as file:
            file.write("\n- {colour: red}\n" if name != "startup" else "\ncolour: red\n")
    assert main(data_copy) == 64
    told = capsys.readouterr().err
    for name in ("versions", "events", "changes", "error_catalogue", "behaviour", "startup"):
        assert f"{name}.yaml:" in told


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("- {id: bad, message: m, pattern: '(', meaning: m, sources: [observed], certainty: docs}", "bad: the pattern"),
        (
            (
                "- {id: shadowed, message: 'Conflict.Lock again', pattern: 'Conflict.Lock again', meaning: m, "
                "sources: [observed], certainty: docs}"
            ),
            "shadowed: its example is found by nlb-locked",
        ),
        (
            (
                "- {id: deaf, message: 'says this', pattern: 'hears that', meaning: m, sources: [observed], "
                "certainty: docs}"
            ),
            "deaf: its example is found by",
        ),
    ],
)
def test_a_pattern_must_speak_for_its_example(
    data_copy: Path, capsys: pytest.CaptureFixture[str], entry: str, says: str
) -> None:
    file = data_copy / "error_catalogue.yaml"
    file.write_text(file.read_text() + entry + "\n")
    assert main(data_copy) == 64
    assert says in capsys.readouterr().err


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_our_error_or_none(data_copy: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(path.name for path in data_directory().glob("*.yaml"))))
    text = (data_directory() / name).read_text()
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 40))
    put = data.draw(st.text("-[]{}:?*&!|>'\"%@, \n\tab09.v", max_size=6))
    (data_copy / name).write_text(text[:at] + put + text[at + cut :])
    try:
        assert main(data_copy) in (0, 64)
    finally:
        (data_copy / name).write_text(text)


@pytest.mark.parametrize(
    ("file", "entry"),
    [
        ("behaviour", "- {key: id_label, since: v9.9.9, value: 'yes', sources: [rumour], certainty: docs}"),
        (
            "startup",
            "  - {group: '', resource: r, verbs: [get], why: w, since: v2.1.0, sources: [rumour], certainty: docs}",
        ),
    ],
)
def test_sources_of_the_other_files_exist(
    data_copy: Path, capsys: pytest.CaptureFixture[str], file: str, entry: str
) -> None:
    with (data_copy / f"{file}.yaml").open("a") as damaged:
        damaged.write(f"\n{entry}\n")
    assert main(data_copy) == 64
    assert f"{file}.yaml: cites 'rumour'" in capsys.readouterr().err


def test_the_digest_changes_with_any_byte(data_copy: Path) -> None:
    assert read_matrix(data_copy).digest == load_matrix().digest
    with (data_copy / "behaviour.yaml").open("a") as file:
        file.write("\n")
    assert read_matrix(data_copy).digest != load_matrix().digest
