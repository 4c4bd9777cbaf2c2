"""Holds `lakegen policy eval` against an API server: policies.py KUBECONFIG LAKEGEN PACKS PLANTED.

Every policy of the packs and of the planted file is installed, and each sample is posted. First all of them only warn, so that the
server tells what each says: policy by policy and message by message it is what lakegen decides. Then the bindings are as they are
shipped: what is refused is what lakegen refuses, with the same answer. Last come the types, which the controller writes into status."""
import copy, json, pathlib, re, subprocess, sys, tempfile, time, yaml
from api import Server

POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
# Policies with their bindings.
BATCH = 8
SAID = re.compile(r"Validation failed for ValidatingAdmissionPolicy '([^']*)' with binding '([^']*)': (.*)", re.S)


def documents(file):
    return [document for document in yaml.safe_load_all(pathlib.Path(file).read_text()) if document]


def is_served(server, document):
    """Whether the server knows the kind; of an unknown group it answers with a text that is no JSON."""
    try:
        return server.path(document) is not None
    except ValueError:
        return False


def apply(server, document):
    name = document["metadata"]["name"]
    path = f"{server.path(document)}/{name}?fieldManager=conformance&force=true"
    status, body, warnings = server.call("PATCH", path, json.dumps(document), "application/apply-patch+yaml")
    if status >= 300:
        sys.exit(f"{document['kind']} {name} is refused: {body['message']}")


def post(server, document, text):
    """(allowed, what it says, warnings as policy, binding, message)."""
    status, body, warnings = server.call("POST", f"{server.path(document)}?dryRun=All", text)
    found = {SAID.fullmatch(warning).groups() for warning in warnings if SAID.fullmatch(warning)}
    return status < 300, body.get("message", ""), found


def eval(lakegen, policies, sample, namespace):
    command = [lakegen, "policy", "eval", "--policy", policies, "--object", sample, "--namespace-object", namespace, "--user-info", f"{policies}/user.json", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout.startswith("{"):
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def against(answer):
    return {(d["policy"], d["binding"], d["message"]) for d in answer["decisions"] if d["decision"] in ("deny", "error")}


def compare(server, lakegen, folder, policies, samples, check):
    """Asks both about each sample. A server hears of policies after a while: at first it is asked again before it is believed."""
    wrong, denied = [], 0
    (folder / "user.json").write_text(json.dumps({"username": "admin", "groups": ["system:masters", "system:authenticated"]}))
    (folder / "policies.yaml").write_text(yaml.safe_dump_all(policies))
    patience = 12
    for name, document in samples:
        (folder / "object.json").write_text(json.dumps(document))
        namespace = server.call("GET", f"/api/v1/namespaces/{document['metadata'].get('namespace', 'default')}")[1]
        (folder / "namespace.json").write_text(json.dumps(namespace))
        ours = eval(lakegen, str(folder), str(folder / "object.json"), str(folder / "namespace.json"))
        said = check(post(server, document, json.dumps(document)), ours)
        while said and patience:
            patience -= 1
            time.sleep(0.5)
            said = check(post(server, document, json.dumps(document)), ours)
        denied += bool(against(ours))
        wrong += [f"{name}: {line}" for line in said]
    return wrong, denied


def as_warned(theirs, ours):
    allowed, message, warned = theirs
    if not allowed:
        # What is wrong with a policy itself is refused by all of its bindings.
        return as_shipped(theirs, ours)
    return [f"only the server: {one}" for one in sorted(warned - against(ours), key=str)] + [f"only lakegen: {one}" for one in sorted(against(ours) - warned, key=str)]


def as_shipped(theirs, ours):
    allowed, message, warned = theirs
    if allowed != ours["allowed"]:
        return [f"the server {'takes' if allowed else 'refuses'} it: {message}"]
    answers = [f"ValidatingAdmissionPolicy '{policy}' with binding '{binding}' denied request: {text}" for policy, binding, text in against(ours)]
    return [] if allowed or any(answer in message for answer in answers) else [f"refused with {message!r}, not {answers}"]


def types(server, lakegen, policies):
    """What the controller finds wrong with the types of expressions, and what lakegen does: (policy, field, message)."""
    theirs, ours = set(), set()
    for document in policies:
        name = document["metadata"]["name"]
        for _ in range(60):
            found = server.call("GET", f"{server.path(document)}/{name}")[1]
            if found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]:
                break
            time.sleep(0.5)
        else:
            sys.exit(f"nobody looks at the types of {name}")
        for warning in found["status"].get("typeChecking", {}).get("expressionWarnings", []):
            kind = ""
            for named, message in re.findall(r"(?:Kind=(\w+): )?ERROR: <input>:\d+:\d+: ([^\n]*)", warning["warning"]):
                kind = named or kind
                # The controller numbers the types that it makes.
                theirs.add((name, warning["fieldRef"], re.sub(rf"{kind}\d+\.", f"{kind}.", f"{kind}: {message}")))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "policies.yaml")
        file.write_text(yaml.safe_dump_all(policies))
        said = subprocess.run([lakegen, "validate", "--only", "policy", "--format", "json", str(file)], capture_output=True, text=True).stdout
    for finding in json.loads(said)["findings"]:
        field = re.sub(r"/(\d+)", r"[\1]", finding["places"][0]["pointer"]).replace("/", ".").removeprefix(".")
        ours.add((finding["object"]["name"], field, finding["message"]))
    return [f"only the controller: {one}" for one in sorted(theirs - ours)] + [f"only lakegen: {one}" for one in sorted(ours - theirs)], len(theirs)


