"""The configurations of the programs that take traces and lines, out of one output: configurations.py OUTPUT FOLDER"""
import pathlib, sys, yaml

output, work = map(pathlib.Path, sys.argv[1:])
work.mkdir(parents=True)
found = {path.parent.name: path.read_text() for path in output.rglob("files/*/*.yaml")}
for path in output.rglob("*-configmap.yaml"):
    document = yaml.safe_load(path.read_text())
    for text in document["data"].values():
        found[document["metadata"]["labels"]["app.kubernetes.io/instance"]] = text
for program in ("otel-collector", "log-collector", "jaeger", "loki"):
    if program in found:
        (work / f"{program}.yaml").write_text(found[program])
