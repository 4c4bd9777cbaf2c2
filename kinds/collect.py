"""Fetches the packages of sources.toml and writes what they know of kinds into one file, in the words of a
CustomResourceDefinition's schema: collect.py WORK_FOLDER OUTPUT.json. Needs pip, npm, cargo and PyYAML.

`cargo run --example pack-kinds OUTPUT.json kinds/bundle.bin` makes the bundle of it."""
import hashlib, json, pathlib, subprocess, sys, tarfile, tomllib, zipfile
import yaml
from structs import kinds_of_crate
from types_ts import Types

HERE = pathlib.Path(__file__).parent
# Words of the overlays that stand for others.
STANDS_FOR = {
    "x-port": {"minimum": 1, "maximum": 65535, "format": "port-name"},
    "x-share": {"minimum": 0, "maximum": 2 ** 31 - 1, "format": "share"},
}
CORE = tomllib.loads((HERE / "core.toml").read_text())
# What no judge reads, and what would only make the bundle larger.
DROPPED = {"description", "title", "example", "externalDocs", "x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key", "x-kubernetes-unions",
           "x-kubernetes-group-version-kind", "$schema", "x-kubernetes-map-type", "$comment"}
OPEN = {"x-kubernetes-preserve-unknown-fields": True}
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
# Definitions that stand for a word of the schema language.
WORDS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"x-kubernetes-int-or-string": True, "format": "quantity"},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"x-kubernetes-int-or-string": True, "minimum": -(2 ** 31), "maximum": 2 ** 31 - 1, "minLength": 1},
    "io.k8s.apimachinery.pkg.runtime.RawExtension": OPEN,
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": OPEN,
}


def main(work, output):
    sources = tomllib.loads((HERE / "sources.toml").read_text())
    work.mkdir(parents=True, exist_ok=True)
    crates = fetch_crates(work, sources["structs"]["packages"] + [sources["definitions"]["package"]])
    versions = core(pypi(work, sources["core"]), sources["core"]["versions"])
    enums = Types(npm(work, sources["enums"]))
    add_enums(versions, enums)
    kinds = {}
    for package in sources["structs"]["packages"]:
        for kind in kinds_of_crate(crates[package]):
            kinds[kind["apiVersion"], kind["kind"]] = {**kind, "source": package}
    types = sources["types"]
    names = {camel(name): name for name in versions[sources["core"]["versions"][-1]]["definitions"]}
    for kind in Types(npm(work, types)).kinds(types, names):
        kinds[kind["apiVersion"], kind["kind"]] = {**kind, "source": types["package"]}
    for file in sources["definitions"]["files"]:
        for kind in definition(crates[sources["definitions"]["package"]] / file):
            key = kind["apiVersion"], kind["kind"]
            if key in kinds:
                merge(kind["schema"], kinds[key]["schema"])
            kinds[key] = {**kind, "source": sources["definitions"]["package"]}
    overlay(versions, kinds)
    source = sources["core"]["package"]
    text = json.dumps({"source": source, "versions": versions, "kinds": [kinds[key] for key in sorted(kinds)]}, indent=1, sort_keys=True)
    output.write_text(text + "\n")


def checked(file, sha256):
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != sha256:
        sys.exit(f"{file.name} has the hash {found}, not {sha256}")
    return file


def pypi(work, source):
    folder = work / source["package"].replace("==", "-")
    if not folder.exists():
        subprocess.run(["pip", "download", "--quiet", "--no-deps", "--no-binary=:none:", "--dest", str(folder), source["package"]], check=True)
    return checked(next(folder.glob("*.whl")), source["sha256"])


