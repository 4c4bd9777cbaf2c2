"""Asks kubectl and PyYAML to read every manifest of a folder: same.py PROGRAM FOLDER. They must agree."""
import json, pathlib, subprocess, sys, yaml

program, folder = sys.argv[1:]
files = sorted(f for f in pathlib.Path(folder).rglob("*.yaml") if f.name != "kustomization.yaml")
names = [word for file in files for word in ("-f", str(file))]
label = [program, "kubectl", "label", "--local", "--dry-run=client", "-o", "json", "conformance.lakegen.dev/read=yes"]
said = subprocess.run(label + names, capture_output=True, text=True)
if said.returncode:
    sys.exit(said.stderr)
seen, rest = [], said.stdout.strip()
while rest:
    value, end = json.JSONDecoder().raw_decode(rest)
    seen.append(value)
    rest = rest[end:].strip()
expected = [document for file in files for document in yaml.safe_load_all(file.read_text())]
differing = 0
if len(seen) != len(expected):
    sys.exit(f"kubectl sees {len(seen)} objects, PyYAML {len(expected)}")
for one, other in zip(seen, expected):
    other["metadata"].setdefault("labels", {})["conformance.lakegen.dev/read"] = "yes"
    if one != other:
        differing += 1
        print(f"{other['kind']}/{other['metadata']['name']}:\n{json.dumps(one, sort_keys=True)}\n{json.dumps(other, sort_keys=True)}")
print(f"{len(seen)} objects")
sys.exit(1 if differing or not seen else 0)
