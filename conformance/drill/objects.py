"""What lies in the store of a drill: objects.py VERB OUTPUT SECRETS URL [WORD…], with the drill's own words for S3."""
import json, os, pathlib, sys, time
from stores import refused, store, versions, words

verb, output, secrets, url = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4]
who = "drill-store" if verb == "rights" else "object-store-root"
STORE = store(words(output / "drill-prod/drill-objects-configmap.yaml"), "S3", url, secrets, who)


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
    versions(STORE, "gold", "Suspended")


def rights():
    assert STORE.ask("GET", "backups", "postgresql/base/1").read() == b"a backup"
    assert len(list(STORE.versions("gold", "year=2026/"))) > 40
    for bucket in ("gold", "backups"):
        refused(STORE, "PUT", bucket, "year=2026/part 00.parquet", body=b"mine")
        refused(STORE, "DELETE", bucket, "postgresql/base/1")
    refused(STORE, "PUT", "another")


{"plant": plant, "found": found, "spoil": spoil, "suspend": suspend, "rights": rights}[verb](*sys.argv[5:])
