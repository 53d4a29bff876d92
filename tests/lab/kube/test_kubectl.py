"""What people do with kubectl, done with the real one against the lab."""

from __future__ import annotations

import re

from tests.lab.kube.conftest import Kubectl

APP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, labels: {app: NAME}}
spec:
  replicas: 2
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers: [{name: nginx, image: "nginx:1.26", ports: [{containerPort: 80, name: http}]}]
---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec: {type: LoadBalancer, selector: {app: NAME}, ports: [{port: 80, targetPort: http}]}
"""
MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME, labels: {set: NAME}}
data: {a: "VALUE"}
"""


def app(name: str) -> str:
    return APP.replace("NAME", name)


def config(name: str, value: str = "1") -> str:
    return MAP.replace("NAME", name).replace("VALUE", value)


# -- looking ---------------------------------------------------------------------------------------------------------


def test_get_in_every_form(kubectl: Kubectl) -> None:
    names = kubectl("get", "svc", "-o", "name").out.split()
    assert "service/web" in names
    assert kubectl("get", "svc", "web", "-o", "jsonpath={.spec.type}").out == "LoadBalancer"
    columns = kubectl("get", "svc", "-o", "custom-columns=N:.metadata.name,T:.spec.type").lines
    assert columns[0] == ["N", "T"]
    assert ["web", "LoadBalancer"] in columns
    assert kubectl("get", "svc", "web", "-o", "yaml").out.startswith("apiVersion: v1\n")
    assert kubectl("get", "nodes,svc", "-o", "json").json["kind"] == "List"
    wide = kubectl("get", "pods", "-A", "-o", "wide").lines
    assert wide[0][:2] == ["NAMESPACE", "NAME"]
    assert {"IP", "NODE"} <= set(wide[0])
    one = kubectl("get", "svc", "--field-selector", "metadata.name=web", "--no-headers").lines
    assert [line[0] for line in one] == ["web"]
    assert kubectl("get", "pods", "-l", "app in (web, api),app!=api", "-o", "name").out.count("pod/web-") >= 2
    by_name = kubectl("get", "svc", "--sort-by=.metadata.name", "-o", "name").out.split()
    assert by_name == sorted(by_name)
    assert "NotFound" in kubectl("get", "svc", "nobody", code=1).error
    assert kubectl("get", "svc", "nobody", "--ignore-not-found").out == ""


def test_what_the_server_says_of_itself(kubectl: Kubectl) -> None:
    assert "Server Version: v1.32" in kubectl("version").out
    assert "is running at https://127.0.0.1" in kubectl("cluster-info").out
    assert {"v1", "apps/v1", "discovery.k8s.io/v1"} <= set(kubectl("api-versions").out.split())
    assert ["deployments", "deploy", "apps/v1", "true", "Deployment"] in kubectl("api-resources").lines
    assert kubectl("get", "--raw", "/readyz").out == "ok"
    assert kubectl("get", "--raw", "/api/v1/namespaces/default/services/web").json["kind"] == "Service"
    assert "rollingUpdate" in kubectl("explain", "deployment.spec.strategy").out
    assert "Metrics API not available" in kubectl("top", "nodes", code=1).error
    assert {"storageclasses.storage.k8s.io", "replicationcontrollers"} <= set(
        kubectl("api-resources", "--verbs=list", "-o", "name").out.split()
    )
    assert kubectl("get", "--raw", "/api/v1/nothing", code=1).error.count("NotFound") == 1
    for command in (
        ["debug", "web-1-1", "--image=busybox", "--profile=general"],
        ["exec", "web-1-1", "--", "ls"],
        ["attach", "web-1-1"],
        ["port-forward", "web-1-1", "0:80"],
    ):
        assert "run no programs" in kubectl(*command, code=1).error


def test_describe_shows_conditions_endpoints_and_events(kubectl: Kubectl) -> None:
    kubectl.apply(app("told"))
    kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress}", "svc/told", "--timeout=60s")
    shown = kubectl("describe", "svc", "told").out
    assert re.search(r"LoadBalancer Ingress:\s+\d+\.", shown)
    assert re.search(r"Endpoints:\s+172\.20\.\d+\.\d+:80,172\.20", shown)
    shown = kubectl("describe", "deploy", "told").out
    assert "2 desired | 2 updated | 2 total | 2 available | 0 unavailable" in shown
    assert "Scaled up replica set told-" in shown
    pod = kubectl("get", "pods", "-l", "app=told", "-o", "name").out.split()[0]
    shown = kubectl("describe", pod).out
    assert "Started container nginx" in shown
    assert re.search(r"Controlled By:\s+ReplicaSet/told-", shown)
    assert "KubeletReady" in kubectl("describe", "node", "cn-hangzhou.192.168.0.11").out
    shown = kubectl("describe", "ds", "-n", "kube-system", "kube-flannel-ds").out
    assert "Desired Number of Nodes Scheduled: 4" in shown
    assert "ScalingReplicaSet" in kubectl("events", "--for", "deploy/told").out


