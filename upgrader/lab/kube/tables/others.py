"""How events, configuration, roles, leases and the rest are printed."""

from __future__ import annotations

from datetime import datetime

from upgrader.lab.kube.tables.columns import (
    UNKNOWN,
    UNSET,
    Cells,
    Columns,
    Object,
    age,
    at,
    joined,
    name_of,
    since,
)


def _event(found: Object, now: datetime) -> Cells:
    about = found.get("involvedObject") or {}
    first = found.get("firstTimestamp") or found.get("eventTime")
    series = found.get("series") or {}
    last = series.get("lastObservedTime") or found.get("lastTimestamp")
    seen = since(last, now) if last else since(first, now)
    count = series.get("count") or found.get("count") or 1
    place = about.get("fieldPath") or ""
    source = found.get("source") or {}
    who = source.get("component") or found.get("reportingComponent") or ""
    host = source.get("host") or found.get("reportingInstance") or ""
    kind = about.get("kind", "").lower()
    return [seen, found.get("type", ""), found.get("reason", ""), f"{kind}/{about.get('name', '')}" if about.get("name")
            else kind, place, f"{who}, {host}" if who and host else who or host, (found.get("message") or "").strip(),
            since(first, now), count, name_of(found)]  # fmt: skip


def _namespace(found: Object, now: datetime) -> Cells:
    return [name_of(found), at(found, "status", "phase") or "Active", age(found, now)]


def _configmap(found: Object, now: datetime) -> Cells:
    return [name_of(found), len(found.get("data") or ()) + len(found.get("binaryData") or ()), age(found, now)]


def _secret(found: Object, now: datetime) -> Cells:
    return [name_of(found), found.get("type", "Opaque"), len(found.get("data") or ()), age(found, now)]


def _account(found: Object, now: datetime) -> Cells:
    return [name_of(found), len(found.get("secrets") or ()), age(found, now)]


def _lease(found: Object, now: datetime) -> Cells:
    return [name_of(found), at(found, "spec", "holderIdentity") or "", age(found, now)]


def _plain(found: Object, now: datetime) -> Cells:
    return [name_of(found), age(found, now)]


def _role(found: Object, _: datetime) -> Cells:
    return [name_of(found), found["metadata"].get("creationTimestamp") or UNKNOWN]


def _binding(found: Object, now: datetime) -> Cells:
    by: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for one in found.get("subjects") or ():
        name = one.get("name", "")
        by.setdefault(one.get("kind", ""), []).append(
            f"{one.get('namespace', '')}/{name}" if one.get("kind") == "ServiceAccount" else name
        )
    role = found.get("roleRef") or {}
    shown = [", ".join(by[kind]) for kind in ("User", "Group", "ServiceAccount")]
    return [name_of(found), f"{role.get('kind')}/{role.get('name')}", age(found, now), *shown]


def _crd(found: Object, _: datetime) -> Cells:
    return [name_of(found), found["metadata"].get("creationTimestamp") or UNKNOWN]


def _budget(found: Object, now: datetime) -> Cells:
    spec = found.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    return [name_of(found), "N/A" if least is None else str(least), "N/A" if most is None else str(most),
            at(found, "status", "disruptionsAllowed") or 0, age(found, now)]  # fmt: skip


def _priority(found: Object, now: datetime) -> Cells:
    return [name_of(found), found.get("value", 0), bool(found.get("globalDefault")), age(found, now),
            found.get("preemptionPolicy", "PreemptLowerPriority")]  # fmt: skip


def _quota(found: Object, now: datetime) -> Cells:
    hard, used = at(found, "status", "hard") or at(found, "spec", "hard") or {}, at(found, "status", "used") or {}
    shown = {"": [], "limits": []}  # type: dict[str, list[str]]
    for key in sorted(hard):
        shown["limits" if key.startswith("limits.") else ""].append(f"{key}: {used.get(key, 0)}/{hard[key]}")
    return [name_of(found), ", ".join(shown[""]), ", ".join(shown["limits"]), age(found, now)]


def _scaler(found: Object, now: datetime) -> Cells:
    spec, target = found.get("spec") or {}, at(found, "spec", "scaleTargetRef") or {}
    goals = []
    for one in spec.get("metrics") or ():
        if one.get("type") == "Resource":
            name, goal = one["resource"]["name"], one["resource"].get("target") or {}
            limit = f"{goal['averageUtilization']}%" if goal.get("averageUtilization") else goal.get("averageValue")
            goals.append(f"{name}: {UNKNOWN}/{limit}")
    return [name_of(found), f"{target.get('kind')}/{target.get('name')}", joined(goals),
            str(spec["minReplicas"]) if spec.get("minReplicas") else UNSET, spec.get("maxReplicas", 0),
            at(found, "status", "currentReplicas") or 0, age(found, now)]  # fmt: skip


def _claim(found: Object, now: datetime) -> Cells:
    spec, status = found.get("spec") or {}, found.get("status") or {}
    modes = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    phase = "Terminating" if found["metadata"].get("deletionTimestamp") else status.get("phase", "Pending")
    shown = ",".join(modes.get(one, one) for one in status.get("accessModes") or ())
    return [name_of(found), phase, spec.get("volumeName", ""), at(status, "capacity", "storage") or "", shown,
            spec.get("storageClassName", ""), spec.get("volumeAttributesClassName") or UNSET, age(found, now),
            spec.get("volumeMode") or UNSET]  # fmt: skip


EVENTS = Columns(("Last Seen", "Type", "Reason", "Object", "+Subobject", "+Source", "Message", "+First Seen", "+Count",
                  "+Name"), _event)  # fmt: skip
NAMESPACES = Columns(("Name", "Status", "Age"), _namespace)
CONFIGMAPS = Columns(("Name", "Data", "Age"), _configmap)
SECRETS = Columns(("Name", "Type", "Data:integer", "Age"), _secret)
ACCOUNTS = Columns(("Name", "Secrets", "Age"), _account)
LEASES = Columns(("Name", "Holder", "Age"), _lease)
PLAIN = Columns(("Name", "Age"), _plain)
ROLES = Columns(("Name", "Created At:date"), _role)
BINDINGS = Columns(("Name", "Role", "Age", "+Users", "+Groups", "+ServiceAccounts"), _binding)
CRDS = Columns(("Name", "Created At:date"), _crd)
BUDGETS = Columns(("Name", "Min Available", "Max Unavailable", "Allowed Disruptions:integer", "Age"), _budget)
PRIORITIES = Columns(("Name", "Value:integer", "Global-Default:boolean", "Age", "PreemptionPolicy"), _priority)
QUOTAS = Columns(("Name", "Request", "Limit", "Age"), _quota)
SCALERS = Columns(("Name", "Reference", "Targets", "MinPods", "MaxPods:integer", "Replicas:integer", "Age"), _scaler)
CLAIMS = Columns(
    ("Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass", "Age",
     "+VolumeMode"), _claim,
)  # fmt: skip
