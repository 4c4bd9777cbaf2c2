"""Asks an API server about every object of some folders: judge.py KUBECONFIG FOLDER…

Namespaces are made first, for an object is refused in one that is not there. A warning counts as a refusal."""
import pathlib, sys
from api import Server, documents

server = Server(sys.argv[1])
files = sorted(f for folder in sys.argv[2:] for f in pathlib.Path(folder).rglob("*.yaml") if f.name != "kustomization.yaml")
objects = [(file, text, document) for file in files for text, document in documents(file)]
objects.sort(key=lambda item: item[2]["kind"] != "Namespace")
refused = 0
for file, text, document in objects:
    said = server.judge(text, document)
    if document["kind"] == "Namespace" and not said:
        server.call("POST", "/api/v1/namespaces", text, "application/yaml")
    refused += bool(said)
    for message in said:
        print(f"{file}: {document['kind']}/{document['metadata']['name']}: {message[:600]}")
print(f"{len(objects)} objects, {refused} refused")
sys.exit(1 if refused or not objects else 0)
