"""Makes the machines of a cluster anew, one with all, or several smaller ones in zones: machines.py KUBECONFIG NUMBER [ZONES]"""
import sys
from api import Server

server, machines, zones = Server(sys.argv[1]), int(sys.argv[2]), int((sys.argv + [3])[3])
size = {"cpu": "32", "memory": "128Gi"} if machines == 1 else {"cpu": "8", "memory": "32Gi"}
CAPACITY = {**size, "pods": "110", "ephemeral-storage": "200Gi"}

for kind in ("nodes", "persistentvolumes"):
    server.call("DELETE", f"/api/v1/{kind}")
ready = {"type": "Ready", "status": "True", "reason": "Simulated", "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}
status = {"status": {"capacity": CAPACITY, "allocatable": CAPACITY, "conditions": [ready]}}
for number in range(machines):
    name = f"machine-{number}"
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "topology.kubernetes.io/zone": f"zone-{number % zones}"}
    server.call("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
    server.call("PATCH", f"/api/v1/nodes/{name}/status", status, "application/merge-patch+json")
kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "local-path"},
        "provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer"}
server.call("POST", "/apis/storage.k8s.io/v1/storageclasses", kind)
