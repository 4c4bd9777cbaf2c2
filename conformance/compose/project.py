"""What stack.py and alarms.py share: a project of `docker compose`, asked through its engine: … VERB FOLDER PROJECT"""
import json, pathlib, sys
from engine import docker

verb, folder, project = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
here = pathlib.Path(__file__).parent


def containers():
    """What the engine says of each container of the project, by service."""
    ids = docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={project}").stdout.split()
    return json.loads(docker("inspect", *ids).stdout) if ids else []


def service(container):
    return container["Config"]["Labels"]["com.docker.compose.service"]


def running(part):
    return [c for c in containers() if c["State"]["Running"] and c["Config"]["Labels"].get("lakegen.dev/component") and part(c)]


def well(state):
    return state["Running"] and state.get("Health", {"Status": "healthy"})["Status"] == "healthy"


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


def s3(*words, user="client"):
    return python(next(iter(workers().values()))[0], (here / "moves.py").read_text(), *words, **as_user(user))


def prometheus(path):
    """What each Prometheus that runs answers."""
    found = running(lambda c: c["Config"]["Image"].split(":")[0] == "prom/prometheus")
    return [json.loads(docker("exec", c["Id"], "wget", "-q", "-O", "-", f"http://127.0.0.1:9090/api/v1/{path}").stdout)["data"] for c in found]