def npm(work, source):
    folder = work / source["package"].replace("@", "_").replace("/", "_")
    if not folder.exists():
        folder.mkdir()
        subprocess.run(["npm", "pack", "--silent", source["package"]], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    with tarfile.open(checked(next(folder.glob("*.tgz")), source["sha256"])) as tar:
        return {m.name.removeprefix("package/"): tar.extractfile(m).read().decode() for m in tar if m.name.endswith(".d.ts")}


def fetch_crates(work, packages):
    """Folder of each crate: cargo checks their hashes against crates.lock."""
    folder = work / "crates"
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src/lib.rs").touch()
    wanted = "".join('{} = "={}"\n'.format(*package.split("@")) for package in packages)
    (folder / "Cargo.toml").write_text(f'[package]\nname = "kinds"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n{wanted}[workspace]\n')
    (folder / "Cargo.lock").write_text((HERE / "crates.lock").read_text())
    said = subprocess.run(["cargo", "metadata", "--locked", "--format-version", "1"], check=True, cwd=folder, capture_output=True, text=True)
    found = {f"{p['name']}@{p['version']}": pathlib.Path(p["manifest_path"]).parent for p in json.loads(said.stdout)["packages"]}
    return {package: found[package] for package in packages}


# ---- the kinds of Kubernetes itself --------------------------------------------------------------------------------

def core(wheel, versions):
    found = {}
    with zipfile.ZipFile(wheel) as files:
        for version in versions:
            path = f"kubernetes_validate/kubernetes-json-schema/v{version}.0-local-strict/_definitions.json"
            found[version] = core_version(json.loads(files.read(path))["$defs"])
    return found


def core_version(defs):
    kinds = []
    for name, body in sorted(defs.items()):
        groups = body.get("x-kubernetes-group-version-kind", [])
        if name.endswith("List") or "metadata" not in body.get("properties", {}) or len(groups) != 1:
            continue
        group = groups[0]
        kinds.append({"apiVersion": "/".join(filter(None, (group["group"], group["version"]))), "kind": group["kind"], "definition": name,
                      "namespaced": group["kind"] not in CORE["cluster"], "plural": CORE["plural"].get(group["kind"]) or plural(group["kind"])})
    return {"kinds": kinds, "definitions": {name: normal(body, name) for name, body in sorted(defs.items()) if name not in WORDS}}


def plural(kind):
    """As Kubernetes itself guesses it."""
    kind = kind.lower()
    return kind[:-1] + "ies" if kind.endswith("y") else kind + "es" if kind.endswith("s") else kind + "s"


def normal(schema, name=""):
    """The same in the words of a CustomResourceDefinition."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return dict(WORDS[name]) if name in WORDS else {"$ref": name}
    out = {key: value for key, value in schema.items() if key not in DROPPED}
    kind = out.get("type")
    out["type"] = next((k for k in kind if k != "null"), None) if isinstance(kind, list) else kind
    if "properties" in out:
        out["properties"] = {key: normal(value) for key, value in out["properties"].items() if key not in ("apiVersion", "kind") or "enum" not in value}
        if "status" in out["properties"] and "x-kubernetes-group-version-kind" in schema:
            out["properties"]["status"] = OPEN
        out.pop("additionalProperties", None)
    elif isinstance(out.get("additionalProperties"), dict):
        out["additionalProperties"] = normal(out["additionalProperties"])
    elif out["type"] in ("object", None):
        # Free objects, and the types that may be anything: JSON, JSONSchemaPropsOrBool …
        return dict(OPEN)
    if "items" in out:
        out["items"] = normal(out["items"])
    return {key: value for key, value in out.items() if value is not None}


def camel(name):
    return "".join(part[:1].upper() + part[1:] for part in name.replace("-", ".").split("."))


def add_enums(versions, types):
    for version in versions.values():
        for name, body in version["definitions"].items():
            for field, values in types.enums(camel(name)).items():
                schema = body.get("properties", {}).get(field)
                if schema and schema.get("type") == "string":
                    schema["enum"] = values


# ---- whole definitions ---------------------------------------------------------------------------------------------

def definition(file):
    """The kinds of a CustomResourceDefinition, one a version that is served."""
    for crd in yaml.safe_load_all(file.read_text()):
        if not crd or crd.get("kind") != "CustomResourceDefinition":
            continue
        spec = crd["spec"]
        for version in spec["versions"]:
            if version["served"]:
                schema = slim(version["schema"]["openAPIV3Schema"])
                for name in ("apiVersion", "kind", "metadata"):
                    schema["properties"].pop(name, None)
                if "status" in schema["properties"]:
                    schema["properties"]["status"] = OPEN
                yield {"apiVersion": f"{spec['group']}/{version['name']}", "kind": spec["names"]["kind"], "plural": spec["names"]["plural"],
                       "namespaced": spec["scope"] == "Namespaced", "schema": schema}


def slim(value):
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict):
            value = {**value, "properties": {key: slim(inner) for key, inner in value["properties"].items()}}
            return {key: inner if key == "properties" else slim(inner) for key, inner in value.items() if key not in DROPPED}
        return {key: inner if key in ("default", "enum") else slim(inner) for key, inner in value.items() if key not in DROPPED}
    return [slim(inner) for inner in value] if isinstance(value, list) else value


def merge(schema, newer):
    """Adds the fields that a newer and poorer source has: an old definition must not call them unknown."""
    for name, field in newer.get("properties", {}).items():
        if name in schema.get("properties", {}):
            merge(schema["properties"][name], field)
        elif "properties" in schema:
            schema["properties"][name] = field
    if "items" in schema and "items" in newer:
        merge(schema["items"], newer["items"])
    for values in [newer.get("enum", [])] if "enum" in schema else []:
        schema["enum"] += [value for value in values if value not in schema["enum"]]


# ---- what no package has -------------------------------------------------------------------------------------------

def overlay(versions, kinds):
    """overlays/*.toml: for a definition or kind, a table of fields with the words to add. A field that is nowhere is a mistake."""
    for file in sorted((HERE / "overlays").glob("*.toml")):
        for of, fields in tomllib.loads(file.read_text()).items():
            roots = [v["definitions"][of] for v in versions.values() if of in v["definitions"]]
            roots += [k["schema"] for k in kinds.values() if f"{k['kind']}.{k['apiVersion']}" == of]
            for path, words in fields.items():
                found = [place for root in roots for place in [step(root, path)] if place is not None]
                if not found:
                    sys.exit(f"{file.name}: there is no {of} {path}")
                for place in found:
                    for word, value in words.items():
                        if word == "optional":
                            place["required"] = [name for name in place.get("required", []) if name not in value]
                        elif word == "required":
                            place["required"] = sorted(set(place.get("required", [])) | set(value))
                        elif word in STANDS_FOR:
                            place.update(STANDS_FOR[word])
                        elif word == "open":
                            place.clear()
                            place.update(OPEN)
                        else:
                            place[word] = value


def step(schema, path):
    """`spec.containers[].name`; a dot alone is the root; `{}` are the values of a map."""
    for part in path.replace("[]", ".[]").replace("{}", ".{}").split("."):
        if part == "":
            continue
        schema = schema.get("items") if part == "[]" else schema.get("additionalProperties") if part == "{}" else schema.get("properties", {}).get(part)
        if not isinstance(schema, dict):
            return None
    return schema


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
