"""PostgreSQL and PgBouncer as CloudNativePG sets them up, in containers: pooler.py OUTPUT OPERAND FOLDER

OUTPUT is an output with a Cluster and a Pooler, OPERAND the program of operand.go. The Job that makes Prefect's tables runs as it was
made, under the names that it asks for; nobody gets in without TLS; a certificate changes below both, and nobody is sent away."""
import os, pathlib, re, shutil, socket, ssl, subprocess, sys, yaml
from engine import PLAIN, answer, docker, end, sealed, within

output, operand, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
network, faults = "conformance-pooler", []
BIN, OWNER, SECRET = "/usr/lib/postgresql/18/bin", "prefect", "it's a 'secret' %40"


def find(kind, name):
    [found] = [(d, path) for path in pathlib.Path(output).rglob("*.yaml") for d in [yaml.safe_load(path.read_text())]
               if isinstance(d, dict) and d.get("kind") == kind and d["metadata"]["name"] == name]
    return found


def expect(holds, what):
    if not holds:
        faults.append(what)


def run(name, image, user, mounts, words, aliases=(), env=(), flags=("--detach",)):
    shares = [part for place, path in mounts for part in ("--volume", f"{place}:{path}")]
    names = [part for alias in aliases for part in ("--network-alias", alias)]
    values = [part for pair in env for part in ("--env", pair)]
    return docker("run", *flags, "--name", f"{network}-{name}", "--network", network, "--user", user, *shares, *names, *values, "--entrypoint", words[0], image, *words[1:], check="--detach" in flags)


def gone():
    for name in ("server", "pooler", "migrate"):
        docker("rm", "--force", "--volumes", f"{network}-{name}", check=False)
    docker("network", "rm", network, check=False)


def certify():
    """Both get their files, with a certificate that is new at each call."""
    names = find("Certificate", "postgresql-tls")[0]["spec"]["dnsNames"]
    subprocess.run([operand, find("Cluster", "postgresql")[1], find("Pooler", "postgresql-pooler")[1], ",".join(names), folder], check=True)
    for part, user in (("server", 26), ("pooler", 998)):
        for path in (folder / part, *(folder / part).rglob("*")):
            os.chown(path, user, user)


