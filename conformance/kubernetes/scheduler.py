"""What becomes of everything applied, on machines that kwok plays: scheduler.py KUBECONFIG VERB ARGUMENT…

  placed                every pod there must be runs, every Job is done
  renewed               a change in each pod template reaches each pod, as its strategy says
  drained MACHINES…     one after another is emptied through its evictions and opened again
  emptied MACHINES…     all of them at once, as one zone: what may go is elsewhere, and what a budget holds back waits for them alone
  lost MACHINES…        what runs elsewhere is enough, when nobody plays these any more
  pending REASON        a pod that fits nowhere says so
  foretold LAKEGEN POOLS REASON FILES…
                        `validate --pools` finds a place for all, or, where there is a REASON, names those that wait and why"""
import json, pathlib, subprocess, sys, tempfile, time
from api import Server

server = Server(sys.argv[1])
KINDS = ("Deployment", "StatefulSet")


# What was asked in this turn: nobody is asked twice, and all that is compared is of one moment.
seen = {}


def items(path):
    if path not in seen:
        # Not every kind is served to every part of the stage.
        seen[path] = server.must("GET", path, well=(404,)).get("items", [])
    return seen[path]


def staying(path):
    """What is there in namespaces that are not on their way out."""
    gone = {one["metadata"]["name"] for one in items("/api/v1/namespaces") if "deletionTimestamp" in one["metadata"]}
    return [one for one in items(path) if one["metadata"]["namespace"] not in gone]


def owners():
    """(kind, object, pods wanted, their labels) of what keeps pods."""
    found = []
    for kind in KINDS:
        for one in staying(f"/apis/apps/v1/{kind.lower()}s"):
            found.append((kind, one, one["spec"]["replicas"], one["spec"]["selector"]["matchLabels"]))
    for one in staying("/apis/postgresql.cnpg.io/v1/clusters"):
        found.append(("Cluster", one, one["spec"]["instances"], {"cnpg.io/cluster": one["metadata"]["name"]}))
    return found


def is_ready(pod):
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    return ready and pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]


def belongs(pod, one, labels):
    return pod["metadata"]["namespace"] == one["metadata"]["namespace"] and labels.items() <= pod["metadata"].get("labels", {}).items()


def why(pod):
    return [c["message"] for c in pod["status"].get("conditions", []) if c["type"] == "PodScheduled" and c["status"] != "True"][:1]


def unsettled(pods=None):
    """What is not yet as it should be."""
    pods = items("/api/v1/pods") if pods is None else pods
    left = []
    for kind, one, wanted, labels in owners():
        mine = [pod for pod in pods if belongs(pod, one, labels)]
        ready = [pod for pod in mine if is_ready(pod)]
        if len(ready) != wanted or len(mine) != wanted:
            left.append(f"{kind}/{one['metadata']['name']}: {len(ready)} of {wanted} run {[w for pod in mine for w in why(pod)][:1] or ''}")
    for job in staying("/apis/batch/v1/jobs"):
        if not job["status"].get("succeeded"):
            left.append(f"Job/{job['metadata']['name']} is not done")
    return left + unscaled()


def unscaled():
    """What its autoscaler has not yet raised to its least: until then, how many there should be is not known."""
    wanted = {(one["metadata"]["namespace"], kind, one["metadata"]["name"]): number for kind, one, number, _ in owners()}
    left = []
    for scaler in staying("/apis/autoscaling/v2/horizontalpodautoscalers"):
        target, least = scaler["spec"]["scaleTargetRef"], scaler["spec"].get("minReplicas", 1)
        has = wanted.get((scaler["metadata"]["namespace"], target["kind"], target["name"]), 0)
        if has < least:
            left.append(f"{target['kind']}/{target['name']} is to have {has}, its autoscaler says {least} at least")
    return left


def within(seconds, ask, step=0.3):
    """What `ask` still finds, once it finds nothing or the time is over."""
    end = time.monotonic() + seconds
    while True:
        seen.clear()
        left = ask()
        if not left or time.monotonic() > end:
            seen.clear()
            return left
        time.sleep(step)


def refusals():
    """What the controllers were not let make; that two of them counted into a quota at once is tried again."""
    said = [e["message"] for e in staying("/api/v1/events") if e["reason"] == "FailedCreate" and e["type"] == "Warning"]
    return [message for message in said if "the object has been modified" not in message]


def preempted():
    """Who had to go for something more important: the machines have no room for what was asked of them."""
    return [f"{e['involvedObject']['name']} was preempted" for e in staying("/api/v1/events") if e["reason"] == "Preempted"]


def placed():
    left = within(120, unsettled) + refusals()
    return left or ([] if staying("/api/v1/pods") else ["there are no pods"])


def floors(pods, missing, what):
    """Who has fewer ready than its number without `missing`; one alone cannot keep running while it moves."""
    low = []
    for kind, one, wanted, labels in owners():
        ready = [pod for pod in pods if belongs(pod, one, labels) and is_ready(pod)]
        if wanted > 1 and len(ready) < wanted - missing(kind, one, wanted):
            low.append(f"{what}: {kind}/{one['metadata']['name']} had {len(ready)} of {wanted}")
    return low