def test_watch_tells_what_comes(kubectl: Kubectl) -> None:
    kubectl.apply(config("watched"))
    watch = kubectl("get", "cm", "watched", "-w", "--request-timeout=1s", "-o", "name", code=None)
    assert watch.out == "configmap/watched\n"


# -- writing ---------------------------------------------------------------------------------------------------------


def test_apply_diff_replace_edit(kubectl: Kubectl) -> None:
    assert "created" in kubectl.apply(config("cm")).out
    assert "unchanged" in kubectl.apply(config("cm")).out
    changed = kubectl("diff", "-f", "-", stdin=config("cm", "2"), code=1).out
    assert '-  a: "1"\n+  a: "2"' in changed
    assert "(dry run)" in kubectl.apply(config("cm", "2"), "--dry-run=client").out
    assert 'a: "2"' in kubectl.apply(config("cm", "2"), "--dry-run=server", "-o", "yaml").out
    assert kubectl("get", "cm", "cm", "-o", "jsonpath={.data.a}").out == "1"
    kubectl("replace", "-f", "-", stdin=config("cm", "3"))
    kubectl("edit", "cm", "cm", KUBE_EDITOR='sed -i \'s/a: "3"/a: "4"/\'')
    assert kubectl("get", "cm", "cm", "-o", "jsonpath={.data.a}").out == "4"


def test_server_side_apply_knows_whose_fields_are_whose(kubectl: Kubectl) -> None:
    kubectl.apply(config("ssa"), "--server-side")
    refused = kubectl.apply(config("ssa", "2"), "--server-side", "--field-manager=other", code=1).error
    assert 'conflict with "kubectl": .data.a' in refused
    kubectl.apply(config("ssa", "2"), "--server-side", "--field-manager=other", "--force-conflicts")
    managers = kubectl("get", "cm", "ssa", "-o", "json", "--show-managed-fields").json["metadata"]["managedFields"]
    assert {one["manager"] for one in managers} == {"kubectl", "other"}


def test_apply_prunes_what_is_no_longer_there(kubectl: Kubectl) -> None:
    kubectl.apply(config("kept"), "-l", "set=kept")
    kubectl.apply(config("gone").replace("set: gone", "set: kept"))
    out = kubectl.apply(config("kept"), "--prune", "-l", "set=kept", "--prune-allowlist=core/v1/ConfigMap").out
    assert "configmap/gone pruned" in out


def test_fields_that_no_kind_has_are_refused_or_warned_about(kubectl: Kubectl) -> None:
    wrong = app("typo").replace("replicas: 2", "replicaz: 2")
    refused = kubectl.apply(wrong, code=1).error
    assert 'strict decoding error: unknown field "spec.replicaz"' in refused
    assert 'Warning: unknown field "spec.replicaz"' in kubectl.apply(wrong, "--validate=warn").error
    assert "field not declared in schema" in kubectl.apply(wrong, "--server-side", code=1).error
    refused = kubectl.apply(app("typo").replace("replicas: 2", "replicas: two"), code=1).error
    assert "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32" in refused


def test_patches_of_three_kinds_and_of_a_status(kubectl: Kubectl) -> None:
    kubectl.apply(app("patched"))
    kubectl("patch", "svc", "patched", "-p", '{"spec":{"ports":[{"port":443,"targetPort":80,"name":"tls"}]}}', code=1)
    kubectl("patch", "svc", "patched", "--type=merge", "-p", '{"spec":{"externalTrafficPolicy":"Local"}}')
    kubectl("patch", "svc", "patched", "--type=json", "-p",
            '[{"op":"add","path":"/metadata/annotations","value":{"x":"y"}}]')  # fmt: skip
    side = '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox:1"}]}}}}'
    kubectl("patch", "deploy", "patched", "-p", side)
    images = kubectl("get", "deploy", "patched", "-o", "jsonpath={.spec.template.spec.containers[*].name}").out
    assert set(images.split()) == {"nginx", "side"}
    status = '{"status":{"conditions":[{"type":"Odd","status":"True"}]}}'
    kubectl("patch", "svc", "patched", "--subresource=status", "--type=merge", "-p", status)
    found = kubectl("get", "svc", "patched", "-o", "json").json
    assert [one["type"] for one in found["status"]["conditions"]] == ["Odd"]
    assert (found["metadata"]["annotations"]["x"], found["spec"]["externalTrafficPolicy"]) == ("y", "Local")


