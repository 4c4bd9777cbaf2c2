"""Asks a machine whose pods come from an output: holds.py VERB [WORD…]

  ready SECONDS    every pod is well within that time
  steady           what waits for nobody was never started again, and nothing since it was ready
  restricted       each process has the user, the rights and the root that the output says
  probes           each probe was asked and passed
  flows            a flow runs through each pool and moves an object
  backup           the user for backups may write its backups and no more
  write, kept      a row, an object and a key are written, and are there
  targets FOLDER   Prometheus reaches each target; each rule and each query of a panel, collected in FOLDER, is answered
  heal             each container, killed, is itself again
  drain            an emptied machine keeps what the budgets say, and takes all back
  gone             nothing is left of what the output made"""
import json, os, pathlib, signal, subprocess, sys, time, urllib.request
from cluster import (CLUSTER, address, compose, containers, documents, end, execute, instance, is_ready, items, kubectl, name, namespaces,
                     output, pods, restarts, running, secret, server, unready, within)
import data

memory = pathlib.Path(os.environ["CONFIG"]).parent / "restarts.json"


def ready(seconds):
    begin = time.monotonic()
    left = within(float(seconds), unready)
    memory.write_text(json.dumps({name(pod): restarts(pod) for pod in running()}))
    took = f"{time.monotonic() - begin:.1f} s, restarts {sum(map(restarts, running()))}"
    print(took)
    return left


def patient():
    """The workloads that may be started again while they wait for another."""
    graph = json.loads((output.parent / "graph.json").read_text())
    return {one["from"] for one in graph["connections"] if one.get("waits")}


def steady():
    before, waits = json.loads(memory.read_text()), patient()
    faults = [f"{name(pod)} waits for nobody and was started again {restarts(pod)} times" for pod in running() if restarts(pod) and instance(pod) not in waits]
    return faults + [f"{name(pod)} was started again since it was ready" for pod in running() if restarts(pod) > before.get(name(pod), 0)]


def status(process):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines())


def restricted():
    faults = []
    for pod, container, process in containers():
        seen, root = status(process), next(line for line in pathlib.Path(f"/proc/{process}/mountinfo").read_text().splitlines() if line.split()[4] == "/")
        wanted = {"CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2", "Uid": str(pod["spec"]["securityContext"]["runAsUser"])}
        wrong = {key: seen[key].split()[0] for key, value in wanted.items() if seen[key].split()[0] != value}
        faults += [f"{name(pod)} {container}: {wrong}"] if wrong else []
        faults += [] if root.split()[5].startswith("ro") else [f"{name(pod)} {container}: its root can be written"]
    return faults


def probes():
    """A probe that begins late or asks seldom has a minute."""
    return within(60, unproven, 2)


def unproven():
    asked = {}
    node = items("/api/v1/nodes")[0]["metadata"]["name"]
    for line in kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/metrics/probes").stdout.splitlines():
        if line.startswith("prober_probe_total{"):
            labels = dict(pair.split("=", 1) for pair in line[line.index("{") + 1:line.index("}")].replace('"', "").split(","))
            asked[labels["pod"], labels["container"], labels["probe_type"], labels["result"]] = float(line.split()[-1])
    faults = []
    for pod in running():
        for one in pod["spec"]["containers"]:
            for probe in (key.removesuffix("Probe").capitalize() for key in one if key.endswith("Probe")):
                seen = [asked.get((pod["metadata"]["name"], one["name"], probe, result), 0) for result in ("successful", "failed")]
                if not seen[0] or probe == "Liveness" and seen[1]:
                    faults.append(f"{name(pod)} {one['name']}: {probe} passed {seen[0]} times and failed {seen[1]}")
    return faults


def workers():
    """A pod of each pool."""
    found = {}
    for pod in running():
        words = pod["spec"]["containers"][0].get("args", [])
        if "--pool" in words:
            found.setdefault(words[words.index("--pool") + 1], []).append(pod)
    return found


def python(program, *words, **env):
    """A program of ours in a worker, with the secrets of its platform."""
    said = execute(next(iter(workers().values()))[0], "env", *(f"{key}={value}" for key, value in env.items()), "/bin/sh",
                   "/etc/lakehouse/client.sh", "python", "-", *words, stdin=(compose / program).read_text(), check=False)
    return [] if said.returncode == 0 else [f"{said.stdout[-3000:]}{said.stderr[-3000:]}"]


def s3(*words, user="client"):
    return python("moves.py", *words, AWS_ACCESS_KEY_ID=secret(f"object-store-{user}-username"), AWS_SECRET_ACCESS_KEY=secret(f"object-store-{user}-password"))


def flows():
    pools = workers()
    for pod in (pod for some in pools.values() for pod in some):
        execute(pod, "/bin/sh", "-c", "cat >/tmp/moves.py", stdin=(compose / "moves.py").read_text())
    return python("run-flows.py", *pools) if pools else ["there are no workers"]


