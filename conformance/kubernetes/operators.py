"""Stands in for what K3s, CloudNativePG and Prometheus' operator make while a control plane runs: operators.py KUBECONFIG, until it is ended.

Volumes stay on the machine that was chosen for them, as local-path has them. Of a Cluster come its pods, one of them the
primary, and the disruption budgets, as pkg/specs of the operator makes them; a primary whose machine is being emptied or
is lost hands over to another. Of a Pooler comes a Deployment, of a Prometheus and an Alertmanager a StatefulSet each."""
import sys, time
from api import Server

server = Server(sys.argv[1])
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
MERGE = "application/merge-patch+json"


def items(path):
    return server.call("GET", path)[1].get("items", [])


def make(path, version, kind, meta, **rest):
    status, body, _ = server.call("POST", path, {"apiVersion": version, "kind": kind, "metadata": meta, **rest})
    if status >= 300 and status != 409:
        print(f"{kind}/{meta['name']}: {body.get('message')}", flush=True)


def provide_volumes():
    for claim in items("/api/v1/persistentvolumeclaims"):
        meta, spec = claim["metadata"], claim["spec"]
        chosen = meta.get("annotations", {}).get("volume.kubernetes.io/selected-node")
        if not chosen or "volumeName" in spec or spec["storageClassName"] != "local-path":
            continue
        here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [chosen]}
        make("/api/v1/persistentvolumes", "v1", "PersistentVolume",
             {"name": "pvc-" + meta["uid"], "annotations": {"pv.kubernetes.io/provisioned-by": "rancher.io/local-path"}},
             spec={"accessModes": spec["accessModes"], "capacity": spec["resources"]["requests"], "storageClassName": "local-path",
                   "local": {"path": "/nowhere"}, "persistentVolumeReclaimPolicy": "Delete",
                   "claimRef": {"namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
                   "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}}})


def sidecars(cluster, namespace):
    """What a plugin for backups adds to each pod: one container, with the resources that its ObjectStore says."""
    found = []
    for plugin in cluster["spec"].get("plugins", []):
        name = plugin["parameters"]["barmanObjectName"]
        path = f"/apis/barmancloud.cnpg.io/v1/namespaces/{namespace}/objectstores/{name}"
        store = server.call("GET", path)[1]
        found.append({"name": "plugin-barman-cloud", "image": "barman", "restartPolicy": "Always", "securityContext": RESTRICTED,
                      "resources": store["spec"].get("instanceSidecarConfiguration", {}).get("resources", {})})
    return found


def instance(cluster, name, primary):
    spec, namespace = cluster["spec"], cluster["metadata"]["namespace"]
    labels = {"cnpg.io/cluster": cluster["metadata"]["name"], "cnpg.io/instanceName": name, "cnpg.io/podRole": "instance",
              "cnpg.io/instanceRole": "primary" if primary else "replica", **spec.get("inheritedMetadata", {}).get("labels", {})}
    volumes = {"pgdata": (name, spec["storage"])}
    if "walStorage" in spec:
        volumes["pg-wal"] = (name + "-wal", spec["walStorage"])
    for claim, storage in volumes.values():
        make(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", "v1", "PersistentVolumeClaim", {"name": claim},
             spec={"accessModes": ["ReadWriteOnce"], "storageClassName": storage["storageClass"], "resources": {"requests": {"storage": storage["size"]}}})
    others = {"topologyKey": spec["affinity"]["topologyKey"], "labelSelector": {"matchLabels": {k: labels[k] for k in ("cnpg.io/cluster", "cnpg.io/podRole")}}}
    apart = {"requiredDuringSchedulingIgnoredDuringExecution": [others]}
    if spec["affinity"]["podAntiAffinityType"] == "preferred":
        apart = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": others}]}
    pod = {"containers": [{"name": "postgres", "image": spec["imageName"], "resources": spec["resources"], "securityContext": RESTRICTED}],
           "initContainers": [{"name": "bootstrap-controller", "image": "cnpg", "resources": spec["resources"], "securityContext": RESTRICTED},
                              *sidecars(cluster, namespace)],
           "securityContext": {"runAsNonRoot": True, "runAsUser": 26, "seccompProfile": {"type": "RuntimeDefault"}},
           "affinity": {"podAntiAffinity": apart}, "topologySpreadConstraints": spec.get("topologySpreadConstraints", []),
           "volumes": [{"name": key, "persistentVolumeClaim": {"claimName": claim}} for key, (claim, _) in volumes.items()]}
    if "priorityClassName" in spec:
        pod["priorityClassName"] = spec["priorityClassName"]
    make(f"/api/v1/namespaces/{namespace}/pods", "v1", "Pod", {"name": name, "labels": labels}, spec=pod)


def budgets(cluster):
    spec, meta = cluster["spec"], cluster["metadata"]
    if not spec.get("enablePDB", True):
        return
    for role, name, least in (("primary", meta["name"] + "-primary", 1), ("replica", meta["name"], spec["instances"] - 2)):
        if role == "primary" or spec["instances"] > 2:
            selector = {"matchLabels": {"cnpg.io/cluster": meta["name"], "cnpg.io/instanceRole": role}}
            make(f"/apis/policy/v1/namespaces/{meta['namespace']}/poddisruptionbudgets", "policy/v1", "PodDisruptionBudget",
                 {"name": name}, spec={"minAvailable": least, "selector": selector})


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", [])) and "deletionTimestamp" not in pod["metadata"]


def hand_over(cluster, pods, closed):
    """The primary is one that is ready on a machine that is open, as long as there is such a one."""
    fit = [pod for pod in pods if is_ready(pod) and pod["spec"].get("nodeName") not in closed]
    old = [pod for pod in pods if pod["metadata"]["labels"]["cnpg.io/instanceRole"] == "primary"]
    if not fit or any(pod in fit for pod in old):
        return
    for pod in [*old, fit[0]]:
        role = "primary" if pod is fit[0] else "replica"
        path = f"/api/v1/namespaces/{cluster['metadata']['namespace']}/pods/{pod['metadata']['name']}"
        server.call("PATCH", path, {"metadata": {"labels": {"cnpg.io/instanceRole": role}}}, MERGE)


def operate_clusters():
    closed = {node["metadata"]["name"] for node in items("/api/v1/nodes") if node["spec"].get("unschedulable") or not is_ready(node)}
    for cluster in items("/apis/postgresql.cnpg.io/v1/clusters"):
        name, namespace = cluster["metadata"]["name"], cluster["metadata"]["namespace"]
        if "deletionTimestamp" in cluster["metadata"]:
            continue
        budgets(cluster)
        pods = items(f"/api/v1/namespaces/{namespace}/pods?labelSelector=cnpg.io/cluster={name}")
        there = {pod["metadata"]["name"] for pod in pods}
        has_primary = any(pod["metadata"]["labels"]["cnpg.io/instanceRole"] == "primary" for pod in pods)
        for number in range(1, cluster["spec"]["instances"] + 1):
            if f"{name}-{number}" not in there:
                instance(cluster, f"{name}-{number}", not has_primary)
                has_primary = True
        hand_over(cluster, pods, closed)


def operate_poolers():
    for pooler in items("/apis/postgresql.cnpg.io/v1/poolers"):
        meta, spec = pooler["metadata"], pooler["spec"]
        labels = {"cnpg.io/poolerName": meta["name"]}
        containers = [{"image": "pgbouncer", "securityContext": RESTRICTED, **container} for container in spec["template"]["spec"]["containers"]]
        secure = {"runAsNonRoot": True, "runAsUser": 998, "seccompProfile": {"type": "RuntimeDefault"}}
        make(f"/apis/apps/v1/namespaces/{meta['namespace']}/deployments", "apps/v1", "Deployment", {"name": meta["name"], "labels": labels},
             spec={"replicas": spec["instances"], "selector": {"matchLabels": labels},
                   "template": {"metadata": {"labels": labels}, "spec": {"containers": containers, "securityContext": secure}}})


# What Prometheus' operator puts beside each program, and asks for it.
RELOADER = {"image": "reloader", "securityContext": RESTRICTED, "resources": {key: {"cpu": "10m", "memory": "50Mi"} for key in ("requests", "limits")}}
FROM_ITS_OWNER = ("affinity", "topologySpreadConstraints", "priorityClassName", "securityContext", "nodeSelector", "tolerations", "serviceAccountName", "enableServiceLinks")


def operate_monitors():
    for plural, program in (("prometheuses", "prometheus"), ("alertmanagers", "alertmanager")):
        for one in items(f"/apis/monitoring.coreos.com/v1/{plural}"):
            if "deletionTimestamp" not in one["metadata"]:
                monitor(one["spec"], one["metadata"], program)


def monitor(spec, meta, program):
    name = f"{program}-{meta['name']}"
    selector = {"app.kubernetes.io/name": program, "app.kubernetes.io/instance": meta["name"],
                "app.kubernetes.io/managed-by": "prometheus-operator", program: meta["name"]}
    labels = {**spec.get("podMetadata", {}).get("labels", {}), **selector}
    main = {"name": program, "image": spec["image"], "resources": spec.get("resources", {}), "securityContext": RESTRICTED}
    pod = {"containers": [main, {"name": "config-reloader", **RELOADER}], "initContainers": [{"name": "init-config-reloader", **RELOADER}],
           **{key: spec[key] for key in FROM_ITS_OWNER if key in spec}}
    claim = spec["storage"]["volumeClaimTemplate"]["spec"]
    make(f"/apis/apps/v1/namespaces/{meta['namespace']}/statefulsets", "apps/v1", "StatefulSet", {"name": name, "labels": labels},
         spec={"replicas": spec["replicas"], "serviceName": f"{program}-operated", "podManagementPolicy": "Parallel", "selector": {"matchLabels": selector},
               "template": {"metadata": {"labels": labels}, "spec": pod}, "volumeClaimTemplates": [{"metadata": {"name": name + "-db"}, "spec": claim}]})


while True:
    provide_volumes()
    operate_clusters()
    operate_poolers()
    operate_monitors()
    time.sleep(0.3)
