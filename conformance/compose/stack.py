"""Asks an engine about a project that `docker compose up` has started: stack.py VERB FOLDER PROJECT

  prepare    writes FOLDER/conformance.yaml: no digests where LOCAL says that images were made here, no more processors than there are
  steady     everything runs since its first start and is healthy, or has ended with 0
  green      each healthcheck, asked by hand, is green
  targets    Prometheus, where there is one, reaches each of its targets and evaluates each of its rules
  flows      a flow runs through each pool
  backup     the user for backups may write its backups and no more
  write      a row, an object and a key are written
  restart    each container, one after another, is itself again
  kept       what was written is there
  gone       nothing is left"""
import json, os, pathlib, subprocess, sys, time, yaml

verb, folder, project = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
here = pathlib.Path(__file__).parent


def docker(*words, stdin=None, check=True):
    said = subprocess.run(["docker", *words], input=stdin, capture_output=True, text=True)
    if check and said.returncode:
        sys.exit(f"docker {' '.join(words)[:300]}: {said.stdout[-1500:]}{said.stderr[-1500:]}")
    return said


def containers():
    """What the engine says of each container of the project, by service."""
    ids = docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={project}").stdout.split()
    return json.loads(docker("inspect", *ids).stdout) if ids else []


def service(container):
    return container["Config"]["Labels"]["com.docker.compose.service"]


def running(part):
    return [c for c in containers() if c["State"]["Running"] and c["Config"]["Labels"].get("lakegen.dev/component") and part(c)]


def prepare():
    file = yaml.safe_load((folder / "docker-compose.yaml").read_text())
    for one in file["services"].values():
        if os.environ.get("LOCAL"):
            one["image"] = one["image"].split("@")[0]
        limits = one.get("deploy", {}).get("resources", {}).get("limits", {})
        if "cpus" in limits:
            limits["cpus"] = str(min(float(limits["cpus"]), os.cpu_count()))
    (folder / "conformance.yaml").write_text(yaml.safe_dump(file, sort_keys=False))
    return []


def well(state):
    return state["Running"] and state.get("Health", {"Status": "healthy"})["Status"] == "healthy"


def steady():
    faults, seen = [], containers()
    wanted = yaml.safe_load((folder / "conformance.yaml").read_text())["services"]
    for name, one in wanted.items():
        mine, number = [c for c in seen if service(c) == name], one.get("deploy", {}).get("replicas", 1)
        if len(mine) != number:
            faults.append(f"{name}: {len(mine)} containers of {number}")
        for c in mine:
            state, ends = c["State"], one.get("restart") != "unless-stopped"
            if c["RestartCount"] or state["OOMKilled"]:
                faults.append(f"{c['Name']} was started again {c['RestartCount']} times, out of memory: {state['OOMKilled']}")
            if ends and (state["Running"] or state["ExitCode"]) or not ends and not well(state):
                faults.append(f"{c['Name']}: {state['Status']}, ended with {state['ExitCode']}, {state.get('Health', {}).get('Status')}")
    return faults or ([] if seen else ["there are no containers"])


def green():
    faults, asked = [], 0
    for c in containers():
        test = (c["Config"].get("Healthcheck") or {}).get("Test", [])
        if test and test[0] != "NONE":
            asked += 1
            said = docker("exec", c["Id"], *(test[1:] if test[0] == "CMD" else ["/bin/sh", "-c", test[1]]), check=False)
            faults += [f"{c['Name']}: {said.returncode} {said.stdout}{said.stderr}"] if said.returncode else []
    return faults or ([] if asked else ["there are no healthchecks"])


def targets():
    found = running(lambda c: c["Config"]["Image"].split(":")[0] == "prom/prometheus")
    return [line for c in found for line in unreached(c["Id"])] or ([] if found or "prom/prometheus" not in (folder / "docker-compose.yaml").read_text() else ["Prometheus does not run"])


