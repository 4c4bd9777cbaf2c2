"""The configurations of the programs that take traces and lines, and what dashboards ask Loki, out of one output:
configurations.py OUTPUT FOLDER"""
import json, pathlib, sys, yaml

output, work = map(pathlib.Path, sys.argv[1:])
work.mkdir(parents=True)
found = {path.parent.name: path.read_text() for path in output.rglob("files/*/*.yaml")}
queries = []
for path in output.rglob("*-configmap.yaml"):
    document = yaml.safe_load(path.read_text())
    for name, text in document["data"].items():
        found[document["metadata"]["labels"]["app.kubernetes.io/instance"]] = text
        if "dashboards-" in name and name.endswith(".json"):
            panels = [panel for panel in json.loads(text)["panels"] if panel["type"] == "logs"]
            queries += [target["expr"] for panel in panels for target in panel["targets"]]
(work / "queries.json").write_text(json.dumps(queries))
for program in ("otel-collector", "log-collector", "jaeger", "loki"):
    if program in found:
        (work / f"{program}.yaml").write_text(found[program])
