"""An output with one policy that is wrong: planted.py many|missing GRAPH FOLDER COPY

`many`: whoever asks is let in to a workload. `missing`: nobody is any more. Says, as a pattern, what a judge that is awake tells of it."""
import json, pathlib, shutil, sys, yaml

fault, graph, folder, copy = sys.argv[1], json.load(open(sys.argv[2])), pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4])
shutil.rmtree(copy, ignore_errors=True)
shutil.copytree(folder, copy)
policies = {}
for path in sorted(copy.rglob("*networkpolicy*.yaml")):
    policy = yaml.safe_load(path.read_text())
    chosen = policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/instance")
    policies[policy["metadata"]["namespace"], chosen] = path, policy
outside = {(one["namespace"], one["name"]) for one in graph["workloads"] if one["kind"] == "outside"}
edges = [one for one in graph["connections"] if one["port"] and one["protocol"] != "udp" and (one["to_namespace"], one["to"]) in policies
         and (one["from_namespace"], one["from"]) not in outside]
edge = min(edges, key=lambda one: (one["to"], one["from"], one["port"]))
path, policy = policies[edge["to_namespace"], edge["to"]]
policy["spec"]["ingress"] = [{}] if fault == "many" else []
path.write_text(yaml.safe_dump(policy))
goal = f"{edge['to_namespace']}/{edge['to']}-[0-9]+:{edge['port']}/TCP"
told = f"outside -> {goal}: open, expected closed", f"{edge['from_namespace']}/{edge['from']}-[0-9]+ -> {goal}: [a-z]+, expected open"
print(told[fault == "missing"])