def unreached(container):
    """What is still wrong after two rounds of questions."""
    def get(path):
        return json.loads(docker("exec", container, "wget", "-q", "-O", "-", f"http://127.0.0.1:9090/api/v1/{path}").stdout)["data"]

    end = time.monotonic() + 100
    while True:
        seen = get("targets")["activeTargets"]
        left = [f"{one['scrapeUrl']} is {one['health']}: {one['lastError']}" for one in seen if one["health"] != "up"]
        rules = [rule for group in get("rules")["groups"] for rule in group["rules"]]
        left += [f"{rule['name']} is {rule['health']}: {rule.get('lastError')}" for rule in rules if rule["health"] != "ok"]
        left += [] if seen and rules else ["it has no targets or no rules"]
        if not left or time.monotonic() > end:
            return left
        time.sleep(2)


def workers():
    """The containers of each pool."""
    found = {}
    for c in running(lambda c: "--pool" in (c["Config"]["Cmd"] or [])):
        words = c["Config"]["Cmd"]
        found.setdefault(words[words.index("--pool") + 1], []).append(c["Id"])
    return found


def python(container, program, *words, **env):
    """A program of ours in a worker's container, with the secrets of its platform."""
    flags = [word for name, value in env.items() for word in ("-e", f"{name}={value}")]
    said = docker("exec", "-i", *flags, container, "/bin/sh", "/etc/lakehouse/client.sh", "python", "-", *words, stdin=program, check=False)
    return [] if said.returncode == 0 else [f"{said.stdout[-3000:]}{said.stderr[-3000:]}"]


def secret(name):
    return (folder / "secrets" / name).read_text()


def as_user(name):
    return {"AWS_ACCESS_KEY_ID": secret(f"object-store-{name}-username"), "AWS_SECRET_ACCESS_KEY": secret(f"object-store-{name}-password")}


def flows():
    pools, program = workers(), (here / "moves.py").read_text()
    for ids in pools.values():
        for one in ids:
            docker("exec", "-i", one, "/bin/sh", "-c", "cat > /tmp/moves.py", stdin=program)
    return python(next(iter(pools.values()))[0], (here / "run-flows.py").read_text(), *pools) if pools else ["there are no workers"]


def s3(*words, user="client"):
    return python(next(iter(workers().values()))[0], (here / "moves.py").read_text(), *words, **as_user(user))


def sql(text):
    [database] = running(lambda c: "POSTGRES_DB" in str(c["Config"]["Env"]))
    return docker("exec", database["Id"], "psql", "-U", "prefect", "-d", "prefect", "-tAc", text).stdout.strip()


def cache(*words):
    """The answers of all caches: followers refuse to write."""
    ask = 'exec valkey-cli --user "$(cat /etc/secrets/valkey-client/username)" --pass "$(cat /etc/secrets/valkey-client/password)" --no-auth-warning "$@"'
    found = running(lambda c: service(c).startswith("valkey") and service(c).removeprefix("valkey").strip("-0123456789") == "")
    return [docker("exec", c["Id"], "/bin/sh", "-c", ask, "-", *words, check=False).stdout.strip() for c in found]


def write():
    sql("create table conformance (word text); insert into conformance values ('kept')")
    said = cache("SET", "conformance", "kept")
    return s3("put", "kept", "kept") + ([] if "OK" in said else [f"no cache takes a key: {said}"])


def kept():
    row, keys = sql("select word from conformance"), cache("GET", "conformance")
    return s3("get", "kept", "kept") + ([] if row == "kept" else [f"the row is {row!r}"]) + ([] if "kept" in keys else [f"the key is {keys}"])


def restart():
    faults = []
    for c in running(lambda c: True):
        docker("restart", c["Id"])
        end = time.monotonic() + 150
        while not well(state := json.loads(docker("inspect", c["Id"]).stdout)[0]["State"]) and time.monotonic() < end:
            time.sleep(0.5)
        if not well(state):
            faults.append(f"{c['Name']} is not well after its restart: {state}")
    return faults


def gone():
    label = f"label=com.docker.compose.project={project}"
    kinds = (("ps", "--all", "--quiet"), ("network", "ls", "--quiet"), ("volume", "ls", "--quiet"))
    return [f"{' '.join(words)}: {left}" for words in kinds if (left := docker(*words, "--filter", label).stdout.split())]


verbs = {"prepare": prepare, "steady": steady, "green": green, "targets": targets, "flows": flows, "backup": lambda: s3("backup", user="backup"),
         "write": write, "restart": restart, "kept": kept, "gone": gone}
faults = verbs[verb]()
print("\n".join(faults))
sys.exit(1 if faults else 0)
