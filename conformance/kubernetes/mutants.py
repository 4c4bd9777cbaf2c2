"""Breaks objects in small ways and holds `lakegen validate` against the API server: mutants.py KUBECONFIG LAKEGEN CRDS COUNT FOLDER…

Each object is changed at one place: a field dropped, retyped, misspelt, added, emptied, repeated, out of its bounds or of another
form. The server's verdict is a strict POST and a strict server-side apply, both dry; lakegen's is an error of syntax, schema, metadata.
Every difference is printed; a false alarm fails, and so does agreement below the share at the end of the file."""
import collections, copy, json, pathlib, random, re, subprocess, sys, tempfile
from api import Server, documents

LEAST_AGREEMENT = 0.995


def places(value, path=()):
    """Every place in a document but its identity, with the value there."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        if (path, key) not in (((), "apiVersion"), ((), "kind"), (("metadata",), "namespace")):
            yield from places(child, (*path, key))


def put(document, path, value):
    at = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value


def drop(document, path):
    at = document
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]


def misspelt(key, dice):
    at = dice.randrange(len(key))
    return dice.choice([key[:at] + key[at + 1:], key + "s", key[:at] + key[at].swapcase() + key[at + 1:], key + "x"]) or "x"


def strange(value, dice):
    """Another value in the place of one."""
    if isinstance(value, bool):
        return dice.choice(["retyped", "retyped"]), dice.choice([str(value).lower(), 1, [value]])
    if isinstance(value, (int, float)):
        return dice.choice([("retyped", str(value)), ("bound", -1), ("bound", 0), ("bound", 70000), ("bound", 2 ** 31), ("bound", value + 0.5), ("retyped", [value]), ("retyped", True)])
    if isinstance(value, str):
        return dice.choice([("retyped", 7), ("retyped", True), ("retyped", {"a": value}), ("form", value + "_X"), ("form", ""), ("form", value.upper()),
                            ("form", value + " "), ("form", "-" + value), ("form", value * 40), ("form", "x"), ("form", value + "é")])
    if isinstance(value, list):
        return dice.choice([("retyped", {"a": 1}), ("retyped", "text"), ("empty", []), ("item", value + value[:1]), ("item", value + [None]), ("item", value + ["x"]), ("item", value + [{}])])
    if isinstance(value, dict):
        return dice.choice([("retyped", [value]), ("retyped", "text"), ("empty", {}), ("added", {**value, "unheardOf": 1}), ("added", {**value, "unheardOf": "a"})])
    return "retyped", 1


def mutant(document, dice):
    document = copy.deepcopy(document)
    path, value = dice.choice([place for place in places(document) if place[0]])
    word = dice.choice(["drop", "null", "key", "value", "value", "value", "value"])
    if word == "drop":
        drop(document, path)
    elif word == "null":
        put(document, path, None)
    elif word == "key" and isinstance(path[-1], str):
        drop(document, path)
        put(document, (*path[:-1], misspelt(path[-1], dice)), value)
    else:
        word, other = strange(value, dice)
        put(document, path, other)
    shown = "/".join("*" if isinstance(key, int) else key for key in path)
    return word, shown, document


def refused(server, document, text):
    """What the server says against it, if anything; warnings do not count."""
    path = server.path({**document, "metadata": document.get("metadata") if isinstance(document.get("metadata"), dict) else {}})
    name = (document.get("metadata") or {}).get("name") if isinstance(document.get("metadata"), dict) else None
    strict = "fieldValidation=Strict&fieldManager=conformance&dryRun=All"
    answers = [server.call("POST", f"{path}?{strict}", text)]
    if isinstance(name, str) and re.fullmatch(r"[a-z0-9.-]+", name):
        answers.append(server.call("PATCH", f"{path}/{name}?{strict}&force=true", text, "application/apply-patch+yaml"))
    return [body["message"] for status, body, _ in answers if status >= 300 and body.get("reason") != "AlreadyExists"]


def judged(lakegen, crds, folder):
    """Errors of each file by its name."""
    command = [lakegen, "validate", "--only", "syntax,schema,metadata", "--crd", crds, "--format", "json", folder]
    found = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)["findings"]
    errors = collections.defaultdict(list)
    for finding in found:
        if finding["severity"] == "error":
            for place in finding["places"] if finding["code"] == "L0401" else finding["places"][:1]:
                errors[pathlib.Path(place["file"]).name].append(f"{finding['code']} {place['pointer']}: {finding['message']}")
    return errors


def main(kubeconfig, lakegen, crds, count, *folders):
    server, dice = Server(kubeconfig), random.Random(7)
    files = sorted(f for folder in folders for f in pathlib.Path(folder).rglob("*.yaml") if f.name != "kustomization.yaml")
    objects = [document for file in files for _, document in documents(file)]
    for document in objects:
        if document["kind"] == "Namespace":
            server.call("POST", "/api/v1/namespaces", document)
    # Of each kind as many, however often the platform has it.
    kinds = collections.defaultdict(list)
    for document in objects:
        kinds[document["kind"]].append(document)
    made = []
    for number in range(int(count)):
        kind = dice.choice(sorted(kinds))
        document = dice.choice(kinds[kind])
        made.append((kind, "nothing", "", document) if number % 50 == 0 else (kind, *mutant(document, dice)))
    with tempfile.TemporaryDirectory() as folder:
        for number, (_, _, _, document) in enumerate(made):
            pathlib.Path(folder, f"{number}.json").write_text(json.dumps(document))
        ours = judged(lakegen, crds, folder)
    differences = collections.defaultdict(list)
    for number, (kind, word, path, document) in enumerate(made):
        theirs, said = refused(server, document, json.dumps(document)), ours.get(f"{number}.json", [])
        if bool(theirs) != bool(said):
            differences["FALSE ALARM" if said else "missed", kind, word, path].append((said or theirs)[0])
    for (what, kind, word, path), said in sorted(differences.items()):
        print(f"{what} {kind} {word} {path}: {len(said)}: {said[0][:300]}")
    wrong = sum(map(len, differences.values()))
    alarms = sum(len(said) for (what, *_), said in differences.items() if what == "FALSE ALARM")
    print(f"{len(made)} objects, {len(made) - wrong} agree ({100 * (1 - wrong / len(made)):.2f} %), {alarms} false alarms, {wrong - alarms} missed")
    sys.exit(1 if alarms or wrong > len(made) * (1 - LEAST_AGREEMENT) or not made else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