def sql(text, database="postgres"):
    return docker("exec", "--interactive", f"{network}-server", f"{BIN}/psql", "-h", "/controller/run", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-qtA", stdin=text).stdout.strip()


def until(what, holds):
    if within(60, lambda: not holds(), step=0.3):
        sys.exit(f"{what}: {docker('logs', f'{network}-server', check=False).stderr[-2000:]} {docker('logs', f'{network}-pooler', check=False).stderr[-2000:]}")


def server_up(image):
    for path in ("run", "log", "tmp", "data"):
        (folder / "server/controller" / path).mkdir(parents=True, exist_ok=True)
    certify()
    home = folder / "server/controller"
    (home / "data").chmod(0o700)
    script = (f"{BIN}/initdb -D /controller/data -U postgres --data-checksums >/dev/null && cp /controller/said/pg_*.conf /controller/data/ && "
              f"echo \"include 'custom.conf'\" >>/controller/data/postgresql.conf && cp /controller/said/custom.conf /controller/data/ && exec {BIN}/postgres -D /controller/data")
    spec = find("Cluster", "postgresql")[0]["metadata"]
    run("server", image, "26:26", [(home, "/controller")], ["/bin/sh", "-c", script], ["postgresql-rw", f"postgresql-rw.{spec['namespace']}.svc.cluster.local"])
    until("PostgreSQL", lambda: docker("exec", f"{network}-server", f"{BIN}/pg_isready", "-h", "/controller/run", check=False).returncode == 0)
    quoted = SECRET.replace("'", "''")
    # As the operator's instance manager does.
    sql(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{quoted}'; CREATE ROLE cnpg_pooler_pgbouncer LOGIN;"
        "CREATE FUNCTION public.user_search(uname text) RETURNS TABLE (usename name, passwd text) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS "
        "'SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename=$1;'; REVOKE ALL ON FUNCTION public.user_search(text) FROM public;"
        "GRANT EXECUTE ON FUNCTION public.user_search(text) TO cnpg_pooler_pgbouncer;")
    sql(f"CREATE DATABASE prefect OWNER {OWNER}")


def pooler_up():
    pooler = find("Pooler", "postgresql-pooler")[0]
    (folder / "pooler/controller/run").mkdir(exist_ok=True)
    os.chown(folder / "pooler/controller/run", 998, 998)
    name, [container] = pooler["metadata"]["name"], pooler["spec"]["template"]["spec"]["containers"]
    run("pooler", container["image"].split("@")[0], "998:998", [(folder / "pooler/controller", "/controller")],
        ["pgbouncer", "/controller/configs/pgbouncer.ini"], [name, f"{name}.{pooler['metadata']['namespace']}.svc.cluster.local"])
    until("PgBouncer", lambda: (folder / "pooler/controller/run/.s.PGSQL.5432").exists())


def migrate():
    """The Job, as it was made."""
    pod = find("Job", "prefect-migrate")[0]["spec"]["template"]["spec"]
    [container], trusted = pod["containers"], folder / "trusted"
    trusted.mkdir(exist_ok=True)
    shutil.copy(folder / "servers.crt", trusted / "ca.crt")
    (trusted / "ca.crt").chmod(0o444)
    env = [f"{one['name']}={one.get('value', SECRET)}" for one in container["env"]]
    user = pod["securityContext"]["runAsUser"]
    scratch = [part for mount in container["volumeMounts"] if mount["name"].startswith("scratch") for part in ("--tmpfs", f"{mount['mountPath']}:uid={user}")]
    return run("migrate", container["image"].split("@")[0], f"{user}:{user}", [(trusted, "/etc/secrets/postgresql-tls")],
               [*container["command"], *container["args"]], env=env, flags=("--rm", "--read-only", *scratch))


def address(name):
    return docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", f"{network}-{name}").stdout.strip()


def reach(name):
    return socket.create_connection((address(name), 5432), timeout=10)


def shown(name):
    """The certificate that one shows, to who knows the authority and the name."""
    host = {"server": "postgresql-rw", "pooler": "postgresql-pooler"}[name]
    namespace = find("Cluster", "postgresql")[0]["metadata"]["namespace"]
    with sealed(reach(name), folder / "servers.crt", f"{host}.{namespace}.svc.cluster.local", postgresql=True) as there:
        return there.getpeercert(binary_form=True)


def plain(name):
    with reach(name) as there:
        return answer(there, PLAIN)


def changed():
    before = {name: shown(name) for name in ("server", "pooler")}
    started = docker("inspect", "--format", "{{.State.StartedAt}}", f"{network}-server", f"{network}-pooler").stdout
    certify()
    lies = ssl.PEM_cert_to_DER_cert((folder / "server/controller/certificates/server.crt").read_text())
    expect(lies not in before.values(), "the new certificate is the old one")
    # As the instance managers do when a secret has changed.
    docker("kill", "--signal", "HUP", f"{network}-server", f"{network}-pooler")
    until("the new certificate", lambda: all(shown(name) == lies for name in before))
    expect(docker("inspect", "--format", "{{.State.StartedAt}}", f"{network}-server", f"{network}-pooler").stdout == started, "one of them was started again")


gone()
docker("network", "create", "--internal", network)
try:
    server_up(find("Cluster", "postgresql")[0]["spec"]["imageName"].split("@")[0])
    pooler_up()
    said = migrate()
    expect(said.returncode == 0, f"Prefect's tables are not made: {said.stdout[-1500:]}{said.stderr[-1500:]}")
    expect(int(sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "prefect")) > 20, "there are no tables")
    expect(b"no encryption" in plain("server"), f"the server says {plain('server')} to who comes without TLS")
    expect(b"SSL required" in plain("pooler"), f"the pooler says {plain('pooler')} to who comes without TLS")
    inside = sql("SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL")
    expect(re.fullmatch(r"[1-9]\d*\|0", inside), f"of the pooler's connections with and without TLS there are {inside}")
    changed()
    said = migrate()
    expect(said.returncode == 0, f"with the new certificate Prefect does not get in: {said.stdout[-1500:]}{said.stderr[-1500:]}")
finally:
    gone()
end(faults)