def sql(text):
    """What the first of a database's pods says to its administrator, whom its operator calls otherwise."""
    first = [pod for pod in running() if instance(pod) == "postgresql" and pod["metadata"]["labels"].get("cnpg.io/instanceRole") != "replica"]
    user = "postgres" if CLUSTER in first[0]["metadata"]["labels"] else "prefect"
    return execute(first[0], "psql", "-U", user, "-d", "prefect", "-tAc", text).stdout.strip()


def cache(*words):
    """The answers of all caches."""
    return [execute(pod, "/bin/sh", "-c", data.ASK, "-", *words, check=False).stdout.strip() for pod in running() if instance(pod) == "valkey"]


def targets(folder):
    """What is still wrong after two rounds of questions, and what is wrong in the answers to all queries."""
    [monitor] = {pod["metadata"]["namespace"] for pod in running() if instance(pod) == "prometheus"}
    url = f"http://{address('prometheus', monitor)}:9090"

    def unreached():
        with urllib.request.urlopen(url + "/api/v1/targets", timeout=10) as answer:
            seen = json.load(answer)["data"]["activeTargets"]
        return [f"{one['scrapeUrl']} is {one['health']}: {one['lastError']}" for one in seen if one["health"] != "up"] or ([] if seen else ["it has no targets"])

    left = within(100, unreached, 2)
    here = pathlib.Path(__file__).parent.parent / "prometheus"
    asked = subprocess.run([sys.executable, here / "ask.py", url, folder], capture_output=True, text=True)
    return left + ([] if asked.returncode == 0 else [asked.stdout + asked.stderr])


def rounds(found):
    """What is killed at once: of two that talk to each other, one alone, for it may need the other to be itself again."""
    graph, made = json.loads((output.parent / "graph.json").read_text()), []
    talk = {frozenset((one["from"], one["to"])) for one in graph["connections"] if one["from"] != one["to"]}
    for pod, container, _ in found:
        mine = (name(pod), container, instance(pod))
        apart = (one for one in made if not any(frozenset((mine[2], other[2])) in talk for other in one))
        fits = next(apart, None)
        if fits is None:
            made.append(fits := [])
        fits.append(mine)
    return made


def started_again(found):
    """How often each container of these pods was."""
    return {(name(pod), one["name"]): one["restartCount"] for pod in found for one in pod["status"]["containerStatuses"]}


def heal():
    faults, number = [], 0
    for killed in rounds(containers()):
        before, now = started_again(running()), {(name(pod), container): process for pod, container, process in containers()}
        # What was killed before may have taken it along: its process is then another.
        for pod, container, _ in killed:
            os.kill(now[pod, container], signal.SIGKILL)
        number += len(killed)

        def still():
            well = started_again([pod for pod in running() if is_ready(pod)])
            return [f"{pod} {container} is not itself" for pod, container, _ in killed if well.get((pod, container), -1) <= before[pod, container]]

        faults += within(150, still) or within(150, unready)
    print(f"{number} containers")
    return faults or ([] if number else ["there are no containers"])


def budgets():
    return {one["metadata"]["name"]: one for space in namespaces for one in items(f"/apis/policy/v1/namespaces/{space}/poddisruptionbudgets")}


def drain():
    machine = items("/api/v1/nodes")[0]["metadata"]["name"]
    held = budgets()
    if not held:
        return ["there are no budgets"]
    said = kubectl("drain", machine, "--ignore-daemonsets", "--delete-emptydir-data", "--pod-selector", "app.kubernetes.io/part-of",
                   "--timeout", "25s", check=False)
    stayed = {instance(pod) for pod in running()}
    faults = [f"{one} has a budget, and no pod of it stayed" for one in held if one not in stayed]
    faults += [f"{one} has no budget, and stayed: {said.stderr[-500:]}" for one in stayed if one not in held]
    faults += [] if "disruption budget" in said.stderr else [f"no budget held an eviction: {said.stdout[-500:]}{said.stderr[-500:]}"]
    kubectl("uncordon", machine)
    return faults + within(240, unready)


def gone():
    kinds = kubectl("api-resources", "--verbs", "list", "-o", "name").stdout.split()
    left = lambda: kubectl("get", ",".join(one for one in kinds if "event" not in one), "-A", "-l", "app.kubernetes.io/managed-by=lakegen", "-o", "name").stdout.split()
    volumes = lambda: [one["metadata"]["name"] for one in items("/api/v1/persistentvolumes")] + [str(one) for one in pathlib.Path("/tmp/hostpath_pv").iterdir()]
    spaces = lambda: [one["metadata"]["name"] for one in items("/api/v1/namespaces") if one["metadata"]["name"] in namespaces]
    return within(90, lambda: [f"left: {one}" for one in spaces() + left() + volumes()], 2)


verbs = {"ready": ready, "steady": steady, "restricted": restricted, "probes": probes, "flows": flows, "backup": lambda: s3("backup", user="backup"),
         "write": lambda: data.write(sql, cache, s3), "kept": lambda: data.kept(sql, cache, s3), "targets": targets, "heal": heal, "drain": drain, "gone": gone}
end(verbs[sys.argv[1]](*sys.argv[2:]))
