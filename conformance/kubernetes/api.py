"""A Kubernetes API server, asked with the standard library: raw documents in, (status, value, warnings) out."""
import http.client, json, ssl, sys, time, urllib.parse, yaml


class Server:
    def __init__(self, kubeconfig):
        config = yaml.safe_load(open(kubeconfig))
        cluster = config["clusters"][0]["cluster"]
        address = urllib.parse.urlparse(cluster["server"])
        tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self.link = http.client.HTTPSConnection(address.hostname, address.port, context=tls, timeout=60)
        self.token = "Bearer " + config["users"][0]["user"]["token"]
        self.kinds = {}

    def call(self, method, path, body=None, kind="application/json"):
        body = json.dumps(body) if isinstance(body, dict) else body
        self.link.request(method, path, body, {"Authorization": self.token, "Content-Type": kind, "Accept": "application/json"})
        answer = self.link.getresponse()
        # A warning is written as: 299 - "text".
        warnings = [json.loads(said.split(" ", 2)[2]) for said in answer.headers.get_all("Warning") or []]
        return answer.status, json.loads(answer.read()), warnings

    def must(self, method, path, body=None, kind="application/json", well=()):
        """What is answered to a call that has to succeed, or to end in one way that is well too: a server that cannot just now is
        asked again."""
        for pause in (0.2, 0.5, 1, 2, 4, None):
            status, said, _ = self.call(method, path, body, kind)
            if status < 300 or status in well:
                return said
            if pause is None or status not in (409, 429, 500, 503, 504):
                sys.exit(f"{method} {path}: {status} {said.get('message', '')}")
            time.sleep(pause)

    def path(self, document):
        """Where the objects of its kind live; None where the server knows no such kind."""
        version = document["apiVersion"]
        root = ("/apis/" if "/" in version else "/api/") + version
        if version not in self.kinds:
            found = self.call("GET", root)[1].get("resources", [])
            self.kinds[version] = {r["kind"]: r for r in found if "/" not in r["name"]}
        resource = self.kinds[version].get(document["kind"])
        if resource is None:
            return None
        namespace = "/namespaces/" + document["metadata"].get("namespace", "default") if resource["namespaced"] else ""
        return f"{root}{namespace}/{resource['name']}"

    def judge(self, text, document):
        """What a strict POST and a strict server-side apply say against a document; each finds what the other passes."""
        path = self.path(document)
        if path is None:
            return [f"no {document['apiVersion']} {document['kind']}"]
        strict = "fieldValidation=Strict&fieldManager=conformance&dryRun=All"
        answers = (
            self.call("POST", f"{path}?{strict}", text, "application/yaml"),
            self.call("PATCH", f"{path}/{document['metadata']['name']}?{strict}&force=true", text, "application/apply-patch+yaml"),
        )
        return [said for status, body, warnings in answers for said in ([body["message"]] if status >= 300 else []) + warnings]


def documents(file):
    """The text, for keys that stand twice are seen in it only, and the value of every document of a file."""
    for text in ("\n" + open(file).read()).split("\n---\n"):
        value = yaml.safe_load(text)
        if value:
            yield text.encode(), value
