"""TypeScript declarations in; interfaces as schemas, and the fields that are one of some strings, out."""
import re

TOKEN = re.compile(r'\s*(?:/\*.*?\*/|//[^\n]*\n)|\s+|("(?:[^"\\]|\\.)*"|[A-Za-z_$][\w$.]*|-?\d+|\[key: string\]|[{}\[\]<>|&;:,?()=]|.)', re.S)
INTERFACE = re.compile(r"^export interface (\w+)(?:<[^>]*>)?(?: extends ([\w., <>]+))? (\{.*?^\})", re.M | re.S)
EXPORTED = re.compile(r"\b(\w+) as (\w+)")
OPEN = {"x-kubernetes-preserve-unknown-fields": True}


class Types:
    """Every interface of a package by the long name it is exported under."""

    def __init__(self, files):
        self.bodies, self.parents = {}, {}
        for text in files.values():
            if not isinstance(text, str):
                continue
            long = dict(EXPORTED.findall(text))
            for name, parents, body in INTERFACE.findall(text):
                self.bodies[long.get(name, name)] = body
                self.parents[long.get(name, name)] = [long.get(parent, parent) for parent in re.findall(r"[\w.]+", parents or "")]

    def enums(self, name):
        """Field → its strings, of the interface called `I` + name."""
        fields = Parser(self.bodies.get("I" + name, "{}")).type().get("properties", {})
        return {field: schema["enum"] for field, schema in fields.items() if "enum" in schema}

    def kinds(self, source, core):
        """The kinds of the source; what belongs to Kubernetes itself stays a reference."""
        prefix = next(name for name in self.bodies if name.endswith(source["kinds"][0] + "Spec")).removesuffix(source["kinds"][0] + "Spec")
        for kind in source["kinds"]:
            schema = self.resolve(Parser(self.bodies[prefix + kind]).type(), core)
            for name in ("apiVersion", "kind", "metadata"):
                schema["properties"].pop(name, None)
            if "status" in schema["properties"]:
                schema["properties"]["status"] = OPEN
            schema["required"] = [name for name in schema.get("required", []) if name not in ("apiVersion", "kind")]
            yield {"apiVersion": f"{source['group']}/{source['version']}", "kind": kind, "plural": kind.lower().removesuffix("s") + "s",
                   "namespaced": kind not in source["cluster"], "schema": schema}

    def whole(self, name):
        """An interface with what it has of those that it extends."""
        schema = Parser(self.bodies[name]).type()
        for parent in filter(self.bodies.__contains__, self.parents[name]):
            inherited = self.whole(parent)
            schema["properties"] = {**inherited.get("properties", {}), **schema.get("properties", {})}
            schema["required"] = sorted({*inherited.get("required", []), *schema.get("required", [])})
        return schema

    def resolve(self, schema, core, depth=0):
        if "$ref" in schema:
            name = schema["$ref"]
            if name[1:] in core:
                return {"$ref": core[name[1:]]}
            if name.endswith("Quantity"):
                return {"x-kubernetes-int-or-string": True, "format": "quantity"}
            if name.endswith("IntOrString"):
                return {"x-kubernetes-int-or-string": True}
            if name not in self.bodies or depth > 20:
                return dict(OPEN)
            return self.resolve(self.whole(name), core, depth + 1)
        out = dict(schema)
        for word in ("items", "additionalProperties"):
            if word in out:
                out[word] = self.resolve(out[word], core, depth)
        if "properties" in out:
            out["properties"] = {name: self.resolve(field, core, depth) for name, field in out["properties"].items()}
        return out


class Parser:
    def __init__(self, text):
        self.tokens = [token for token in TOKEN.findall(text) if token]
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, token=None):
        found = self.peek()
        if token is not None and found != token:
            raise ValueError(f"{found!r} where {token!r} must stand: {' '.join(self.tokens[max(0, self.at - 9):self.at + 9])}")
        self.at += 1
        return found

    def type(self):
        parts = [self.postfix()]
        while self.peek() == "|":
            self.take()
            parts.append(self.postfix())
        parts = [part for part in parts if part != {"type": "null"}]
        if all("const" in part for part in parts):
            return {"type": "string", "enum": [part["const"] for part in parts]}
        kinds = {part.get("type") for part in parts}
        if len(parts) == 1:
            return parts[0]
        return {"x-kubernetes-int-or-string": True} if kinds <= {"string", "number", "integer"} else dict(OPEN)

    def postfix(self):
        found = self.single()
        while self.peek() == "[":
            self.take(), self.take("]")
            found = {"type": "array", "items": found}
        return found

    def single(self):
        token = self.take()
        if token.startswith('"'):
            return {"const": token[1:-1]}
        if token == "{":
            return self.object()
        if token == "Array":
            self.take("<")
            items = self.type()
            self.take(">")
            return {"type": "array", "items": items}
        if token == "(":
            found = self.type()
            self.take(")")
            return found
        simple = {"string": {"type": "string"}, "number": {"type": "number"}, "boolean": {"type": "boolean"}, "null": {"type": "null"}}
        return simple.get(token) or (dict(OPEN) if token in ("any", "object", "unknown") else {"$ref": token})

    def object(self):
        properties, required, values = {}, [], None
        while self.peek() != "}":
            name = self.take()
            if name == "[key: string]":
                self.take(":")
                values = self.type()
            else:
                is_optional = self.peek() == "?"
                if is_optional:
                    self.take()
                self.take(":")
                properties[name.strip('"')] = self.type()
                if not is_optional:
                    required.append(name.strip('"'))
            if self.peek() == ";":
                self.take()
        self.take("}")
        if properties:
            return {"type": "object", "properties": properties, **({"required": required} if required else {})}
        return {"type": "object", "additionalProperties": values} if values else dict(OPEN)
