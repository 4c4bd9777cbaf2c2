"""Asks an engine about a project that `docker compose up` has started: stack.py VERB FOLDER PROJECT

  prepare    writes FOLDER/conformance.yaml: no digests where LOCAL says that images were made here, no more processors than there are,
             drives of the object store of the size that DRIVE says
  steady     everything runs since its first start and is healthy, or has ended with 0
  green      each healthcheck, asked by hand, is green
  targets    Prometheus, where there is one, reaches each of its targets and evaluates each of its rules
  queries    it answers each query of a rule and of a panel, and each metric in them is one that somebody gives
  calm       it says that nothing is wrong
  flows      a flow runs through each pool
  backup     the user for backups may write its backups and no more
  write      a row, an object and a key are written
  restart    each container, one after another, is itself again
  kept       what was written is there
  gone       nothing is left"""
import data, json, os, subprocess, sys, tempfile, time, yaml
from engine import docker, end, within
from project import containers, folder, here, project, prometheus, python, running, s3, service, verb, well, workers


def small_drives(file, size):
    """Drives of memory, which a test can fill."""
    for name in file["volumes"]:
        if name.startswith("object-store-"):
            file["volumes"][name] = {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": f"size={size}"}}


def prepare():
    file = yaml.safe_load((folder / "docker-compose.yaml").read_text())
    for one in file["services"].values():
        if os.environ.get("LOCAL"):
            one["image"] = one["image"].split("@")[0]
        limits = one.get("deploy", {}).get("resources", {}).get("limits", {})
        if "cpus" in limits:
            limits["cpus"] = str(min(float(limits["cpus"]), os.cpu_count()))
    if "DRIVE" in os.environ:
        small_drives(file, os.environ["DRIVE"])
    (folder / "conformance.yaml").write_text(yaml.safe_dump(file, sort_keys=False))
    return []


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


def has_prometheus():
    return "prom/prometheus" in (folder / "docker-compose.yaml").read_text()


def targets():
    """What is still wrong after two rounds of questions."""
    def ask():
        seen = prometheus("targets")
        targets = [one for answer in seen for one in answer["activeTargets"]]
        rules = [rule for answer in prometheus("rules") for group in answer["groups"] for rule in group["rules"]]
        left = [f"{one['scrapeUrl']} is {one['health']}: {one['lastError']}" for one in targets if one["health"] != "up"]
        left += [f"{rule['name']} is {rule['health']}: {rule.get('lastError')}" for rule in rules if rule["health"] != "ok"]
        return left + ([] if targets and rules else ["there are no targets or no rules"])

    return within(100, ask) if has_prometheus() else []


def queries():
    """Each has an answer, once what flows made has been scraped."""
    return within(60, asked) if has_prometheus() else []


def asked():
    [found] = running(lambda c: c["Config"]["Image"].split(":")[0] == "prom/prometheus")
    url = f"http://{next(iter(found['NetworkSettings']['Networks'].values()))['IPAddress']}:9090"
    with tempfile.TemporaryDirectory() as work:
        for words in (("collect.py", folder, work + "/asked"), ("ask.py", url, work + "/asked")):
            said = subprocess.run([sys.executable, here.parent / "prometheus" / words[0], *words[1:]], capture_output=True, text=True)
            if said.returncode:
                return [said.stdout + said.stderr]
    return []


def calm():
    """Nothing is said to be wrong; what the machine below is like is not ours."""
    def ask():
        alerts = [one for answer in prometheus("alerts") for one in answer["alerts"]]
        wrong = [one for one in alerts if one["labels"]["alertname"] != "Watchdog" and one["labels"]["component"] != "node-exporter"]
        return [f"{one['labels']} is {one['state']}: {one['annotations']['summary']}" for one in wrong] + ([] if len(wrong) < len(alerts) else ["not even Watchdog fires"])

    return within(150, ask) if has_prometheus() else []


def flows():
    pools, program = workers(), (here / "moves.py").read_text()
    for ids in pools.values():
        for one in ids:
            docker("exec", "-i", one, "/bin/sh", "-c", "cat > /tmp/moves.py", stdin=program)
    return python(next(iter(pools.values()))[0], (here / "run-flows.py").read_text(), *pools) if pools else ["there are no workers"]


def sql(text):
    [database] = running(lambda c: "POSTGRES_DB" in str(c["Config"]["Env"]))
    return docker("exec", database["Id"], "psql", "-U", "prefect", "-d", "prefect", "-tAc", text).stdout.strip()


def cache(*words):
    """The answers of all caches."""
    found = running(lambda c: service(c).startswith("valkey") and service(c).removeprefix("valkey").strip("-0123456789") == "")
    return [docker("exec", c["Id"], "/bin/sh", "-c", data.ASK, "-", *words, check=False).stdout.strip() for c in found]


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


verbs = {"prepare": prepare, "steady": steady, "green": green, "targets": targets, "queries": queries, "calm": calm, "flows": flows, "backup": lambda: s3("backup", user="backup"),
         "write": lambda: data.write(sql, cache, s3), "restart": restart, "kept": lambda: data.kept(sql, cache, s3), "gone": gone}
end(verbs[verb]())
