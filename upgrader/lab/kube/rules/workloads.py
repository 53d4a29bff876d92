"""Pods and what makes them: containers, selectors, replicas, restart policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from upgrader.lab.kube.rules.metadata import label_causes
from upgrader.lab.kube.rules.words import REQUIRED, Cause, between, choice, go_map, label, quoted, unsupported, wrong
from upgrader.lab.kube.selectors import matches_labels

Map = dict[str, Any]
WORKLOADS = ("Deployment", "DaemonSet", "ReplicaSet", "StatefulSet")
_AT_LEAST_0 = "must be greater than or equal to 0"
_POD_FIXED = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
    "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_POD_FREE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName", "schedulingGates")


def workload_causes(found: Map, before: Map | None, kind: str) -> Iterator[Cause]:
    """What is wrong with a Deployment, DaemonSet, ReplicaSet, StatefulSet or Job."""
    spec = found.get("spec") or {}
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    for field in ("replicas", "parallelism", "completions", "backoffLimit", "minReadySeconds", "revisionHistoryLimit"):
        if isinstance(spec.get(field), int) and spec[field] < 0:
            yield f"spec.{field}", wrong(spec[field], _AT_LEAST_0)
    selector = spec.get("selector")
    if not selector:
        yield "spec.selector", REQUIRED
    elif not (selector.get("matchLabels") or selector.get("matchExpressions")):
        yield "spec.selector", f"Invalid value: {go_selector(selector)}: empty selector is invalid for {kind.lower()}"
    elif not matches_labels(selector, labels):
        said = "`selector` does not match template `labels`"
        yield "spec.template.metadata.labels", f"Invalid value: {go_map(labels)}: {said}"
    yield from label_causes(labels, "spec.template.metadata.labels")
    yield from pod_causes(template.get("spec") or {}, "spec.template.spec")
    policy = (template.get("spec") or {}).get("restartPolicy")
    if kind == "Job":
        if policy not in ("Never", "OnFailure"):
            yield "spec.template.spec.restartPolicy", f'{REQUIRED}: valid values: "OnFailure", "Never"'
    elif policy != "Always":
        yield "spec.template.spec.restartPolicy", unsupported(policy, "Always")
    yield from _strategy(spec, kind)
    if before is not None:
        yield from _fixed(spec, before.get("spec") or {}, kind)


def _strategy(spec: Map, kind: str) -> Iterator[Cause]:
    if kind == "Deployment":
        yield from choice(spec.get("strategy") or {}, "spec.strategy", "type", "Recreate", "RollingUpdate")
        if (spec.get("strategy") or {}).get("type") == "Recreate" and spec["strategy"].get("rollingUpdate"):
            yield "spec.strategy.rollingUpdate", "Forbidden: may not be specified when strategy `type` is 'Recreate'"
    elif kind == "DaemonSet":
        yield from choice(spec.get("updateStrategy") or {}, "spec.updateStrategy", "type", "RollingUpdate", "OnDelete")
        rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
        if rolling.get("maxUnavailable") in (0, "0%") and rolling.get("maxSurge", 0) in (0, "0%"):
            said = "cannot be 0 when `maxSurge` is 0"
            yield "spec.updateStrategy.rollingUpdate.maxUnavailable", wrong(rolling["maxUnavailable"], said)


def _fixed(spec: Map, before: Map, kind: str) -> Iterator[Cause]:
    if kind != "StatefulSet" and before.get("selector") != spec.get("selector"):
        yield "spec.selector", f"Invalid value: {go_selector(spec.get('selector') or {})}: field is immutable"
    if kind == "Job":
        for field in ("template", "completions"):
            if before.get(field) != spec.get(field):
                shown = quoted(spec.get(field)) if field == "completions" else "core.PodTemplateSpec{…}"
                yield f"spec.{field}", f"Invalid value: {shown}: field is immutable"
    if kind == "StatefulSet":
        free = ("replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy",
                "minReadySeconds", "revisionHistoryLimit")  # fmt: skip
        if {k: v for k, v in before.items() if k not in free} != {k: v for k, v in spec.items() if k not in free}:
            named = ", ".join(f"'{one}'" for one in (*free[:2], "template", *free[3:-2])) + " and 'minReadySeconds'"
            yield "spec", f"Forbidden: updates to statefulset spec for fields other than {named} are forbidden"


def go_selector(selector: Map) -> str:
    """A LabelSelector as Go prints it."""
    rules = [
        f'v1.LabelSelectorRequirement{{Key:"{one.get("key")}", Operator:"{one.get("operator")}", '
        f"Values:[]string{{{', '.join(quoted(v) for v in one.get('values') or ())}}}}}"
        for one in selector.get("matchExpressions") or ()
    ]
    shown = f"[]v1.LabelSelectorRequirement{{{', '.join(rules)}}}" if rules else "[]v1.LabelSelectorRequirement(nil)"
    labels = go_map(selector["matchLabels"]) if selector.get("matchLabels") else "map[string]string(nil)"
    return f"v1.LabelSelector{{MatchLabels:{labels}, MatchExpressions:{shown}}}"


def pod_causes(spec: Map, where: str) -> Iterator[Cause]:
    """What is wrong with a pod's spec."""
    yield from choice(spec, where, "restartPolicy", "Always", "OnFailure", "Never")
    yield from choice(spec, where, "dnsPolicy", "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
    if not spec.get("containers"):
        yield f"{where}.containers", REQUIRED
    names: set[str] = set()
    volumes = {one.get("name") for one in spec.get("volumes") or ()}
    for field in ("initContainers", "containers"):
        for place, container in enumerate(spec.get(field) or ()):
            yield from _container(container, f"{where}.{field}[{place}]", names, volumes)


def _container(container: Map, where: str, names: set[str], volumes: set[Any]) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield f"{where}.name", REQUIRED
    elif why := label(name):
        yield f"{where}.name", wrong(name, why)
    elif name in names:
        yield f"{where}.name", f'Duplicate value: "{name}"'
    names.add(name)
    if not container.get("image"):
        yield f"{where}.image", REQUIRED
    yield from choice(container, where, "imagePullPolicy", "Always", "IfNotPresent", "Never")
    for place, port in enumerate(container.get("ports") or ()):
        if why := between(port.get("containerPort"), 1, 65535):
            yield f"{where}.ports[{place}].containerPort", REQUIRED if not port.get("containerPort") else why
    for place, one in enumerate(container.get("env") or ()):
        if not one.get("name"):
            yield f"{where}.env[{place}].name", REQUIRED
    for place, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            yield f"{where}.volumeMounts[{place}].name", f"Not found: {quoted(mount.get('name'))}"
        if not mount.get("mountPath"):
            yield f"{where}.volumeMounts[{place}].mountPath", REQUIRED


def pod_update_causes(spec: Map, before: Map) -> Iterator[Cause]:
    """Refuse what may not change in a pod that exists."""

    def fixed(found: Map) -> Map:
        rest = {key: value for key, value in found.items() if key not in _POD_FREE}
        for field in ("containers", "initContainers"):
            if rest.get(field):
                rest[field] = [{k: v for k, v in one.items() if k != "image"} for one in rest[field]]
        return rest

    if fixed(spec) != fixed(before):
        yield "spec", _POD_FIXED
