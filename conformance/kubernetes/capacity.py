"""Machines and pods of all sorts: `lakegen validate --pools` finds room where the scheduler does, and says why not in its words.
capacity.py KUBECONFIG LAKEGEN ROUNDS PROBES SEED

In each round some machines are made, some pods are put on them by name, and then one pod after another is given to the scheduler and
taken away again. What became of it, or the reasons in its condition, must be what lakegen says of the same Nodes and pods."""
import json, pathlib, random, subprocess, sys, tempfile, time
from api import Server

server, lakegen, rounds, probes = Server(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
dice = random.Random(int(sys.argv[5]))
SPACES = {"near": {"team": "a"}, "far": {"team": "b"}}
APPS = ["a", "b", "c"]
EFFECTS = ["NoSchedule", "NoExecute", "PreferNoSchedule"]


def some(chance):
    return dice.random() < chance


def node(number):
    name, labels = f"machine-{number}", {"kubernetes.io/os": "linux", "plays": "kwok"}
    labels["kubernetes.io/hostname"] = name
    if some(0.9):
        labels["topology.kubernetes.io/zone"] = f"zone-{dice.randrange(3)}"
    if some(0.7):
        labels["disk"] = dice.choice(["ssd", "hdd"])
    if some(0.5):
        labels["rank"] = str(dice.randrange(10))
    taints = [{"key": dice.choice(["only", "gone"]), "value": dice.choice(["", "x", "y"]), "effect": dice.choice(EFFECTS)} for _ in range(dice.choice([0, 0, 0, 1, 2]))]
    taints = list({(t["key"], t["effect"]): t for t in taints}.values())
    room = {"cpu": dice.choice(["1930m", "2", "3920m", "8"]), "memory": dice.choice(["2Gi", "3114Mi", "16Gi"]), "pods": str(dice.choice([3, 8, 110])), "ephemeral-storage": "10Gi"}
    if some(0.3):
        room["example.com/gpu"] = str(dice.choice([1, 2]))
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {"taints": taints, **({"unschedulable": True} if some(0.1) else {})}}, room


def machines():
    wanted = {}
    for number in range(dice.choice([2, 3, 4, 6])):
        one, room = node(number)
        name = one["metadata"]["name"]
        server.call("POST", "/api/v1/nodes", one)
        ready = {"type": "Ready", "status": "True", "reason": "Simulated", "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        server.call("PATCH", f"/api/v1/nodes/{name}/status", {"status": {"capacity": room, "allocatable": room, "conditions": [ready]}}, "application/merge-patch+json")
        wanted[name] = {t["key"] for t in one["spec"]["taints"]} | ({"node.kubernetes.io/unschedulable"} if one["spec"].get("unschedulable") else set())
    end = time.monotonic() + 60
    while time.monotonic() < end:
        there = server.call("GET", "/api/v1/nodes")[1]["items"]
        if all({t["key"] for t in n["spec"].get("taints", [])} == wanted[n["metadata"]["name"]] for n in there):
            return there
        time.sleep(0.2)
    sys.exit(f"the machines do not get ready: {[n['spec'].get('taints') for n in there]}")


def resources():
    asked = {}
    if some(0.8):
        asked["cpu"] = dice.choice(["100m", "500m", "1", "1500m", "1.9", "2", "3", "0.0005"])
    if some(0.7):
        asked["memory"] = dice.choice(["100Mi", "1Gi", "2Gi", "1e9", "1500M"])
    if some(0.1):
        asked["ephemeral-storage"] = dice.choice(["1Gi", "20Gi"])
    limits = {key: value for key, value in asked.items() if some(0.3)}
    if some(0.1):
        limits["cpu"] = asked.pop("cpu", "1")
    if some(0.1):
        asked["example.com/gpu"] = limits["example.com/gpu"] = "1"
    return {"requests": asked, "limits": limits}


def container(name):
    one = {"name": name, "image": "registry.example/program:1", "resources": resources()}
    if some(0.15):
        one["ports"] = [{"containerPort": 80, "hostPort": dice.choice([80, 443]), "protocol": dice.choice(["TCP", "UDP"]), **({"hostIP": "10.0.0.1"} if some(0.3) else {})}]
    return one


def condition(keys, values, of_machine=False):
    operator = dice.choice(["In", "NotIn", "Exists", "DoesNotExist"] + (["Gt", "Lt"] if of_machine else []))
    key = "rank" if operator in ("Gt", "Lt") else dice.choice(keys)
    given = [str(dice.randrange(10))] if operator in ("Gt", "Lt") else dice.sample(values, dice.choice([1, 2])) if operator in ("In", "NotIn") else None
    return {"key": key, "operator": operator, **({"values": given} if given else {})}


def selector():
    if some(0.6):
        return {"matchLabels": {"app": dice.choice(APPS)}}
    return {"matchExpressions": [condition(["app", "tier"], APPS)]} if some(0.8) else {}


def neighbours():
    term = {"topologyKey": dice.choice(["kubernetes.io/hostname", "topology.kubernetes.io/zone", "disk"]), "labelSelector": selector()}
    if some(0.2):
        term["namespaces"] = [dice.choice(list(SPACES))]
    if some(0.2):
        term["namespaceSelector"] = dice.choice([{}, {"matchLabels": {"team": dice.choice("ab")}}, {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["far"]}]}])
    if some(0.1):
        term["matchLabelKeys"] = ["tier"]
    return term


