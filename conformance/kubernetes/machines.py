"""Makes the machines of a cluster anew, as the pools of a profile say: machines.py KUBECONFIG ROOT PROFILE MODE POOLS [FILE]

POOLS is written for `validate --pools`; FILE lies on top of the profile. The name and the zone of each are printed."""
import pathlib, sys
from api import Server
from pools import as_toml, nodes, settings

server, said = Server(sys.argv[1]), settings(*sys.argv[2:5], *sys.argv[6:])
pathlib.Path(sys.argv[5]).write_text(as_toml(said))
for kind in ("nodes", "persistentvolumes"):
    server.must("DELETE", f"/api/v1/{kind}")
ready = {"type": "Ready", "status": "True", "reason": "Simulated", "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}
for node, room in nodes(said):
    name = node["metadata"]["name"]
    server.must("POST", "/api/v1/nodes", node)
    status = {"status": {"capacity": room, "allocatable": room, "conditions": [ready]}}
    server.must("PATCH", f"/api/v1/nodes/{name}/status", status, "application/merge-patch+json")
    print(name, node["metadata"]["labels"]["topology.kubernetes.io/zone"])
kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "local-path"},
        "provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer"}
server.call("POST", "/apis/storage.k8s.io/v1/storageclasses", kind)
