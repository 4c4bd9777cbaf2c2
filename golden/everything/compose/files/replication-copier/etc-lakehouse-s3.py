"""S3 as far as drills and copies need it, with nothing but Python: requests are signed as AWS Signature Version 4 says."""
import datetime
import hashlib
import hmac
import os
import pathlib
import ssl
import urllib.parse
import urllib.request
import xml.etree.ElementTree


def quoted(text, also=""):
    return urllib.parse.quote(text, safe="-_.~" + also)


def tree(answer):
    """An answer in XML, its names without their namespace."""
    root = xml.etree.ElementTree.fromstring(answer.read())
    for node in root.iter():
        node.tag = node.tag.split("}")[-1]
    return root


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def number(file):
    """What a file holds, as one number."""
    found = hashlib.sha256()
    while part := file.read(1 << 20):
        found.update(part)
    return found.hexdigest()


class Store:
    """One store, as the variables that begin with a name say."""

    def __init__(self, name):
        self.url, self.region, self.keys = (os.environ[f"{name}_{what}"] for what in ("URL", "REGION", "KEYS"))
        self.trust = ssl.create_default_context(cafile=os.environ.get(f"{name}_CA") or None)
        # Newer Pythons refuse authorities that leave out what was long optional, as those of clusters do.
        self.trust.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def key(self, what):
        return (pathlib.Path(self.keys) / what).read_text()

    def signature(self, request, scope, when):
        """What proves that whoever holds the key asks this."""
        key = ("AWS4" + self.key("password")).encode()
        for part in [*scope.split("/"), "\n".join(["AWS4-HMAC-SHA256", when, scope, hashlib.sha256(request.encode()).hexdigest()])]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key.hex()

    def ask(self, method, bucket, key="", query=(), body=b"", headers=(), content="", length=0):
        """The answer to one request, to be read by whoever asks; what is refused is an HTTPError."""
        path = quoted(f"/{bucket}/{key}" if key else f"/{bucket}", "/")
        asked = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in sorted(query))
        when = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        content = content or hashlib.sha256(body).hexdigest()
        signed = {"host": urllib.parse.urlsplit(self.url).netloc, "x-amz-content-sha256": content, "x-amz-date": when, **dict(headers)}
        names = sorted(signed)
        request = "\n".join([method, path, asked, *(f"{name}:{signed[name]}" for name in names), "", ";".join(names), content])
        scope = f"{when[:8]}/{self.region}/s3/aws4_request"
        who = f"{self.key('username')}/{scope}"
        told = f"AWS4-HMAC-SHA256 Credential={who}, SignedHeaders={';'.join(names)}, Signature={self.signature(request, scope, when)}"
        target = self.url + path + ("?" + asked if asked else "")
        said = {**signed, "Authorization": told, **({"Content-Length": str(length)} if length else {})}
        whole = urllib.request.Request(target, data=body or None, method=method, headers=said)
        return urllib.request.urlopen(whole, timeout=60, context=self.trust if self.url.startswith("https:") else None)

    def objects(self, bucket, prefix):
        """Every object below a prefix as it is now: (key, etag, when, bytes)."""
        after = []
        while True:
            page = tree(self.ask("GET", bucket, query=[("list-type", "2"), ("prefix", prefix), *after]))
            for node in page.iter("Contents"):
                yield node.findtext("Key"), node.findtext("ETag"), moment(node.findtext("LastModified")), int(node.findtext("Size"))
            if page.findtext("IsTruncated") != "true":
                return
            after = [("continuation-token", page.findtext("NextContinuationToken"))]

    def versions(self, bucket, prefix):
        """Every version of every object below a prefix, newest first for each key: (key, version, when, bytes), bytes None where it was deleted."""
        after = []
        while True:
            page = tree(self.ask("GET", bucket, query=[("versions", ""), ("prefix", prefix), *after]))
            for node in page:
                if node.tag in ("Version", "DeleteMarker"):
                    size = int(node.findtext("Size")) if node.tag == "Version" else None
                    yield node.findtext("Key"), node.findtext("VersionId"), moment(node.findtext("LastModified")), size
            if page.findtext("IsTruncated") != "true":
                return
            after = [("key-marker", page.findtext("NextKeyMarker")), ("version-id-marker", page.findtext("NextVersionIdMarker"))]

    def copy(self, bucket, key, version, to_bucket, to_key):
        source = quoted(f"/{bucket}/{key}", "/") + (f"?versionId={version}" if version else "")
        made = tree(self.ask("PUT", to_bucket, to_key, headers=[("x-amz-copy-source", source)]))
        # A copy that fails on the way says so in an answer that is otherwise fine.
        if made.tag == "Error":
            raise OSError(f"{bucket}/{key} cannot be copied: {made.findtext('Message')}")

    def digest(self, bucket, key, version=""):
        with self.ask("GET", bucket, key, query=[("versionId", version)] if version else []) as answer:
            return number(answer)

    def put(self, bucket, key, path):
        """A file as it is, in one request, which holds 5 GiB at most."""
        with path.open("rb") as file:
            content = number(file)
            file.seek(0)
            self.ask("PUT", bucket, key, body=file, content=content, length=path.stat().st_size).read()

    def remove(self, bucket, prefix):
        """Everything below a prefix, with all its versions."""
        for key, version, _, _ in list(self.versions(bucket, prefix)):
            self.ask("DELETE", bucket, key, query=[("versionId", version)]).read()