def template_path(one, kind):
    return f"/apis/apps/v1/namespaces/{one['metadata']['namespace']}/{kind.lower()}s/{one['metadata']['name']}"


def stale(pods):
    found = []
    for kind, one, wanted, labels in owners():
        if kind in KINDS and "cnpg.io/poolerName" not in labels:
            old = [p for p in pods if belongs(p, one, labels) and p["metadata"].get("annotations", {}).get("conformance") != "renewed"]
            found += [f"{kind}/{one['metadata']['name']}: {len(old)} old pods"] if old else []
    return found


def surplus():
    """Deployments that ask for more pods than their surge allows. Counted is what they ask of their ReplicaSets: how many pods there
    are lags behind on a busy machine, and one ReplicaSet may have made its own before the other took its away."""
    asked = {}
    for one in staying("/apis/apps/v1/replicasets"):
        for owner in one["metadata"].get("ownerReferences", []):
            asked[owner["uid"]] = asked.get(owner["uid"], 0) + one["spec"]["replicas"]
    return [f"Deployment/{one['metadata']['name']} asks for {asked[one['metadata']['uid']]} pods of {wanted}" for kind, one, wanted, _ in owners()
            if kind == "Deployment" and asked.get(one["metadata"]["uid"], 0) > wanted + 1]


def renewed():
    change = {"spec": {"template": {"metadata": {"annotations": {"conformance": "renewed"}}}}}
    together = []
    for kind, one, _, labels in owners():
        if kind in KINDS and "cnpg.io/poolerName" not in labels:
            server.call("PATCH", template_path(one, kind), change, "application/merge-patch+json")
            if one["spec"].get("updateStrategy", {}).get("type") == "OnDelete":
                together.append((one, labels))
    time.sleep(0.5)
    seen.clear()
    # What may only be renewed as a whole: all at once, as README.md says.
    for pod in items("/api/v1/pods"):
        if any(belongs(pod, one, labels) for one, labels in together):
            server.call("DELETE", f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}")
    names = {one["metadata"]["name"] for one, _ in together}
    # A StatefulSet has no surge: one of it is away at a time.
    missing = lambda kind, one, wanted: wanted if one["metadata"]["name"] in names else 0 if kind == "Deployment" else 1
    low = set()

    def ask():
        pods = items("/api/v1/pods")
        low.update(floors(pods, missing, "while renewing") + surplus())
        return stale(pods) + unsettled(pods)

    return within(120, ask) + sorted(low) + refusals() + preempted()


def evict(pod):
    meta = pod["metadata"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": meta["name"], "namespace": meta["namespace"]}}
    status, said, _ = server.call("POST", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/eviction", body)
    return [] if status < 300 or status == 404 else [f"{meta['name']} is not let go: {said.get('message', '')} {[c['message'] for c in said.get('details', {}).get('causes', [])]}"]


def close(machine, closed):
    server.call("PATCH", f"/api/v1/nodes/{machine}", {"spec": {"unschedulable": closed}}, "application/merge-patch+json")


def is_agent(pod):
    return any(owner["kind"] == "DaemonSet" for owner in pod["metadata"].get("ownerReferences", []))


def drain(machine, alone):
    low, last = set(), []

    def ask():
        pods = items("/api/v1/pods")
        if not alone:
            low.update(floors(pods, lambda *_: 1, f"{machine} drained"))
        # What belongs to each machine stays on it, as `kubectl drain` leaves it.
        there = [pod for pod in pods if pod["spec"].get("nodeName") == machine and not is_agent(pod)]
        last[:] = [said for pod in there if "deletionTimestamp" not in pod["metadata"] for said in evict(pod)]
        return [pod["metadata"]["name"] for pod in there]

    close(machine, True)
    stuck = within(45, ask)
    said = [f"{machine} is not empty: {', '.join(stuck)}", *last] if stuck else []
    close(machine, False)
    return said + sorted(low) + [f"{machine} open again: {line}" for line in within(60, unsettled)]


def drained(*machines):
    return [said for machine in machines for said in drain(machine, len(machines) == 1)]


def waits_for_them(pod, pods):
    """Whether one of its set waits in vain for a place: with its volume or its fellows on the machines that are closed. Then its
    budget lets no other go."""
    fellows = [fellow for kind, one, _, labels in owners() if kind != "Deployment" and belongs(pod, one, labels) for fellow in pods if belongs(fellow, one, labels)]
    return any(fellow["status"]["phase"] == "Pending" and why(fellow) for fellow in fellows)


def emptied(*machines):
    low, said = set(), []

    def ask():
        pods = items("/api/v1/pods")
        low.update(floors(pods, lambda *_: 1, "the zone emptied"))
        there = [pod for pod in pods if pod["spec"].get("nodeName") in machines and not is_agent(pod)]
        refused = {pod["metadata"]["name"]: evict(pod) for pod in there if "deletionTimestamp" not in pod["metadata"]}
        said[:] = [line for pod in there if not waits_for_them(pod, pods) for line in refused.get(pod["metadata"]["name"], [])]
        budget = lambda pod: any("disruption budget" in line for line in refused.get(pod["metadata"]["name"], []))
        return [pod["metadata"]["name"] for pod in there if not (budget(pod) and waits_for_them(pod, pods))]

    for machine in machines:
        close(machine, True)
    stuck = within(90, ask)
    held = [pod["metadata"]["name"] for pod in items("/api/v1/pods") if pod["spec"].get("nodeName") in machines and not is_agent(pod)]
    print(f"their budgets keep {', '.join(held) or 'nobody'}")
    for machine in machines:
        close(machine, False)
    faults = [f"the zone is not empty: {', '.join(stuck)}", *said] if stuck else []
    return faults + sorted(low) + [f"the zone open again: {line}" for line in within(60, unsettled)]


def lost(*gone):
    left = within(90, lambda: [name for name in gone if is_ready_node(name)])

    def short():
        pods = [pod for pod in items("/api/v1/pods") if pod["spec"].get("nodeName") not in gone]
        return [line for kind, one, wanted, labels in owners()
                for line in enough(kind, one, wanted, len(gone), [p for p in pods if belongs(p, one, labels) and is_ready(p)])]

    return [f"{name} is still ready" for name in left] or within(90, short)


def is_ready_node(name):
    node = server.call("GET", f"/api/v1/nodes/{name}")[1]
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])


