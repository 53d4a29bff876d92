"""What a dry run brings into the cluster, by name: the same names in every run, so that remains are found."""

from __future__ import annotations

from upgrader.forecast.shadow import NAME as RESULT_NAME
from upgrader.forecast.shadow import PLACE
from upgrader.ports.read import Ref

NAME = "ccm-upgrade-shadow"
LABELS = {"app.kubernetes.io/managed-by": "ccm-upgrade", "app.kubernetes.io/component": "shadow"}
CONFIG_DIRECTORY, CONFIG_FILE = "/etc/ccm-upgrade", "cloud-config.conf"

_RBAC = "rbac.authorization.k8s.io/v1"
JOB = Ref(api_version="batch/v1", kind="Job", namespace=PLACE, name=NAME)
ACCOUNT = Ref(api_version="v1", kind="ServiceAccount", namespace=PLACE, name=NAME)
ROLE = Ref(api_version=_RBAC, kind="Role", namespace=PLACE, name=NAME)
ROLE_BINDING = Ref(api_version=_RBAC, kind="RoleBinding", namespace=PLACE, name=NAME)
CLUSTER_ROLE = Ref(api_version=_RBAC, kind="ClusterRole", name=NAME)
CLUSTER_ROLE_BINDING = Ref(api_version=_RBAC, kind="ClusterRoleBinding", name=NAME)
LEASE = Ref(api_version="coordination.k8s.io/v1", kind="Lease", namespace=PLACE, name=NAME)
RESULT = Ref(api_version="v1", kind="Event", namespace=PLACE, name=RESULT_NAME)

OURS = (JOB, ROLE_BINDING, CLUSTER_ROLE_BINDING, ROLE, CLUSTER_ROLE, ACCOUNT)
"""What we create, in the order in which it is removed. The Lease is the dry run's own."""
