"""The machines that a profile tells of for a mode, and what lies on top of it: the settings of both, and the Nodes that they mean.

What a pool says is read here once more, by nobody's code but this, so that lakegen's reading of it is judged too."""
import json, pathlib, tomllib

# Where nobody tells of machines: one that holds all, or several of a usual size.
LARGE, USUAL = {"cpu": "32", "memory": "128GiB"}, {"cpu": "8", "memory": "32GiB"}
READ = {"cpu", "memory", "pods", "nodes", "zones", "labels", "taints"}


def merged(below, above):
    both = isinstance(below, dict) and isinstance(above, dict)
    return {key: merged(below.get(key), above.get(key)) for key in {**below, **above}} if both else below if above is None else above


def settings(root, profile, mode, file=None):
    """`nodes`, `zones` and `pools`: of the mode and those that it extends, the profile, and a file of somebody's."""
    root, said = pathlib.Path(root), {}
    for above in (file, root / f"profiles/{profile}.toml"):
        said = merged(tomllib.loads(pathlib.Path(above).read_text()).get(mode, {}) if above else {}, said)
    while mode:
        table = tomllib.loads((root / f"templates/modes/{mode}/mode.toml").read_text())
        said = merged({name: option["default"] for name, option in table["options"].items() if name in ("nodes", "zones")}, said)
        mode = table.get("extends")
    pools = said.get("pools") or {"machines": LARGE if said["nodes"] == 1 else USUAL}
    return {"nodes": said["nodes"], "zones": said["zones"], "pools": pools}


def as_toml(said):
    """What `validate --pools` reads; JSON writes texts, numbers and lists as TOML does."""
    inline = lambda value: "{ " + ", ".join(f'"{key}" = {inline(inner)}' for key, inner in value.items()) + " }" if isinstance(value, dict) else json.dumps(value)
    return "".join(f"{key} = {inline(value)}\n" for key, value in said.items())


def taint(text):
    left, effect = text.rsplit(":", 1)
    key, _, value = left.partition("=")
    return {"key": key, "effect": effect, **({"value": value} if value else {})}


def nodes(said):
    """(the Node, what it takes) of each machine."""
    for name, pool in said["pools"].items():
        if unknown := pool.keys() - READ:
            raise SystemExit(f"the pool {name} says {', '.join(sorted(unknown))}, which conformance/kubernetes/pools.py does not read")
        zones = pool.get("zones", [f"zone-{number}" for number in range(said["zones"])])
        room = {"cpu": pool["cpu"], "memory": pool["memory"].removesuffix("B"), "pods": str(pool.get("pods", 110)), "ephemeral-storage": "200Gi"}
        for number in range(pool.get("nodes", said["nodes"])):
            machine = f"{name}-{number}"
            labels = {"kubernetes.io/hostname": machine, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "lakegen.dev/pool": name,
                      **({"topology.kubernetes.io/zone": zones[number % len(zones)]} if zones else {}), **pool.get("labels", {})}
            spec = {"taints": [taint(text) for text in pool.get("taints", [])]}
            yield {"apiVersion": "v1", "kind": "Node", "metadata": {"name": machine, "labels": labels}, "spec": spec}, room
