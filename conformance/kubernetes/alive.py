"""Waits until the controllers and the scheduler have done all they can with what was applied: alive.py KUBECONFIG NAMESPACE…

Every Deployment, StatefulSet and Job has its pods, and each pod a node. Nobody is the kubelet; for the provisioner of
volumes this stands in."""
import sys, time
from api import Server

server = Server(sys.argv[1])
namespaces = sys.argv[2:]


def items(path):
    return server.call("GET", path)[1].get("items", [])


def provide_volumes():
    for claim in items("/api/v1/persistentvolumeclaims"):
        meta, spec = claim["metadata"], claim["spec"]
        chosen = meta.get("annotations", {}).get("volume.kubernetes.io/selected-node")
        if chosen and "volumeName" not in spec:
            server.call("POST", "/api/v1/persistentvolumes", {
                "apiVersion": "v1", "kind": "PersistentVolume",
                "metadata": {"name": "pvc-" + meta["uid"], "annotations": {"pv.kubernetes.io/provisioned-by": "rancher.io/local-path"}},
                "spec": {"accessModes": spec["accessModes"], "capacity": spec["resources"]["requests"], "storageClassName": spec["storageClassName"],
                         "local": {"path": "/nowhere"}, "claimRef": {"namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
                         "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [chosen]}]}]}}}})


def missing(namespace):
    """What is not yet as it should be in a namespace."""
    pods = items(f"/api/v1/namespaces/{namespace}/pods")
    found = []
    for kind, path in (("Deployment", "apps/v1"), ("StatefulSet", "apps/v1"), ("DaemonSet", "apps/v1"), ("Job", "batch/v1")):
        for owner in items(f"/apis/{path}/namespaces/{namespace}/{kind.lower()}s"):
            name, wanted = owner["metadata"]["name"], owner["spec"].get("replicas", owner["status"].get("desiredNumberScheduled", 1))
            mine = [pod for pod in pods if pod["metadata"]["labels"].get("app.kubernetes.io/instance") == name]
            placed = [pod for pod in mine if pod["spec"].get("nodeName")]
            if len(placed) != wanted:
                why = [c["message"] for pod in mine for c in pod["status"].get("conditions", []) if c["type"] == "PodScheduled" and c["status"] != "True"]
                found.append(f"{kind}/{name}: {len(mine)} pods of {wanted}, {len(placed)} have a node {why[:1] or ''}")
    return found


end = time.monotonic() + 120
while True:
    provide_volumes()
    left = [line for namespace in namespaces for line in missing(namespace)]
    if not left or time.monotonic() > end:
        break
    time.sleep(0.5)
refusals = [e["message"] for namespace in namespaces for e in items(f"/api/v1/namespaces/{namespace}/events") if e["reason"].startswith("FailedCreate")]
pods = sum(len(items(f"/api/v1/namespaces/{namespace}/pods")) for namespace in namespaces)
print("\n".join(left + refusals) or f"{pods} pods, each with a node")
sys.exit(1 if left or refusals or not pods else 0)
