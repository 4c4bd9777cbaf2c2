"""Stands in for CloudNativePG and its plugin where they are not: what is asked for as a Cluster is restored, from the base backup and the
log, into a real PostgreSQL. plays.py KUBECONFIG ROOT ADDRESS FAULTS: /backup and /archive lie in ROOT; FAULTS is a file whose word
makes it do something wrong."""
import pathlib, shutil, subprocess, sys, time

sys.path.append(str(pathlib.Path(__file__).parent.parent / "kubernetes"))
from api import Server

server, root, address, faults = Server(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], pathlib.Path(sys.argv[4])
CLUSTERS = "/apis/postgresql.cnpg.io/v1/namespaces/drill-prod/clusters"
STORES = "/apis/barmancloud.cnpg.io/v1/namespaces/{}/objectstores"
PODS = "/api/v1/namespaces/drill-prod/pods"
DATA = root / "restored"
BIN = "/usr/lib/postgresql/18/bin"


def inside(*words, check=True):
    return subprocess.run(["chroot", "--userspec=26:26", root, *words], check=check, capture_output=True, text=True)


def source_of(cluster):
    """Where the backups are that it is to be made of; they must be those of the database that runs."""
    spec = cluster["spec"]
    origin = next(each for each in spec["externalClusters"] if each["name"] == spec["bootstrap"]["recovery"]["source"])
    told = origin["plugin"]["parameters"]
    assert told["serverName"] == "postgresql", told
    wanted = server.call("GET", f"{STORES.format('drill-prod')}/{told['barmanObjectName']}")[1]["spec"]["configuration"]
    real = server.call("GET", f"{STORES.format('prefect-prod')}/postgresql")[1]["spec"]["configuration"]
    assert wanted["destinationPath"] == real["destinationPath"] and wanted["endpointURL"] == real["endpointURL"], (wanted, real)
    assert "plugins" not in spec, "it would archive into the backups of another"


def restore(name, cluster):
    source_of(cluster)
    shutil.copytree(root / "backup", DATA)
    subprocess.run(["chown", "-R", "26:26", DATA], check=True)
    DATA.chmod(0o700)
    (DATA / "recovery.signal").touch()
    with (DATA / "postgresql.auto.conf").open("a") as conf:
        conf.write(f"restore_command = 'cp /archive/%f %p'\narchive_mode = off\nlisten_addresses = '{address}'\n")
    inside(f"{BIN}/pg_ctl", "-D", "/restored", "-l", "/tmp/restored.log", "-w", "-t", "120", "start")
    while inside("psql", "-h", "/sockets", "-Atc", "SELECT pg_is_in_recovery()", "prefect", check=False).stdout.strip() != "f":
        time.sleep(0.2)
    if faults.read_text().strip() == "loses":
        inside("psql", "-h", "/sockets", "-c", "DROP TABLE flow", "prefect")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{name}-1", "labels": {"cnpg.io/cluster": name}},
           "spec": {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}, "containers": [
               {"name": "postgres", "image": cluster["spec"]["imageName"], "resources": cluster["spec"]["resources"],
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}]}}
    said(server.call("POST", PODS, pod))
    patch(f"{PODS}/{name}-1/status", {"status": {"podIP": address, "podIPs": [{"ip": address}]}})
    patch(f"{CLUSTERS}/{name}/status", {"status": {"conditions": [
        {"type": "Ready", "status": "True", "reason": "ClusterIsReady", "message": "ready", "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}]}})


def patch(path, body):
    said(server.call("PATCH", path, body, "application/merge-patch+json"))


def said(answer):
    status, body, _ = answer
    assert status < 300, body


def remove(name):
    inside(f"{BIN}/pg_ctl", "-D", "/restored", "-m", "immediate", "-w", "stop", check=False)
    shutil.rmtree(DATA)
    server.call("DELETE", f"{PODS}/{name}-1?gracePeriodSeconds=0")


running = None
while True:
    clusters = {each["metadata"]["name"]: each for each in server.call("GET", CLUSTERS)[1].get("items", [])}
    if running and running not in clusters:
        remove(running)
        running = None
    if clusters and not running and faults.read_text().strip() != "sleeps":
        running = next(iter(clusters))
        restore(running, clusters[running])
    time.sleep(0.3)
