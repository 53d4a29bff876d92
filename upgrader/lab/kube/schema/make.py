"""Makes `kinds.txt` from the Go types of Kubernetes: `python -m upgrader.lab.kube.schema.make API APIMACHINERY`.

API and APIMACHINERY are unpacked trees of k8s.io/api and k8s.io/apimachinery (Apache-2.0), both of one release.
What is kept is what goes over the wire: names, numbers and types of fields, and whether Go leaves them out.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

GROUPS = ("core/v1", "apps/v1", "batch/v1", "autoscaling/v1", "autoscaling/v2", "policy/v1", "rbac/v1", "networking/v1",
          "coordination/v1", "discovery/v1", "events/v1", "scheduling/v1", "authentication/v1",
          "authorization/v1", "storage/v1")  # fmt: skip
PACKAGES = {"metav1": "meta/v1", "v1": "core/v1", "corev1": "core/v1", "authv1": "authentication/v1"}
WORDS = {"string": "s", "int32": "i", "int64": "i", "int": "i", "uint32": "i", "byte": "y", "uint8": "y", "bool": "b",
         "float64": "f", "types.UID": "s", "types.NodeName": "s", "intstr.IntOrString": "IntOrString",
         "resource.Quantity": "Quantity", "runtime.RawExtension": "Raw", "runtime.Object": "Raw"}  # fmt: skip
OWN = {
    "meta/v1.Time": "Time",
    "meta/v1.MicroTime": "MicroTime",
    "meta/v1.FieldsV1": "Raw",
    "meta/v1.Duration": "Duration",
}
_TYPE = re.compile(r"^type (\w+) (.+?)(?:\s*//.*)?$")
_FIELD = re.compile(r"^\t(?:(\w+)\s+)?([\w.*\[\]]+)\s+`(.*)`")
_JSON, _PROTOBUF = re.compile(r'json:"([^"]*)"'), re.compile(r'protobuf:"\w+,(\d+),')


def types(group: str, source: str) -> Iterator[tuple[str, list[str] | str]]:
    """Each type with its fields' lines, or with what it stands for."""
    fields: list[str] | None = None
    for line in source.splitlines():
        if fields is not None:
            if line == "}":
                fields = None
            else:
                fields.append(line)
        elif (match := _TYPE.match(line)) is not None:
            if match[2].startswith("struct {"):
                fields = []
                yield f"{group}.{match[1]}", fields
                if match[2].endswith("}"):
                    fields = None
            else:
                yield f"{group}.{match[1]}", match[2]


def resolved(text: str, group: str, known: dict[str, list[str] | str]) -> str:
    """A Go type in the short notation: `[]` for lists, `{}` for maps, letters for scalars, a name for structs."""
    if text.startswith("*"):
        return resolved(text[1:], group, known)
    if text == "[]byte":
        return "y"
    if text.startswith("[]"):
        return "[]" + resolved(text[2:], group, known)
    if (match := re.match(r"^map\[\w[\w.]*\](.+)$", text)) is not None:
        return "{}" + resolved(match[1], group, known)
    if text in WORDS:
        return WORDS[text]
    package, _, name = text.rpartition(".")
    full = f"{PACKAGES.get(package, package) if package else group}.{name}"
    if full in OWN:
        return OWN[full]
    found = known.get(full, "string")
    if isinstance(found, str):
        inner = resolved(found, full.partition(".")[0], known)
        # A named list is a message of its own on the wire when it is the value of a map.
        return f"Items{inner}" if inner.startswith("[]") else inner
    return full


def lines(known: dict[str, list[str] | str]) -> Iterator[str]:
    """One line a struct: `name field=number?type …`; `?` for pointers, `!` for what is shown when empty, `~` for what
    is inlined.
    """
    for name, fields in sorted(known.items()):
        if isinstance(fields, str) or name in OWN:
            continue
        group, shown = name.partition(".")[0], []
        for line in fields:
            match = _FIELD.match(line)
            if match is None or (tag := _PROTOBUF.search(match[3])) is None:
                continue
            json, *options = (_JSON.search(match[3]) or ["", ""])[1].split(",")
            pointer, kind = match[2].startswith("*"), resolved(match[2], group, known)
            mark = "~" if not json else "?" if pointer else "" if "omitempty" in options else "!"
            shown.append(f"{json or match[2].lstrip('*')}={tag[1]}{mark}{kind.removeprefix(group + '.')}")
        if shown:
            yield f"{name} {' '.join(shown)}"


def main(api: Path, machinery: Path) -> None:
    """Write the file beside this one."""
    known: dict[str, list[str] | str] = {}
    places = [(group, api / group / "types.go") for group in GROUPS]
    for group, path in [("meta/v1", machinery / "pkg/apis/meta/v1/types.go"), *places]:
        known.update(types(group, path.read_text(encoding="utf-8")))
    text = "".join(f"{line}\n" for line in lines(known))
    (Path(__file__).parent / "kinds.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
