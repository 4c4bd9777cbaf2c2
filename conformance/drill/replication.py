"""Whether what is dear is in the other store, too: replication.py VERB OUTPUT SECRETS HERE THERE METRICS, with the copier's own words for S3."""
import os, pathlib, sys, time, urllib.request
from stores import refused, store, versions, words

verb, output, secrets, here, there, metrics = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), *sys.argv[4:7]
s3 = words(output / "replication-prod/replication-copier-configmap.yaml")
HERE, READER = store(s3, "HERE", here, secrets, "object-store-root"), store(s3, "READER", here, secrets, "replication-store")
THERE = store(s3, "THERE", there, secrets, "replication-elsewhere")
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
    versions(THERE, "replica", "Enabled")


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
        refused(READER, method, bucket, "a-b")


{"plant": plant, "first": first, "on": on, "cut": cut, "back": back, "again": again, "rights": rights}[verb]()
