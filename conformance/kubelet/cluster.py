"""What the checks of a real machine share: its objects, its pods' processes and networks. Runs inside the machine.

CONFIG is the kubeconfig, PROGRAM the control plane with kubectl in it, OUTPUT the folder that was applied."""
import json, os, pathlib, subprocess, sys, time, yaml

sys.path += [str(pathlib.Path(__file__).parent.parent / name) for name in ("kubernetes", "compose")]
from api import Server

output, compose = pathlib.Path(os.environ["OUTPUT"]), pathlib.Path(__file__).parent.parent / "compose"
server = Server(os.environ["CONFIG"])
documents = [d for path in sorted(output.glob("*/**/*.yaml")) for d in yaml.safe_load_all(path.read_text()) if d and "metadata" in d]
namespaces = [d["metadata"]["name"] for d in documents if d["kind"] == "Namespace"]
INSTANCE, CLUSTER = "app.kubernetes.io/instance", "cnpg.io/cluster"


def kubectl(*words, stdin=None, check=True):
    said = subprocess.run([os.environ["PROGRAM"], "kubectl", "--kubeconfig", os.environ["CONFIG"], *words], input=stdin, capture_output=True, text=True)
    if check and said.returncode:
        sys.exit(f"kubectl {' '.join(words)[:300]}: {said.stdout[-1500:]}{said.stderr[-1500:]}")
    return said


def items(path):
    return server.call("GET", path)[1].get("items", [])


def instance(pod):
    """Which workload of the platform a pod is of; a database's operator has a label of its own."""
    labels = pod["metadata"].get("labels", {})
    return labels.get(INSTANCE, labels.get(CLUSTER))


def pods(namespace=None):
    """The pods of the platform that are not on their way out, those left out that an operator has prepare its database."""
    found = [pod for one in ([namespace] if namespace else namespaces) for pod in items(f"/api/v1/namespaces/{one}/pods")]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"] and "cnpg.io/jobRole" not in pod["metadata"].get("labels", {})]


def name(pod):
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def running():
    return [pod for pod in pods() if pod["status"]["phase"] == "Running"]


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def restarts(pod):
    return sum(one["restartCount"] for one in pod["status"].get("containerStatuses", []))


def execute(pod, *words, stdin=None, check=True):
    return kubectl("-n", pod["metadata"]["namespace"], "exec", "-i", pod["metadata"]["name"], "--", *words, stdin=stdin, check=check)


def processes():
    """The first process of each container, by the container's number."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        try:
            status = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
            if folder.name.isdigit() and status["NSpid"].split()[-1] == "1" and len(status["NSpid"].split()) > 1:
                found[(folder / "cgroup").read_text().strip().rsplit("/", 1)[-1]] = int(folder.name)
        except (OSError, KeyError):
            continue
    return found


def containers():
    """(pod, container, process) of all that runs."""
    first = processes()
    return [(pod, one["name"], first[one["containerID"].split("//")[1]])
            for pod in running() for one in pod["status"]["containerStatuses"] if one["state"].get("running")]


def done(job):
    """Whether a Job is."""
    state = server.call("GET", f"/apis/batch/v1/namespaces/{job['metadata']['namespace']}/jobs/{job['metadata']['name']}")[1].get("status", {})
    return any(c["type"] == "Complete" and c["status"] == "True" for c in state.get("conditions", []))


def unready():
    """What is not yet as the output says, in words."""
    seen, found = pods(), []
    for one in documents:
        if one["kind"] not in ("Deployment", "StatefulSet", "DaemonSet", "Job", "Cluster"):
            continue
        mine = [pod for pod in seen if instance(pod) == one["metadata"]["name"] and pod["metadata"]["namespace"] == one["metadata"]["namespace"]]
        well, wanted = [pod for pod in mine if is_ready(pod)], one["spec"].get("instances", one["spec"].get("replicas", 1))
        # Who empties a machine removes the pods of Jobs that are done, too.
        if not done(one) if one["kind"] == "Job" else len(well) != wanted or len(mine) != wanted:
            found.append(f"{one['kind']} {one['metadata']['name']}: {len(well)} pods of {wanted} are well; {'; '.join(why(pod) for pod in mine)}")
    return found


def why(pod):
    """What keeps a pod, in short."""
    states = [json.dumps(one["state"])[:200] + f" after {one['restartCount']} restarts" for one in pod["status"].get("containerStatuses", [])]
    return f"{pod['metadata']['name']} {pod['status']['phase']} {' '.join(states) or [c.get('message') for c in pod['status'].get('conditions', []) if c['status'] != 'True']}"


def within(seconds, ask, step=0.5):
    """What `ask` still finds, once it finds nothing or the time is over."""
    last = time.monotonic() + seconds
    while (left := ask()) and time.monotonic() < last:
        time.sleep(step)
    return left


def address(service, namespace):
    return server.call("GET", f"/api/v1/namespaces/{namespace}/services/{service}")[1]["spec"]["clusterIP"]


def secret(word):
    return (output / "secrets" / word).read_text()


def end(faults, said="holds"):
    print("\n".join(faults) or said)
    sys.exit(1 if faults else 0)
