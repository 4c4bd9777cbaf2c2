"""Rust structures that were generated from a definition in; the kinds and their schemas out."""
import re

PRIMITIVES = {
    "String": {"type": "string"}, "bool": {"type": "boolean"}, "f64": {"type": "number"}, "f32": {"type": "number"},
    "i32": {"type": "integer", "format": "int32"}, "i64": {"type": "integer", "format": "int64"}, "u32": {"type": "integer"}, "u64": {"type": "integer"},
    "u16": {"type": "integer"}, "i16": {"type": "integer"},
    "IntOrString": {"x-kubernetes-int-or-string": True}, "serde_json::Value": {"x-kubernetes-preserve-unknown-fields": True},
    "Condition": {"x-kubernetes-preserve-unknown-fields": True}, "ObjectReference": {"x-kubernetes-preserve-unknown-fields": True},
}
ITEM = re.compile(r"((?:^#\[[^\n]*\]\n)*)^pub (struct|enum) (\w+) \{\n(.*?)^\}", re.M | re.S)
FIELD = re.compile(r"(?:^\s*#\[serde\(([^\n]*)\)\]\n)?^\s*pub (\S+): (.+?),$", re.M)
VARIANT = re.compile(r'(?:^\s*#\[serde\(rename = "((?:[^"\\]|\\.)*)"\)\]\n)?^\s*(\w[\w#]*)(\([^\n]*\))?,$', re.M)


def kinds_of_crate(folder):
    for file in sorted(folder.glob("src/*/*.rs")):
        text = re.sub(r"^\s*///[^\n]*\n", "", file.read_text(), flags=re.M)
        items = {name: (attributes, word, body) for attributes, word, name, body in ITEM.findall(text)}
        for attributes, _, _ in list(items.values()):
            if "CustomResource" in attributes:
                yield kind(attributes, items)


def kind(attributes, items):
    said = dict(re.findall(r'(\w+) ?= ?"([^"]*)"', attributes))
    spec = next(name for name, (a, _, _) in items.items() if a == attributes)
    properties = {"spec": schema(spec, items)}
    properties["status"] = {"x-kubernetes-preserve-unknown-fields": True}
    return {"apiVersion": f"{said['group']}/{said['version']}", "kind": said["kind"], "plural": said["plural"], "namespaced": "#[kube(namespaced)]" in attributes,
            "schema": {"type": "object", "properties": properties, **({"required": ["spec"]} if "required" in properties["spec"] else {})}}


def schema(kind, items):
    if kind in PRIMITIVES:
        return PRIMITIVES[kind]
    if inner := generic("Option", kind):
        return schema(inner, items)
    if inner := generic("Box", kind):
        return schema(inner, items)
    if inner := generic("Vec", kind):
        return {"type": "array", "items": schema(inner, items)}
    if inner := generic("BTreeMap", kind):
        value = schema(inner.split(",", 1)[1].strip(), items)
        return {"type": "object", "additionalProperties": value}
    _, word, body = items[kind]
    return enum(body, items) if word == "enum" else struct(body, items)


def generic(name, kind):
    return kind[len(name) + 1:-1].strip() if kind.startswith(name + "<") else None


def struct(body, items):
    properties, required = {}, []
    for attributes, name, kind in FIELD.findall(body):
        renamed = re.search(r'rename = "([^"]+)"', attributes or "")
        name = renamed.group(1) if renamed else name.removeprefix("r#")
        properties[name] = schema(kind, items)
        if not kind.startswith("Option<"):
            required.append(name)
    if not properties:
        return {"x-kubernetes-preserve-unknown-fields": True}
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def enum(body, items):
    values, others = [], []
    for renamed, name, inner in VARIANT.findall(body):
        if inner:
            others.append(inner)
        values.append(renamed.encode().decode("unicode_escape") if renamed else name.removeprefix("r#"))
    if others:
        return {"x-kubernetes-preserve-unknown-fields": True}
    if all(re.fullmatch(r"-?\d+", value) for value in values):
        return {"type": "integer"}
    return {"type": "string", "enum": values}
