"""Whether what is dear is in the other store, too: replication.py VERB OUTPUT SECRETS HERE THERE METRICS, with the copier's own words for S3."""
import os, pathlib, sys, tempfile, time, urllib.error, urllib.request, yaml

verb, output, secrets, here, there, metrics = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), *sys.argv[4:7]
work = pathlib.Path(tempfile.mkdtemp())
maps = yaml.safe_load((output / "replication-prod/replication-copier-configmap.yaml").read_text())["data"]
(work / "s3.py").write_text(maps["etc-lakehouse-s3.py"])
for name, url, secret in (("HERE", here, "object-store-root"), ("THERE", there, "replication-elsewhere"), ("READER", here, "replication-store")):
    for key in ("username", "password"):
        (work / name).mkdir(exist_ok=True)
        (work / name / key).write_text((secrets / f"{secret}-{key}").read_text())
    os.environ.update({f"{name}_URL": url, f"{name}_REGION": "us-east-1", f"{name}_KEYS": str(work / name)})
sys.path.append(str(work))
import s3

HERE, THERE, READER = s3.Store("HERE"), s3.Store("THERE"), s3.Store("READER")
LARGE = "year=2026/large & whole.parquet"


def told(name, place="gold/"):
    text = urllib.request.urlopen(metrics, timeout=10).read().decode()
    (value,) = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(f'lakehouse_replication_{name}{{prefix="{place}"}}')]
    return float(value)


def until(what, holds, seconds=40):
    end = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except OSError:
            pass
        assert time.monotonic() < end, what
        time.sleep(0.5)


def same():
    """All that is here is there, byte by byte."""
    for bucket in ("bronze", "silver", "gold"):
        for key, _, _, size in HERE.objects(bucket, ""):
            assert HERE.digest(bucket, key) == THERE.digest("replica", f"{bucket}/{key}"), key


def plant():
    HERE.ask("PUT", "gold", LARGE, body=os.urandom(12 << 20)).read()
    HERE.ask("PUT", "gold", "a-b", body=b"before").read()
    HERE.ask("PUT", "gold", "a/b", body=b"a folder's").read()
    HERE.ask("PUT", "silver", "ümläut + sign", body=b"names").read()
    THERE.ask("PUT", "replica").read()
    body = b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>'
    THERE.ask("PUT", "replica", query=[("versioning", "")], body=body).read()


def first():
    now = time.time()
    until("all is copied", lambda: told("copied_until_timestamp_seconds") > now)
    same()
    assert told("objects_total") >= 41 and told("bytes_total") > 12 << 20, "what was copied is told"


def on():
    """What is new follows, what is written over with as many bytes, too, and what is deleted stays there."""
    HERE.ask("PUT", "gold", "a-b", body=b"behind").read()
    HERE.ask("PUT", "gold", LARGE, body=os.urandom(12 << 20)).read()
    HERE.ask("DELETE", "gold", "a/b").read()
    HERE.ask("PUT", "bronze", "new", body=b"new").read()
    now = time.time()
    until("what is new follows", lambda: min(told("copied_until_timestamp_seconds", f"{bucket}/") for bucket in ("bronze", "gold")) > now)
    same()
    assert THERE.ask("GET", "replica", "gold/a/b").read() == b"a folder's"
    uploads = s3.tree(THERE.ask("GET", "replica", query=[("uploads", "")])).findall("Upload")
    assert not uploads, "no upload is left half done"


def cut():
    """Nobody is there: the moment stands still, and failures are told."""
    before = told("failures_total")
    until("failures are told", lambda: told("failures_total") > before)
    still = told("copied_until_timestamp_seconds")
    time.sleep(4)
    assert told("copied_until_timestamp_seconds") == still


def back():
    now = time.time()
    until("it goes on by itself", lambda: told("copied_until_timestamp_seconds") > now)
    same()


def again():
    """A new copier finds that all is there, and copies nothing."""
    until("it looked", lambda: told("copied_until_timestamp_seconds") > 0)
    assert [told("objects_total", f"{bucket}/") for bucket in ("bronze", "silver", "gold")] == [0, 0, 0]


def rights():
    assert READER.ask("GET", "gold", "a-b").read() == b"behind"
    for method, bucket in (("PUT", "gold"), ("DELETE", "gold"), ("GET", "backups")):
        try:
            READER.ask(method, bucket, "a-b").read()
        except urllib.error.HTTPError as error:
            assert error.code == 403, error
            continue
        raise AssertionError(f"{method} in {bucket} was not refused")


{"plant": plant, "first": first, "on": on, "cut": cut, "back": back, "again": again, "rights": rights}[verb]()