def main(kubeconfig, lakegen, packs, planted):
    server = Server(kubeconfig)
    shipped = [document for file in sorted(pathlib.Path(packs).glob("*/*/*.yaml")) if not re.match("pass-|fail-", file.name) for document in documents(file)]
    samples = [("/".join(file.parts[-3:]), documents(file)[-1]) for file in sorted(pathlib.Path(packs).glob("*/*/*.yaml")) if re.match("pass-|fail-", file.name)]
    left = [name for name, document in samples if not is_served(server, document)]
    print(f"{len(left)} samples are of kinds that the server does not have: {', '.join(left)}")
    samples = [(name, document) for name, document in samples if name not in left]
    everything = shipped + documents(planted)
    for document in sorted(everything, key=lambda d: ["Namespace"].count(d["kind"]), reverse=True):
        if document["kind"] not in (POLICY, BINDING):
            apply(server, document)
    for document in everything + [d for _, d in samples]:
        namespace = document["metadata"].get("namespace")
        if namespace:
            server.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            while server.call("GET", f"/api/v1/namespaces/{namespace}/serviceaccounts/default")[0] != 200:
                time.sleep(0.1)
    own, more = [[d for d in some if d["kind"] in (POLICY, BINDING)] for some in (shipped, documents(planted))]
    others = [d for d in everything if d["kind"] not in (POLICY, BINDING)]
    wrong = 0

    def report(what, found, count):
        nonlocal wrong
        # Where nothing was said against anything, nobody was asked.
        wrong += len(found) + (not count)
        print("\n".join(found[:40]), end="\n" if found else "")
        print(f"{what}: {count}, {len(found)} differences")

    with tempfile.TemporaryDirectory() as folder:
        def ask(documents, samples, check, what):
            for document in documents:
                apply(server, document)
            report(what, *compare(server, lakegen, pathlib.Path(folder), documents + others, samples, check))

        ask(warning(own), samples, as_warned, f"{len(samples)} samples, denied by some of the packs")
        ask(own, samples, as_shipped, "with the bindings as they are shipped, denied by some")
        for document in own:
            if document["kind"] == BINDING:
                server.call("DELETE", f"{server.path(document)}/{document['metadata']['name']}")
        # Only so many warnings come with an answer: the planted ones are asked a few at a time, of a part of the samples.
        for at in range(0, len(more), BATCH):
            ask(warning(more[at:at + BATCH]), samples[::5], as_warned, "denied by " + ", ".join(d["metadata"]["name"] for d in more[at:at + BATCH:2]))
            for document in more[at:at + BATCH]:
                if document["kind"] == BINDING:
                    server.call("DELETE", f"{server.path(document)}/{document['metadata']['name']}")
        report("expressions with types that do not fit", *types(server, lakegen, [d for d in everything if d["kind"] == POLICY]))
    sys.exit(1 if wrong else 0)


def warning(documents):
    """The same, with bindings that only warn."""
    documents = copy.deepcopy(documents)
    for document in documents:
        if document["kind"] == BINDING:
            document["spec"]["validationActions"] = ["Warn"]
    return documents


if __name__ == "__main__":
    main(*sys.argv[1:])
