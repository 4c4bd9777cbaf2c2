"""Writes the schemas of other programs' files, out of the types of Go that the programs read them into and of what is said by
hand: files.py [--check]. Needs Go.

files.toml says which modules, and what a type is as a schema. A file of overlays/files is the schema but for its fields: in place of
`properties:` it says `properties: # prometheus/config.ScrapeConfig`, and below of the structure's fields only those that are more, or
less, than their types; where all are as their types, `{$go: prometheus/config.ScrapeConfig}` says so in one line."""
import functools, json, pathlib, re, subprocess, sys, tomllib

HERE = pathlib.Path(__file__).parent
FOLDER = HERE.parent / "schemas/files"
SOURCES = tomllib.loads((HERE / "files.toml").read_text())
BLOCK = re.compile(r"^( *)properties: # (\S+)$")
LINE = re.compile(r"\{\$go: ([^\s,{}]+)\}")


def main(checks):
    stale = []
    for overlay in sorted((HERE / "overlays/files").glob("*.yaml")):
        made = file(overlay.read_text().splitlines())
        target = FOLDER / overlay.name
        if checks and target.read_text() != made:
            stale.append(overlay.name)
        if not checks:
            target.write_text(made)
    sys.exit(f"not as its sources say: {', '.join(stale)}" if stale else 0)


def file(lines):
    """The overlay with the fields of the structures that it names."""
    names = definitions(lines)
    out, at = [], 0
    while at < len(lines):
        line, at = lines[at], at + 1
        block = BLOCK.match(line)
        if not block:
            out.append(LINE.sub(lambda found: inline(found, names), line))
            continue
        indent, own = block[1] + "  ", {}
        while at < len(lines) and (said := re.match(rf"{indent}(\w+): (.*)$", lines[at])):
            own[said[1]] = said[2]
            at += 1
        out.append(f"{block[1]}properties:")
        out.extend(f"{indent}{key}: {shape}" for key, shape in fields(block[2], own, names))
    return "\n".join(out) + "\n"


def definitions(lines):
    """The name of the definition that is made of a structure."""
    names, name = {}, None
    for line in lines:
        name = found[1] if (found := re.match(r"  (\w+):", line)) else name
        made = re.match(r"    properties: # (\S+)$", line) or re.match(r"  \w+: \{type: object, properties: \{\$go: ([^\s,{}]+)", line)
        if made and name:
            names.setdefault(made[1], name)
    return names


def inline(found, names):
    return "{" + ", ".join(f"{key}: {shape}" for key, shape in fields(found[1], {}, names)) + "}"


def fields(structure, own, names):
    """Each field with its schema, in the order of the structure."""
    package = structure.rsplit(".", 1)[0]
    known = [(key, own.get(key) or shape(of, package, names)) for key, of in keys(structure)]
    if strange := own.keys() - {key for key, _ in known}:
        sys.exit(f"{structure} has no field {', '.join(sorted(strange))}")
    return known


def shape(of, package, names):
    of = of.removeprefix("*")
    if of in SOURCES["types"]:
        return SOURCES["types"][of]
    if of.startswith("[]"):
        return f"{{type: array, items: {shape(of[2:], package, names)}}}"
    for structure, name in names.items():
        if structure == f"{package}.{of}" or structure.endswith(f"/{of}"):
            return f"{{$ref: {name}}}"
    sys.exit(f"nothing says what a {of} of {package} is")


# ---- the types of Go -----------------------------------------------------------------------------------------------

def keys(structure):
    """The keys of a structure's fields with their types; a structure that lies within it for its own fields gives its keys."""
    package, name = structure.rsplit(".", 1)
    if name not in structures(package):
        sys.exit(f"{package} has no structure {name}")
    for field, of, key, options in structures(package)[name]:
        if "inline" in options:
            inner = of.removeprefix("*")
            # Of other packages they are what an overlay includes by name.
            yield from keys(f"{package}.{inner}") if inner in structures(package) and not is_included(inner) else ()
        elif key != "-":
            yield key or field.lower(), of


def is_included(name):
    return name in SOURCES["included"]


@functools.cache
def structures(package):
    module, _, path = package.partition("/")
    found = {}
    for file in sorted((folder(module) / path).glob("*.go")):
        text = "" if file.name.endswith("_test.go") else file.read_text()
        for name, body in re.findall(r"^\s*(?:type )?(\w+) struct \{(?: *//[^\n]*)?\n(.*?)^\s*\}$", text, re.M | re.S):
            found[name] = [field for line in body.splitlines() if (field := tagged(line))]
    return found


def tagged(line):
    """A field with a tag: its own name, its type, its key in YAML, where it says one, and the options."""
    found = re.match(r"\s*(?:(\w+)\s+)?([*\w.\[\]{}]+)\s+`([^`]*)`", line)
    if found:
        key, *options = (re.search(r'yaml:"([^"]*)"', found[3]) or [None, ""])[1].split(",")
        return found[1], found[2], key, options


@functools.cache
def folder(name):
    source = SOURCES["modules"][name]
    said = subprocess.run(["go", "mod", "download", "-json", source["module"]], check=True, capture_output=True, text=True, cwd="/")
    found = json.loads(said.stdout)
    if found["Sum"] != source["sum"]:
        sys.exit(f"{source['module']} has the hash {found['Sum']}, not {source['sum']}")
    return pathlib.Path(found["Dir"])


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
