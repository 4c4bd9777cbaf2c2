"""Writes a JSON Schema for each kind that an API server knows, definitions of operators too: schemas.py KUBECONFIG FOLDER

A file is called as kubeconform asks for it, with FOLDER/{{.ResourceKind}}_{{.Group}}_{{.ResourceAPIVersion}}.json; strict, so that a
key which the kind does not have is refused."""
import json, pathlib, sys
from api import Server

server, folder = Server(sys.argv[1]), pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)


def strict(value):
    """The value as JSON Schema has it, with no keys but the named ones in what has named ones."""
    if isinstance(value, list):
        return [strict(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: strict(one) for key, one in value.items() if not key.startswith("x-kubernetes-") and key not in ("description", "default", "nullable")}
    if isinstance(value.get("properties"), dict):
        made["properties"] = {name: strict(one) for name, one in value["properties"].items()}
    open_to_all = value.get("x-kubernetes-preserve-unknown-fields") or value.get("x-kubernetes-embedded-resource")
    if isinstance(value.get("properties"), dict) and "additionalProperties" not in value and not open_to_all:
        made["additionalProperties"] = False
    if value.get("x-kubernetes-int-or-string"):
        made = {"type": ["integer", "string"]}
    return made


def named(schemas, name, seen):
    """The schemas that one of them leads to."""
    if name not in seen:
        seen[name] = strict(schemas[name])
        for word in json.dumps(schemas[name]).split('"$ref": "#/components/schemas/')[1:]:
            named(schemas, word.split('"')[0], seen)
    return seen


count = 0
# All is asked for before any of it is worked on, which takes minutes on a slow machine: the server hangs up on who says nothing.
said = [server.call("GET", where["serverRelativeURL"])[1] for where in server.call("GET", "/openapi/v3")[1]["paths"].values()]
for schemas in (one.get("components", {}).get("schemas", {}) for one in said):
    for name, schema in schemas.items():
        kinds = schema.get("x-kubernetes-group-version-kind", [])
        if len(kinds) != 1 or "metadata" not in schema.get("properties", {}):
            continue
        [kind] = kinds
        found = named(schemas, name, {})
        found[name]["required"] = sorted({*found[name].get("required", []), "apiVersion", "kind", "metadata"})
        document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": f"#/components/schemas/{name}", "components": {"schemas": found}}
        (folder / f"{kind['kind'].lower()}_{kind['group'] or kind['version']}_{kind['version']}.json").write_text(json.dumps(document))
        count += 1
print(f"{count} kinds")
sys.exit(0 if count > 50 else 1)
