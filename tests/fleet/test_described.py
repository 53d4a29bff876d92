"""Clusters are worked on beside each other: no type is first met by msgspec on two threads at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import upgrader

ROOT = Path(upgrader.__file__).parent
# One thread alone comes here: a person's command, the strategy and the inventory before any worker starts, the lab.
ALONE = ("cli", "lab", "fleet/strategy.py", "fleet/inventory")
PLAIN = ("dict", "list", "object", "Raw")


def _typed_at_run_time(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Where a function decodes into a type that is neither described first nor plain."""
    inside = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    for call in (node for function in inside for node in ast.walk(function) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        if not name.startswith("msgspec.") or name.rpartition(".")[2] not in ("decode", "convert", "Decoder"):
            continue
        place = 0 if name.endswith("Decoder") else 1
        wanted = next((one.value for one in call.keywords if one.arg == "type"), None)
        wanted = wanted or (call.args[place] if len(call.args) > place else None)
        text = ast.unparse(wanted) if wanted else "object"
        if not text.startswith(("described(", *PLAIN)):
            yield call.lineno, text


def _found(folder: Path, alone: tuple[str, ...]) -> list[str]:
    paths = {path: str(path.relative_to(folder)) for path in sorted(folder.rglob("*.py"))}
    return [
        f"{name}:{line} {text}"
        for path, name in paths.items()
        if not name.startswith(alone) and name != "model/described.py"
        for line, text in _typed_at_run_time(ast.parse(path.read_text()))
    ]


def test_what_threads_decode_is_described_first() -> None:
    # The decoder that is handed over was made where the module was imported.
    assert [one for one in _found(ROOT, ALONE) if not one.endswith(" decoder.type")] == []


def test_the_rule_sees_a_type_that_is_not(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def read(data):\n    return msgspec.json.decode(data, type=Plan)\n")
    (tmp_path / "good.py").write_text("def read(data):\n    return msgspec.convert(data, described(Plan))\n")
    assert _found(tmp_path, ()) == ["bad.py:2 Plan"]