def test_create_speaks_protobuf_and_is_understood(kubectl: Kubectl) -> None:
    kubectl("create", "ns", "made")
    made = [
        "deployment d --image=nginx:1 --replicas=2 --port=80", "job j --image=busybox:1 -- sh -c true",
        "configmap c --from-literal=a=b", "secret generic s --from-literal=p=q", "service clusterip v --tcp=80:8080",
        "serviceaccount bob", "role reader --verb=get,list --resource=pods",
        "rolebinding reads --role=reader --serviceaccount=made:bob", "quota q --hard=pods=20",
        "ingress i --rule=a.b/c=v:80", "pdb p --selector=app=d --min-available=1",
        "cronjob t --image=busybox:1 --schedule=0_0_*_*_* -- date",
    ]  # fmt: skip
    for command in made:
        words = [word.replace("_", " ") for word in command.split()]
        assert "created" in kubectl("-n", "made", "create", *words).out
    kubectl("-n", "made", "create", "job", "now", "--from=cronjob/t")
    kubectl("-n", "made", "wait", "--for=condition=complete", "job/j", "job/now", "--timeout=30s")
    kubectl("-n", "made", "rollout", "status", "deploy/d", "--timeout=30s")
    kubectl("-n", "made", "run", "alone", "--image=nginx:1", "--port=80")
    kubectl("-n", "made", "expose", "deploy", "d", "--type=LoadBalancer", "--port=80", "--name=front")
    kubectl("-n", "made", "autoscale", "deploy", "d", "--min=1", "--max=3", "--cpu-percent=50")
    assert kubectl("-n", "made", "get", "secret", "s", "-o", "jsonpath={.data.p}").out == "cQ=="
    token = kubectl("-n", "made", "create", "token", "bob").out.strip()
    assert kubectl("--token", token, "-n", "made", "get", "pods", "-o", "name", code=None).code in (0, 1)
    kubectl("delete", "ns", "made", "--timeout=60s")
    assert kubectl("get", "ns", "made", "--ignore-not-found").out == ""


def test_may_i(kubectl: Kubectl) -> None:
    kubectl("create", "sa", "ann")
    kubectl("create", "role", "looks", "--verb=get,list", "--resource=pods,deployments.apps")
    kubectl("create", "rolebinding", "ann-looks", "--role=looks", "--serviceaccount=default:ann")
    ann = "--as=system:serviceaccount:default:ann"
    assert kubectl("auth", "can-i", "delete", "nodes").out == "yes\n"
    assert kubectl("auth", "can-i", "list", "pods", ann).out == "yes\n"
    assert kubectl("auth", "can-i", "delete", "pods", ann, code=1).out == "no\n"
    assert ["pods", "[]", "[]", "[get", "list]"] in kubectl("auth", "can-i", "--list", ann).lines
    assert "kubernetes-admin" in kubectl("auth", "whoami").out
    refused = kubectl("get", "secrets", ann, code=1).error
    assert 'secrets is forbidden: User "system:serviceaccount:default:ann" cannot list resource "secrets"' in refused


# -- moving ----------------------------------------------------------------------------------------------------------


def test_a_rollout_from_begin_to_undo(kubectl: Kubectl) -> None:
    kubectl.apply(app("rolled"))
    kubectl("rollout", "status", "deploy/rolled", "--timeout=30s")
    kubectl("set", "image", "deploy/rolled", "nginx=nginx:1.27")
    kubectl("annotate", "deploy/rolled", "kubernetes.io/change-cause=newer")
    kubectl("rollout", "status", "deploy/rolled", "--timeout=30s")
    assert ["2", "newer"] in kubectl("rollout", "history", "deploy/rolled").lines
    assert "nginx:1.26" in kubectl("rollout", "history", "deploy/rolled", "--revision=1").out
    kubectl("rollout", "undo", "deploy/rolled")
    image = "jsonpath={.spec.template.spec.containers[0].image}"
    assert kubectl("get", "deploy", "rolled", "-o", image).out == "nginx:1.26"
    kubectl("set", "image", "deploy/rolled", "nginx=nginx:broken")
    assert "timed out" in kubectl("rollout", "status", "deploy/rolled", "--timeout=1s", code=1).error
    assert "ImagePullBackOff" in kubectl("get", "pods", "-l", "app=rolled").out
    assert "ImagePullBackOff" in kubectl("describe", "pods", "-l", "app=rolled").out
    kubectl("rollout", "undo", "deploy/rolled")
    kubectl("rollout", "pause", "deploy/rolled")
    kubectl("set", "env", "deploy/rolled", "MODE=dark")
    assert len(kubectl("get", "rs", "-l", "app=rolled", "-o", "name").lines) == 3
    kubectl("rollout", "resume", "deploy/rolled")
    kubectl("rollout", "restart", "deploy/rolled")
    kubectl("scale", "deploy/rolled", "--replicas=3")
    kubectl("wait", "--for=condition=available", "deploy/rolled", "--timeout=30s")
    assert kubectl("get", "deploy", "rolled", "--no-headers").lines[0][1] == "3/3"
    refused = kubectl("scale", "deploy/rolled", "--current-replicas=9", "--replicas=1", code=1).error
    assert "Expected replicas to be 9, was 3" in refused