def enough(kind, one, wanted, gone, ready):
    """Without machines: a Deployment is whole again elsewhere; of what keeps volumes on its machines one is missing for each machine
    and at most a zone's share, and where that is small enough for a majority, there is one."""
    name = one["metadata"]["name"]
    share = min(gone, -(-wanted // 3))
    least = wanted if kind == "Deployment" else wanted - share
    found = [] if len(ready) >= least else [f"{kind}/{name}: {len(ready)} of {wanted} run, {least} should"]
    if kind == "Cluster" and not any(p["metadata"]["labels"]["cnpg.io/instanceRole"] == "primary" for p in ready):
        found.append(f"Cluster/{name} has no primary")
    return found


def pending(reason):
    def ask():
        said = [line for pod in staying("/api/v1/pods") if pod["status"]["phase"] == "Pending" for line in why(pod)]
        return [] if any(reason in line for line in said) else [f"nobody waits because of {reason!r}: {said}"]

    return within(60, ask)


# Whose pods nobody makes here.
IDLE = ("CronJob",)


def judged(lakegen, pools, files):
    command = [lakegen, "validate", "--only", "capacity", "--complete", "--format", "json", "--pools", pools, *files]
    done = subprocess.run(command, capture_output=True, text=True)
    return [f for f in json.loads(done.stdout)["findings"] if f["severity"] == "error" and f["object"]["kind"] not in IDLE]


def foretold(lakegen, pools, reason, *files):
    """Each error names an owner with a pod that waits for that reason; of a sum it is only said that somebody waits for it. That is
    so of the pools that the machines were made of, and of the machines that are there."""
    nodes = pathlib.Path(tempfile.mkdtemp()) / "nodes.json"
    there = [{"apiVersion": "v1", "kind": "Node", **one} for one in items("/api/v1/nodes")]
    nodes.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": there}))
    waits = [(pod, line) for pod in staying("/api/v1/pods") if pod["status"]["phase"] == "Pending" for line in why(pod)]
    return [f"by {pathlib.Path(told).name}: {line}" for told in (pools, nodes) for line in differs(judged(lakegen, told, files), waits, reason)]


def differs(errors, waits, reason):
    if not reason:
        return [f"not expected: {f['message']}" for f in errors]
    wrong = [] if any(reason in f["message"] for f in errors) else [f"nobody is named with {reason!r}: {[f['message'] for f in errors]}"]
    for found in errors:
        said = next((known for known in (reason, "Insufficient cpu", "Insufficient memory", "topology spread constraints", "pod anti-affinity rules") if known in found["message"]), None)
        name = found["object"]["name"]
        mine = [line for pod, line in waits if is_sum(found) or pod["metadata"]["name"].startswith(name + "-")]
        if said is None or not any(said in line for line in mine):
            wrong.append(f"the scheduler says otherwise: {found['message']}: {mine[:3]}")
    return wrong


def is_sum(found):
    return " ask for " in found["message"] or "Too many pods" in found["message"]


verbs = {"placed": placed, "renewed": renewed, "drained": drained, "emptied": emptied, "lost": lost, "pending": pending, "foretold": foretold}
faults = verbs[sys.argv[2]](*sys.argv[3:])
print("\n".join(dict.fromkeys(faults)) or f"{len(staying('/api/v1/pods'))} pods")
sys.exit(1 if faults else 0)
