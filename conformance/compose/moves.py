"""A flow that moves an object from one bucket to another, as the user that every flow has, and sees that this user may no
more than it must. As a program: moves.py put|get KEY VALUE, the same words without a flow; moves.py backup, as that user."""
import datetime, hashlib, hmac, os, ssl, sys, urllib.error, urllib.parse, urllib.request

ENDPOINT = os.environ["AWS_ENDPOINT_URL_S3"]
TRUST = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))


def s3(method, path, body=b"", copy=None, anonymous=False):
    """(status, body) of a request, signed as AWS Signature Version 4 wants it."""
    host, region = urllib.parse.urlsplit(ENDPOINT).netloc, os.environ["AWS_REGION"]
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now, **({"x-amz-copy-source": copy} if copy else {})}
    signed = ";".join(sorted(headers))
    lines = [method, urllib.parse.quote(path), "", *(f"{name}:{headers[name]}" for name in sorted(headers)), "", signed, digest]
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), "sha256").digest()
    if not anonymous:
        sign = hmac.new(key, text.encode(), "sha256").hexdigest()
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, SignedHeaders={signed}, Signature={sign}"
    request = urllib.request.Request(ENDPOINT + urllib.parse.quote(path), body or None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30, context=TRUST) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


def expect(status, *request, **words):
    got, body = s3(*request, **words)
    if got not in (status if isinstance(status, tuple) else (status,)):
        raise SystemExit(f"{request[:2]} is answered by {got}, not {status}: {body[:300]}")
    return body


def move(name):
    data = os.urandom(1 << 20)
    expect(200, "PUT", f"/bronze/conformance/{name}", data)
    expect(200, "PUT", f"/silver/conformance/{name}", copy=f"/bronze/conformance/{name}")
    expect(204, "DELETE", f"/bronze/conformance/{name}")
    expect(404, "GET", f"/bronze/conformance/{name}")
    if expect(200, "GET", f"/silver/conformance/{name}") != data:
        raise SystemExit("what was moved is not what was written")
    # Short, for a refusal comes before a long body was sent.
    expect(403, "PUT", "/backups/conformance", b"no")
    expect(403, "GET", "/backups/conformance")
    expect(403, "PUT", "/another-bucket")
    expect(403, "DELETE", "/gold")
    expect(403, "GET", f"/silver/conformance/{name}", anonymous=True)


def backup():
    expect(200, "PUT", "/backups/conformance", b"kept")
    expect(200, "GET", "/backups/conformance")
    expect(403, "PUT", "/bronze/conformance/backup", b"")
    expect(403, "GET", "/silver/conformance/kept")


if __name__ == "__main__":
    if sys.argv[1] == "put":
        expect(200, "PUT", f"/silver/conformance/{sys.argv[2]}", sys.argv[3].encode())
    elif sys.argv[1] == "get":
        assert expect(200, "GET", f"/silver/conformance/{sys.argv[2]}").decode() == sys.argv[3]
    else:
        backup()
else:
    from prefect import flow

    @flow(name="moves")
    def moves(name: str):
        move(name)
