"""Asks every pod whether it reaches every port that another one listens on: network.py open|held

open   without policies all of it is reached, so a refusal says something
held   with them, each connection of the graph is reached and no other, nor the API server by who has no business there

The question is asked in the network of the pod, from its address, past every Service."""
import json, pathlib, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
from cluster import containers, end, instance, items, kubectl, name, output, within

ASK = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def reached(goal):
    try:
        socket.create_connection((goal[0], goal[1]), timeout=2).close()
        return True
    except ConnectionRefusedError:
        return None
    except OSError:
        return False
with ThreadPoolExecutor(64) as pool:
    print(json.dumps(list(pool.map(reached, json.load(sys.stdin)))))
"""


def listening(process):
    """The ports on which somebody listens in a process' network for others."""
    found = set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            place, state = line.split()[1], line.split()[3]
            if state == "0A" and not place.startswith("0100007F"):
                found.add(int(place.rsplit(":", 1)[1], 16))
    return found


def ask(process, goals):
    said = subprocess.run(["nsenter", "-t", str(process), "-n", sys.executable, "-c", ASK], input=json.dumps(goals), capture_output=True, text=True, timeout=120)
    return json.loads(said.stdout)


def wanted():
    """(from, to, port) of each connection that the graph has."""
    graph = json.loads((output.parent / "graph.json").read_text())
    ports = {(one["from_namespace"], one["from"], one["to_namespace"], one["to"], one["port"]) for one in graph["connections"]}
    return ports


def who(pod):
    return pod["metadata"]["namespace"], instance(pod)


def compare(everything):
    edges, faults, asked = wanted(), [], 0
    ours = [(pod, process) for pod, _, process in containers()]
    places = [(pod, pod["status"]["podIP"], port) for pod, process in ours for port in sorted(listening(process))]
    with ThreadPoolExecutor(16) as pool:
        goals = [[place for place in places if place[0] is not pod] for pod, _ in ours]
        answers = pool.map(lambda pair: ask(pair[0][1], [place[1:] for place in pair[1]]), zip(ours, goals))
        for (pod, _), places_of, got in zip(ours, goals, answers):
            for (other, _, port), reached in zip(places_of, got):
                asked += 1
                may = everything or (*who(pod), *who(other), port) in edges
                if reached is not may:
                    faults.append(f"{name(pod)} -> {name(other)}:{port} is {'open' if reached else 'shut'}")
    return faults, asked


def policies(verb):
    files = [str(path) for path in output.rglob("*networkpolicy*.yaml")]
    kubectl(verb, *(word for file in files for word in ("-f", file)), *(["--server-side"] if verb == "apply" else []))


if sys.argv[1] == "open":
    policies("delete")
    left = within(10, lambda: compare(True)[0])
    policies("apply")
else:
    left = within(10, lambda: compare(False)[0])
end(left, f"{compare(sys.argv[1] == 'open')[1] if not left else 0} pairs")