def test_daemons_and_their_history(kubectl: Kubectl) -> None:
    flannel = ["-n", "kube-system"]
    kubectl(*flannel, "set", "image", "ds/kube-flannel-ds", "kube=flannel:v0.16")
    assert "successfully rolled out" in kubectl(*flannel, "rollout", "status", "ds/kube-flannel-ds").out
    kubectl(*flannel, "rollout", "undo", "ds/kube-flannel-ds")
    image = "jsonpath={.spec.template.spec.containers[0].image}"
    assert kubectl(*flannel, "get", "ds", "kube-flannel-ds", "-o", image).out.endswith("flannel:v0.15.1")


def test_labels_taints_and_a_drained_node(kubectl: Kubectl) -> None:
    node = "cn-hangzhou.192.168.0.13"
    kubectl("label", "node", node, "zone=a")
    assert "already has a value" in kubectl("label", "node", node, "zone=b", code=1).error
    kubectl("label", "node", node, "zone=b", "--overwrite")
    kubectl("label", "node", node, "zone-")
    kubectl("taint", "node", node, "k=v:NoSchedule")
    kubectl("taint", "node", node, "k-")
    kubectl.apply(app("guarded"))
    kubectl("create", "pdb", "guarded", "--selector=app=guarded", "--min-available=2")
    kubectl("cordon", node)
    assert "SchedulingDisabled" in kubectl("get", "node", node).out
    pods = kubectl("get", "pods", "-l", "app=guarded", "-o", "jsonpath={.items[*].spec.nodeName}").out.split()
    held = kubectl("drain", pods[0], "--ignore-daemonsets", "--force", "--timeout=1s", "--pod-selector=app=guarded",
                   code=1).error  # fmt: skip
    assert "would violate the pod's disruption budget" in held
    kubectl("delete", "pdb", "guarded")
    kubectl("drain", pods[0], "--ignore-daemonsets", "--force", "--timeout=60s", "--pod-selector=app=guarded")
    left = kubectl("get", "pods", "-l", "app=guarded", "-o", "jsonpath={.items[*].spec.nodeName}").out.split()
    assert len(left) == 2
    assert pods[0] not in left
    kubectl("uncordon", node, pods[0])


def test_delete_takes_along_leaves_or_waits(kubectl: Kubectl) -> None:
    for name in ("a", "b", "c"):
        kubectl.apply(app(f"del-{name}"))
    kubectl("delete", "deploy", "del-a", "--cascade=foreground", "--timeout=30s")
    assert kubectl("get", "pods,rs", "-l", "app=del-a", "-o", "name").out == ""
    kubectl("delete", "deploy", "del-b", "--cascade=orphan")
    assert len(kubectl("get", "pods,rs", "-l", "app=del-b", "-o", "name").lines) == 3
    pod = kubectl("get", "pods", "-l", "app=del-c", "-o", "name").out.split()[0]
    kubectl("delete", pod, "--grace-period=0", "--force")
    assert pod not in kubectl("get", "pods", "-l", "app=del-c", "-o", "name").out.split()
    held = config("held").replace("labels:", "finalizers: [example.com/mine], labels:")
    kubectl.apply(held)
    kubectl("delete", "cm", "held", "--wait=false")
    assert kubectl("get", "cm", "held", "-o", "jsonpath={.metadata.deletionTimestamp}").out
    assert "timed out" in kubectl("wait", "--for=delete", "cm/held", "--timeout=1s", code=1).error
    kubectl("patch", "cm", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    kubectl("wait", "--for=delete", "cm/held", "--timeout=10s")


def test_a_deleted_service_takes_its_load_balancer_along(kubectl: Kubectl) -> None:
    kubectl.apply(app("brief"))
    kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress}", "svc/brief", "--timeout=60s")
    before = len(kubectl.lab.cloud.world.slb.load_balancers)
    kubectl("delete", "svc", "brief", "--timeout=60s")
    assert len(kubectl.lab.cloud.world.slb.load_balancers) == before - 1


def test_custom_kinds_are_served_and_printed(kubectl: Kubectl) -> None:
    kubectl.apply(
        """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat, shortNames: [bt]}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    additionalPrinterColumns: [{name: Length, type: integer, jsonPath: .spec.length}]
"""
    )
    kubectl("wait", "--for=condition=established", "crd/boats.example.com", "--timeout=10s")
    kubectl.apply('{"apiVersion":"example.com/v1","kind":"Boat","metadata":{"name":"b"},"spec":{"length":7}}')
    assert kubectl("get", "bt").lines[1][:2] == ["b", "7"]
    kubectl("delete", "crd", "boats.example.com")
