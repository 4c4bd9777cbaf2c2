"""What one output says to Prometheus and Alertmanager, as their own files: collect.py OUTPUT FOLDER"""
import json, pathlib, re, sys, yaml

output, work = map(pathlib.Path, sys.argv[1:])
work.mkdir(parents=True)
documents = [d for path in output.rglob("*.y*ml") for d in [yaml.safe_load(path.read_text())] if isinstance(d, dict)]
# Of a ConfigMap each entry is a file.
files = {path.name: path.read_text() for path in output.rglob("files/*/*")}
for document in documents:
    if document.get("kind") == "ConfigMap":
        files.update(document["data"])


def snake(value):
    """The operator's words are those of Alertmanager, written in another manner."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"name", "value", "matchType"}:
        return f'{value["name"]}{value["matchType"]}{json.dumps(value["value"])}'
    renamed = {"sourceMatch": "source_matchers", "targetMatch": "target_matchers", "urlSecret": "url"}
    made = {renamed.get(key, re.sub("[A-Z]", lambda c: "_" + c[0].lower(), key)): snake(item) for key, item in value.items()}
    return {key: "http://127.0.0.1/" if key == "url" else item for key, item in made.items()}


groups = [g for d in documents if d.get("kind") == "PrometheusRule" for g in d["spec"]["groups"]]
groups += [g for name, text in sorted(files.items()) if "-rules-" in name for g in yaml.safe_load(text)["groups"]]
if not groups:
    sys.exit(f"{output} has no rules")
(work / "rules.yml").write_text(yaml.safe_dump({"groups": groups}, sort_keys=False))
for name, text in files.items():
    for program in ("prometheus", "alertmanager"):
        if name == f"etc-{program}-{program}.yml":
            (work / f"{program}.yml").write_text(text)
    if name.endswith(".json") and "dashboards" in name:
        (work / name).write_text(text)
for document in documents:
    if document.get("kind") == "AlertmanagerConfig":
        (work / "alertmanager.yml").write_text(yaml.safe_dump(snake(document["spec"])))
# What others ask Prometheus: which words they fill in is theirs.
asked = [t["metadata"]["query"] for d in documents if d.get("kind") == "ScaledObject" for t in d["spec"]["triggers"] if t["type"] == "prometheus"]
asked += [m["provider"]["prometheus"]["query"] for d in documents if d.get("kind") == "AnalysisTemplate" for m in d["spec"]["metrics"]]
(work / "asked.yml").write_text(yaml.safe_dump(asked))
print(f"{sum(len(g['rules']) for g in groups)} rules in {len(groups)} groups")
