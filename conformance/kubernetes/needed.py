"""Prints the definitions of the kinds that some folders hold, and of those that our stand-ins serve: needed.py CRDS FOLDER…

An API server that serves all of them computes for half a minute before it answers."""
import pathlib, re, sys

PLAYED = {("postgresql.cnpg.io", "Cluster"), ("postgresql.cnpg.io", "Pooler"), ("barmancloud.cnpg.io", "ObjectStore"),
          ("monitoring.coreos.com", "Prometheus"), ("monitoring.coreos.com", "Alertmanager")}


def texts(folders, pattern):
    return [text for folder in folders for file in sorted(pathlib.Path(folder).rglob(pattern)) for text in re.split(r"(?m)^---.*\n", file.read_text())]


def found(pattern, text):
    match = re.search(pattern, text, re.M)
    return match and match[1]


used = PLAYED | {(found(r"^apiVersion: (\S+)/", text), found(r"^kind: (\S+)", text)) for text in texts(sys.argv[2:], "*.yaml")}
chosen = [text for text in texts(sys.argv[1:2], "*.yaml") if (found(r"^  group: (\S+)", text), found(r"^    kind: (\S+)", text)) in used]
print("---\n".join(chosen))
print(f"{len(chosen)} definitions", file=sys.stderr)
