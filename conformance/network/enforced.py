"""One output with its policies enforced: enforced.py KUBECONFIG FOLDER GRAPH

Each workload of the graph is a pod with a network of its own, two where it talks to its own kind. Without policies everything
is open; with those of the output every connection of the graph is, and nothing else, of pods, of Services, of the outside."""
import json, pathlib, sys, yaml
from net import Net

net, folder, graph = Net(sys.argv[1]), pathlib.Path(sys.argv[2]), json.load(open(sys.argv[3]))
objects = [one for file in sorted(folder.glob("*/*.yaml")) for one in yaml.safe_load_all(file.read_text()) if isinstance(one, dict) and "kind" in one]
OUTSIDE = {"outside": "203.0.113.10", "elsewhere": "198.51.100.20"}
failed = []


def template(workload):
    """The pod that an object of the output makes."""
    for one in objects:
        pod = one.get("spec", {}).get("template", {}).get("metadata", {}).get("labels") if isinstance(one.get("spec"), dict) else None
        if pod and (one["metadata"]["namespace"], one["metadata"]["name"]) == (workload["namespace"], workload["name"]):
            return one["spec"]["template"]
    return None


def lay(workload, count):
    made, ports = template(workload), {(p["port"], "UDP" if p.get("protocol") == "udp" else "TCP"): None for p in workload["ports"] if p["port"]}
    labels = workload.get("labels") or {"app.kubernetes.io/instance": workload["name"]}
    if made:
        labels = made["metadata"]["labels"]
        for container in made["spec"]["containers"] + made["spec"].get("initContainers", []):
            for port in container.get("ports", []):
                ports[port["containerPort"], port.get("protocol", "TCP")] = port.get("name")
    names = [f"{workload['name']}-{number}" for number in range(count)]
    for name in names:
        net.pod(workload["namespace"], name, labels, [(called, *port) for port, called in ports.items()] or [(None, 1, "TCP")])
    return [f"{workload['namespace']}/{name}" for name in names]


def check(title, wrong, total):
    print(f"{title}: {total} probes, {len(wrong)} differ", *wrong[:40], sep="\n  ")
    failed.extend(wrong)


net.clean()
for one in objects:
    if one["kind"] == "Namespace":
        labels = {k: v for k, v in one["metadata"].get("labels", {}).items() if not k.startswith("pod-security")}
        net.namespace(one["metadata"]["name"], labels)
own = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
end = lambda connection, way: (connection[f"{way}_namespace"], connection[way])
themselves = {end(c, "from") for c in graph["connections"] if end(c, "from") == end(c, "to")}
pods, far = {}, set()
for workload in graph["workloads"]:
    key = workload["namespace"], workload["name"]
    if workload["kind"] == "outside":
        far.add(key)
        continue
    net.namespace(workload["namespace"])
    pods[key] = lay(workload, 2 if key in themselves else 1)
for name, address in OUTSIDE.items():
    net.space(name, address)
    net.listen(name, 9)
    for connection in graph["connections"]:
        if end(connection, "to") in far and connection["port"]:
            net.listen(name, connection["port"])
matrix = net.matrix()
check("without policies", net.becomes(set(matrix)), len(matrix))

of = {pod: key for key, names in pods.items() for pod in names}
free = lambda pod: pod in OUTSIDE or pod.split("/")[0] not in own
drawn = {(*end(c, "from"), *(("outside",) if end(c, "to") in far else end(c, "to")), c["port"], "UDP" if c["protocol"] == "udp" else "TCP")
         for c in graph["connections"] if c["port"]}


def is_open(source, target, port, protocol):
    if free(source) and free(target):
        return True
    from_ = of.get(source, ("", ""))
    to = ("outside",) if target in OUTSIDE else of[target]
    return (*from_, *to, port, protocol) in drawn


policies = [one for one in objects if one["kind"] == "NetworkPolicy"]
net.policies(policies)
expected = {key for key in matrix if is_open(*key)}
check(f"with {len(policies)} policies", net.becomes(expected), len(matrix))
if len(expected) < 10:
    failed.append(f"only {len(expected)} connections of the graph were tried")

# The same through the addresses of Services, which kube-proxy leads to their pods.
ways, wanted = [], set()
for one in objects:
    if one["kind"] != "Service" or one["spec"].get("clusterIP") == "None" or not one["spec"].get("selector"):
        continue
    meta, spec = one["metadata"], one["spec"]
    made = net.call("POST", f"/api/v1/namespaces/{meta['namespace']}/services", {"metadata": {"name": meta["name"]}, "spec": {k: spec[k] for k in ("selector", "ports")}})
    chosen = net.call("GET", f"/api/v1/namespaces/{meta['namespace']}/pods?labelSelector=" + ",".join(f"{k}%3D{v}" for k, v in spec["selector"].items()))["items"]
    for port in spec["ports"]:
        goal, protocol = port.get("targetPort", port["port"]), port.get("protocol", "TCP")
        for source in net.spaces:
            if source in OUTSIDE or any(source == f"{meta['namespace']}/{pod['metadata']['name']}" for pod in chosen):
                continue
            targets = [(f"{meta['namespace']}/{pod['metadata']['name']}", p["containerPort"]) for pod in chosen for p in pod["spec"]["containers"][0]["ports"]
                       if goal in (p["containerPort"], p.get("name")) and p["protocol"] == protocol]
            key = (source, made["spec"]["clusterIP"], port["port"], protocol)
            if targets:
                ways.append(key)
                wanted.update({key} if all(is_open(source, target, number, protocol) for target, number in targets) else ())
check("through Services", net.becomes(wanted, ways, patience=30), len(ways))
if not wanted:
    failed.append("no connection through a Service was tried")
net.clean()
print(f"{len(expected)} connections, {len(wanted)} through Services")
sys.exit(1 if failed else 0)
