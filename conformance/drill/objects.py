"""What lies in the store of a drill: objects.py VERB OUTPUT SECRETS URL [WORD…], with the drill's own words for S3."""
import json, os, pathlib, sys, tempfile, time, urllib.error, yaml

verb, output, secrets, url = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4]
work = pathlib.Path(tempfile.mkdtemp())
maps = yaml.safe_load((output / "drill-prod/drill-objects-configmap.yaml").read_text())["data"]
(work / "s3.py").write_text(maps["etc-lakehouse-s3.py"])
who = "drill-store" if verb == "rights" else "object-store-root"
for key in ("username", "password"):
    (work / key).write_text((secrets / f"{who}-{key}").read_text())
os.environ.update(S3_URL=url, S3_REGION="us-east-1", S3_KEYS=str(work))
sys.path.append(str(work))
import s3

STORE = s3.Store("S3")


def plant():
    """Some objects, a few of them written over or deleted since."""
    for number in range(40):
        STORE.ask("PUT", "gold", f"year=2026/part {number:02}.parquet", body=os.urandom(20000)).read()
    for number in range(5):
        STORE.ask("PUT", "gold", f"year=2026/part {number:02}.parquet", body=os.urandom(1000)).read()
    STORE.ask("DELETE", "gold", "year=2026/part 39.parquet").read()
    STORE.ask("PUT", "backups", "postgresql/base/1", body=b"a backup").read()


def found(drill, verdict):
    known = json.load(STORE.ask("GET", "drills", f"results/{drill}.json"))
    print(known)
    assert known["success"] == (verdict == "good")
    assert 0 < known["last_success"] <= time.time() and known["last_success"] <= known["last_run"]
    assert (known["last_success"] == known["last_run"]) == (verdict == "good")
    assert 0 <= known["recovery_point"] <= 60 and known["recovery_time"] > 0
    assert known["checked"] >= (25000 if drill == "database" else 40), known["checked"]
    left = [key for key, _, _, size in STORE.versions("drills", "") if not key.startswith(("results/", "copies/"))]
    assert not left, left


def spoil():
    """What is kept of the newest copy is half of it."""
    newest = max(key for key, _, _, _ in STORE.versions("drills", "copies/") if not key.endswith(".json"))
    whole = STORE.ask("GET", "drills", newest).read()
    STORE.ask("PUT", "drills", newest, body=whole[: len(whole) // 2]).read()


def suspend():
    body = b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Suspended</Status></VersioningConfiguration>'
    STORE.ask("PUT", "gold", query=[("versioning", "")], body=body).read()


def refused(*words, **more):
    try:
        STORE.ask(*words, **more).read()
    except urllib.error.HTTPError as error:
        assert error.code == 403, error
        return
    raise AssertionError(f"{words} was not refused")


def rights():
    assert STORE.ask("GET", "backups", "postgresql/base/1").read() == b"a backup"
    assert len(list(STORE.versions("gold", "year=2026/"))) > 40
    for bucket in ("gold", "backups"):
        refused("PUT", bucket, "year=2026/part 00.parquet", body=b"mine")
        refused("DELETE", bucket, "postgresql/base/1")
    refused("PUT", "another")


{"plant": plant, "found": found, "spoil": spoil, "suspend": suspend, "rights": rights}[verb](*sys.argv[5:])
