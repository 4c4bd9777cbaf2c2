"""Certificates of a running project: certificates.py VERB FOLDER PROJECT

  lay        FOLDER/conformance.yaml mounts certificates and keys as a kubelet does: a folder, in which they change all at once
  shown      each server shows the one that lies with the secrets, to who knows its name and the authority
  refuses    none of them answers who comes without TLS
  changes    new ones lie where the old ones did: all servers show them, none was started again, and who was inside stays
  failover   without the cache that is written to another takes its place, and the old one follows it"""
import os, shutil, socket, ssl, subprocess, sys, time, yaml
import data
from engine import PLAIN, answer, docker, end, sealed, within
from project import containers, folder, running, service, verb

# Where each kind of server listens, and what its protocol says before TLS begins.
PORTS = {"postgresql": 5432, "valkey-sentinel": 26379, "valkey": 6379, "object-store": 9000}
HELLO = {5432: PLAIN, 6379: b"PING\r\n", 26379: b"PING\r\n", 9000: b"GET / HTTP/1.0\r\n\r\n"}
NO = {5432: b"no encryption", 6379: b"", 26379: b"", 9000: b"HTTP request to an HTTPS server"}


def secret_of(source):
    """The secret and key that a file of a compose file is of, where that is a certificate."""
    name, key = source.rsplit("-", 1)
    return (name, key) if name.endswith("-tls") else None


def fill(place, name, one, files):
    """One version of a volume, and the link that leads to it replaced in one step."""
    version = place / f"..{time.time_ns()}"
    for source, target in files:
        path = version / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "secrets" / source, path)
        path.chmod(0o440)
        os.chown(path, *map(int, one["user"].split(":")))
    new = place / "..new"
    new.symlink_to(version.name)
    new.rename(place / "..data")
    for entry in version.iterdir():
        if not (place / entry.name).is_symlink():
            (place / entry.name).symlink_to(f"..data/{entry.name}")


def volumes():
    """Each service with each certificate that it reads: its place here, its path there, its files."""
    services = yaml.safe_load((folder / "docker-compose.yaml").read_text())["services"]
    for name, one in services.items():
        read = {}
        for entry in one.get("secrets", []):
            if found := secret_of(entry["source"]):
                root = f"/etc/secrets/{found[0]}"
                read.setdefault(root, []).append((entry["source"], entry["target"].removeprefix(root + "/")))
        for root, files in read.items():
            yield name, one, folder / "mounts" / name / root.rsplit("/", 1)[1], root, files


def lay():
    path = folder / "conformance.yaml"
    file = yaml.safe_load(path.read_text())
    for name, one, place, root, files in volumes():
        fill(place, name, one, files)
        ours = file["services"][name]
        ours["secrets"] = [entry for entry in ours["secrets"] if not secret_of(entry["source"])]
        ours.setdefault("volumes", []).append({"type": "bind", "source": str(place), "target": root, "read_only": True})
    path.write_text(yaml.safe_dump(file, sort_keys=False))
    return []


def servers():
    """Every running program that has a key: its container, its port, the name of its secret."""
    found = []
    keys = {name: root.rsplit("/", 1)[1] for name, _, _, root, files in volumes() if any(source.endswith("-tls.key") for source, _ in files)}
    for c in running(lambda c: service(c) in keys):
        port = next(port for kind, port in PORTS.items() if service(c).startswith(kind))
        found.append((c, port, keys[service(c)]))
    return found


def reach(container, port):
    address = next(one["IPAddress"] for one in container["NetworkSettings"]["Networks"].values() if one["IPAddress"])
    return socket.create_connection((address, port), timeout=10)


def over_tls(container, port):
    return sealed(reach(container, port), folder / "secrets" / "authority.crt", service(container), postgresql=port == 5432)


def shown():
    found, faults = servers(), []
    for container, port, secret in found:
        lies = ssl.PEM_cert_to_DER_cert((folder / "secrets" / f"{secret}-tls.crt").read_text())
        try:
            with over_tls(container, port) as there:
                if there.getpeercert(binary_form=True) != lies:
                    faults.append(f"{service(container)} shows another certificate than the one that lies there")
        except OSError as error:
            faults.append(f"{service(container)}: {error}")
    return faults or ([] if len(found) == 11 else [f"{len(found)} servers have a key, and 11 should"])


def refuses():
    faults = []
    for container, port, _ in servers():
        with reach(container, port) as there:
            said = answer(there, HELLO[port])
        if NO[port] not in said or said[:1] in (b"+", b"-"):
            faults.append(f"{service(container)} says {said!r} to who comes without TLS")
    return faults


def inside():
    """Somebody who is in the database, and stays."""
    [(database, port, _)] = [found for found in servers() if found[1] == 5432]
    connect = 'PGPASSWORD=$(cat /etc/secrets/postgresql-owner/password) exec psql "host=127.0.0.1 user=prefect dbname=prefect sslmode=require" -qtA'
    return subprocess.Popen(["docker", "exec", "-i", database["Id"], "/bin/sh", "-c", connect], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def changes():
    guest, before = inside(), {c["Id"]: c["State"]["StartedAt"] for c in containers()}
    said = subprocess.run(sys.argv[4:], capture_output=True, text=True)
    if said.returncode:
        return [said.stdout + said.stderr]
    if not shown():
        return ["the new certificates are the old ones"]
    for name, one, place, _, files in volumes():
        fill(place, name, one, files)
    faults = within(120, shown)
    guest.stdin.write("select 'still ' || 'here';\n")
    told, _ = guest.communicate(timeout=20)
    faults += [] if told.strip() == "still here" else [f"who was in the database hears {told!r}"]
    after = {c["Id"]: c["State"]["StartedAt"] for c in containers()}
    return faults + ([] if after == before else [f"containers were started again: {set(after.items()) ^ set(before.items())}"])


def role(container):
    said = docker("exec", container["Id"], "/bin/sh", "-c", data.ASK, "-", "INFO", "replication", check=False).stdout
    return next((line.removeprefix("role:") for line in said.split() if line.startswith("role:")), "")


def caches():
    return {service(c): c for c, port, _ in servers() if port == 6379}


def failover():
    primary = [name for name, c in caches().items() if role(c) == "master"]
    if len(primary) != 1:
        return [f"{primary} are written to"]
    lost = caches()[primary[0]]["Id"]
    docker("kill", lost)
    faults = within(60, lambda: [] if "master" in map(role, caches().values()) else ["nobody takes the place of the cache that is gone"])
    docker("start", lost)
    follows = lambda: [] if sorted(map(role, caches().values())) == ["master", "slave", "slave"] and role(caches()[primary[0]]) == "slave" else ["the old one does not follow"]
    return faults + within(90, follows)


end({"lay": lay, "shown": shown, "refuses": refuses, "changes": changes, "failover": failover}[verb]())