def constraint():
    one = {"maxSkew": dice.choice([1, 1, 2]), "topologyKey": dice.choice(["kubernetes.io/hostname", "topology.kubernetes.io/zone", "disk"]), "whenUnsatisfiable": dice.choice(["DoNotSchedule"] * 4 + ["ScheduleAnyway"]), "labelSelector": selector()}
    if one["whenUnsatisfiable"] == "DoNotSchedule" and some(0.3):
        one["minDomains"] = dice.choice([1, 2, 3, 5])
    for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        if some(0.3):
            one[policy] = dice.choice(["Honor", "Ignore"])
    if some(0.15):
        one["matchLabelKeys"] = ["tier"]
    return one


def pod(name, machine=None):
    labels = {"app": dice.choice(APPS), **({"tier": dice.choice(APPS)} if some(0.4) else {})}
    spec = {"containers": [container(f"c{n}") for n in range(dice.choice([1, 1, 2]))], "terminationGracePeriodSeconds": 0}
    if some(0.3):
        spec["initContainers"] = [{**container(f"i{n}"), **({"restartPolicy": "Always"} if some(0.5) else {})} for n in range(dice.choice([1, 2, 3]))]
    affinity = {}
    if some(0.25):
        affinity["podAntiAffinity"] = {"requiredDuringSchedulingIgnoredDuringExecution": [neighbours() for _ in range(dice.choice([1, 1, 2]))]}
    if some(0.2):
        affinity["podAffinity"] = {"requiredDuringSchedulingIgnoredDuringExecution": [neighbours() for _ in range(dice.choice([1, 1, 2]))]}
    if machine:
        # Who is put there stays there, whatever the machine's taints.
        spec.update(nodeName=machine, tolerations=[{"operator": "Exists"}])
    else:
        if some(0.3):
            spec["tolerations"] = [dice.choice([{"operator": "Exists"}, {"key": "only", "operator": "Exists"}, {"key": "only", "value": "x", "effect": "NoSchedule"}, {"key": "gone", "operator": "Exists", "effect": "NoExecute"},
                                                {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]) for _ in range(dice.choice([1, 2]))]
        if some(0.2):
            spec["nodeSelector"] = dice.choice([{"disk": "ssd"}, {"topology.kubernetes.io/zone": "zone-1"}, {"kubernetes.io/os": "linux"}])
        if some(0.25):
            terms = [{"matchExpressions": [condition(["disk", "rank", "topology.kubernetes.io/zone"], ["ssd", "hdd", "zone-0", "3"], True) for _ in range(dice.choice([1, 2]))]} for _ in range(dice.choice([1, 2]))]
            affinity["nodeAffinity"] = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        if some(0.4):
            spec["topologySpreadConstraints"] = list({(c["topologyKey"], c["whenUnsatisfiable"]): c for c in (constraint() for _ in range(dice.choice([1, 1, 2])))}.values())
        if some(0.1):
            spec["resources"] = {"requests": {"cpu": dice.choice(["4", "5"])}}
    if affinity:
        spec["affinity"] = affinity
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": dice.choice(list(SPACES)), "labels": labels}, "spec": spec}


def path(one, name=""):
    return f"/api/v1/namespaces/{one['metadata']['namespace']}/pods" + (f"/{name}" if name else "")


def gone(one):
    at = path(one, one["metadata"]["name"])
    server.call("DELETE", at + "?gracePeriodSeconds=0")
    while server.call("GET", at)[0] != 404:
        time.sleep(0.02)


def scheduled(one):
    """What the scheduler does with a pod: nothing to say, or why not. None where the API server refuses the pod."""
    if server.call("POST", path(one), one)[0] >= 300:
        return None
    end = time.monotonic() + 20
    said = "the scheduler says nothing"
    while time.monotonic() < end:
        now = server.call("GET", path(one, one["metadata"]["name"]))[1]
        if now["spec"].get("nodeName"):
            said = ""
            break
        why = [c["message"] for c in now["status"].get("conditions", []) if c["type"] == "PodScheduled" and c.get("reason") == "Unschedulable"]
        if why:
            said = why[0].split(" preemption:")[0].replace(" no new claims to deallocate,", "").strip()
            break
        time.sleep(0.02)
    gone(one)
    return said


def judged(folder, one):
    (folder / "probe.json").write_text(json.dumps(one))
    command = [lakegen, "validate", "--only", "capacity", "--format", "json", "--pools", folder / "nodes.json", folder / "there.json", folder / "probe.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    findings = [f for f in json.loads(done.stdout)["findings"] if f["code"] in ("L1301", "L1302", "L1303")]
    return " · ".join(f["message"] for f in findings).removeprefix(f"Pod {one['metadata']['name']}: ")


def round_of(folder, number):
    server.call("DELETE", "/api/v1/nodes")
    there = machines()
    fillers = [pod(f"there-{n}", dice.choice(there)["metadata"]["name"]) for n in range(dice.choice([0, 4, 10, 20]))]
    made = [answer[1] for answer in (server.call("POST", path(one), one) for one in fillers) if answer[0] < 300]
    spaces = [server.call("GET", f"/api/v1/namespaces/{name}")[1] for name in SPACES]
    for one, kind in [(one, "Pod") for one in made] + [(one, "Namespace") for one in spaces] + [(one, "Node") for one in there]:
        one.update({"apiVersion": "v1", "kind": kind})
    (folder / "nodes.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": there}))
    (folder / "there.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": made + spaces}))
    seen, wrong = {}, []
    for probe in range(probes):
        one = pod(f"probe-{number}-{probe}")
        expected = scheduled(one)
        if expected is None:
            continue
        found = judged(folder, one)
        # A pod that was just taken away may still count: once more.
        if found != expected:
            time.sleep(1)
            expected = scheduled(one)
        kind = "placed" if not expected else "refused"
        seen[kind] = seen.get(kind, 0) + 1
        if found != expected:
            wrong.append(f"scheduler: {expected or 'placed'}\n  lakegen: {found or 'placed'}\n  {json.dumps(one)}")
            (folder / f"wrong-{number}-{probe}.json").write_text(json.dumps({"nodes": there, "there": made, "probe": one}))
    for one in made:
        gone(one)
    return seen, wrong


for name, labels in SPACES.items():
    server.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
while any(server.call("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default")[0] == 404 for name in SPACES):
    time.sleep(0.1)
folder = pathlib.Path(sys.argv[6] if len(sys.argv) > 6 else tempfile.mkdtemp())
total, wrong = {}, []
for number in range(rounds):
    seen, differs = round_of(folder, number)
    wrong += differs
    for kind, count in seen.items():
        total[kind] = total.get(kind, 0) + count
for line in wrong[:12]:
    print(line)
print(f"{sum(total.values())} pods, {total}, {len(wrong)} decided otherwise")
sys.exit(1 if wrong or min(total.get("placed", 0), total.get("refused", 0)) < rounds else 0)
