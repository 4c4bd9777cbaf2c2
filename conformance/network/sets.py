"""Random policies, enforced and as `lakegen connections` reads them: sets.py KUBECONFIG LAKEGEN NUMBER SEED

The pods stay, the policies change; every pair of ends is asked on every port that is open, and must be as lakegen says."""
import ipaddress, json, pathlib, random, subprocess, sys, tempfile, time
from net import Net

net, lakegen, number, seed = Net(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
SPACES = {"shop": {"team": "shop"}, "data": {"team": "data", "tier": "back"}, "infra": {}}
APPS, TIERS, NAMES = ("web", "api", "db", "job"), ("front", "back"), ("http", "sql", "metrics")
OUTSIDE = {"outside": "203.0.113.10", "barred": "203.0.113.77", "far": "198.51.100.7"}
BLOCKS = ("0.0.0.0/0", "203.0.113.0/24", "203.0.113.64/26", "198.51.100.7/32", "203.0.0.0/16", "10.77.0.0/16", "10.77.1.8/29")
PODS = [("shop", {"app": "web", "tier": "front"}), ("shop", {"app": "api"}), ("shop", {"app": "job", "tier": "back"}), ("data", {"app": "db", "tier": "back"}),
        ("data", {"app": "web"}), ("infra", {"app": "api", "tier": "front"}), ("infra", {"app": "job"})]
PORTS = [("http", 8080, "TCP"), ("sql", 5432, "TCP"), ("metrics", 9090, "UDP")]


def selector(dice, key, values):
    if dice.random() < 0.2:
        return {}
    if dice.random() < 0.3:
        return {"matchLabels": {key: dice.choice(values)}}
    term = {"key": key, "operator": dice.choice(("In", "NotIn", "Exists", "DoesNotExist"))}
    if "In" in term["operator"]:
        term["values"] = dice.sample(values, dice.randint(1, 2))
    return {"matchExpressions": [term]}


def pods(dice):
    return selector(dice, "tier", TIERS) if dice.random() < 0.3 else selector(dice, "app", APPS)


def spaces(dice):
    return selector(dice, "kubernetes.io/metadata.name", tuple(SPACES)) if dice.random() < 0.3 else selector(dice, "team", ("shop", "data", "x"))


def peer(dice):
    kind = dice.randint(0, 3)
    if kind == 0:
        block = {"cidr": dice.choice(BLOCKS)}
        # An exception lies within its block, else the API server refuses it.
        inner = [b for b in BLOCKS if b != block["cidr"] and ipaddress.ip_network(b).subnet_of(ipaddress.ip_network(block["cidr"]))]
        if inner and dice.random() < 0.5:
            block["except"] = dice.sample(inner, dice.randint(1, min(2, len(inner))))
        return {"ipBlock": block}
    return [{"podSelector": pods(dice)}, {"namespaceSelector": spaces(dice)}, {"namespaceSelector": spaces(dice), "podSelector": pods(dice)}][kind - 1]


def port(dice):
    said = {} if dice.random() < 0.3 else {"protocol": dice.choice(("TCP", "UDP"))}
    kind = dice.randint(0, 3)
    if kind == 1:
        said["port"] = dice.choice((*NAMES, "nosuch"))
    elif kind == 2:
        said["port"] = dice.choice((8080, 5432, 9090, 8081))
    elif kind == 3:
        first = dice.choice((5000, 5432, 8080))
        said |= {"port": first, "endPort": first + dice.choice((0, 1, 500, 3000))}
    return said


def policy(dice, name):
    spec = {"podSelector": pods(dice)}
    for way, end in (("ingress", "from"), ("egress", "to")):
        if dice.random() < 0.3:
            continue
        spec[way] = []
        for _ in range(dice.randint(1, 2)):
            rule = {} if dice.random() < 0.2 else {end: [peer(dice) for _ in range(dice.randint(1, 2))]}
            if dice.random() < 0.6:
                rule["ports"] = [port(dice) for _ in range(dice.randint(1, 2))]
            spec[way].append(rule)
    types = dice.choice((None, None, ["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    if types:
        spec["policyTypes"] = types
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": dice.choice(tuple(SPACES))}, "spec": spec}


def has(ports, wanted):
    for span in ports.split(","):
        first, _, last = span.partition("-")
        if int(first) <= wanted <= int(last or first):
            return True
    return False


def is_end(name, end):
    if end in OUTSIDE:
        first, _, last = name.partition("-")
        try:
            return ipaddress.ip_address(first) <= ipaddress.ip_address(OUTSIDE[end]) <= ipaddress.ip_address(last)
        except (ValueError, TypeError):
            return False
    return name == f"{end}[Pod]"


def told(file):
    """What lakegen says of every probe."""
    run = subprocess.run([lakegen, "connections", "--format", "json", file], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"lakegen connections ended with {run.returncode}: {run.stderr}")
    rows = json.loads(run.stdout)["connections"]
    expected = set()
    for key in net.matrix():
        source, target, wanted, protocol = key
        if source in OUTSIDE and target in OUTSIDE:
            expected.add(key)
        for row in rows:
            if is_end(row["from"], source) and is_end(row["to"], target) and (row["allowed"] == "all" or has(row["allowed"].get(protocol, "0"), wanted)):
                expected.add(key)
    return expected


net.clean()
for name, labels in SPACES.items():
    net.namespace(name, labels)
objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}} for name, labels in SPACES.items()]
for place, (namespace, labels) in enumerate(PODS):
    # The same name is another number on another pod.
    objects.append(net.pod(namespace, f"p{place}", labels, [(name, port + place % 2, protocol) for name, port, protocol in PORTS]))
for name, address in OUTSIDE.items():
    net.space(name, address)
    for _, number_, protocol in PORTS:
        net.listen(name, number_, protocol)
matrix = net.matrix()
print(f"seed {seed}, {number} sets, {len(matrix)} probes each")
wrong = net.becomes(set(matrix))
if wrong:
    sys.exit("not everything is open without policies:\n  " + "\n  ".join(wrong[:20]))
failed, opened, begin = 0, 0, time.monotonic()
for one in range(number):
    dice = random.Random(seed * 100000 + one)
    policies = [policy(dice, f"n{place}") for place in range(dice.randint(1, 6))]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "all.yaml"
        file.write_text("\n---\n".join(json.dumps(one) for one in objects + policies))
        expected = told(file)
        net.policies(policies)
        time.sleep(0.2)
        wrong = net.becomes(expected, patience=8)
    opened += len(expected)
    if wrong:
        failed += 1
        print(f"seed {seed} set {one}:", *wrong[:10], *(json.dumps(p) for p in policies), sep="\n  ", flush=True)
net.clean()
print(f"{number - failed} sets agree, {failed} do not; {opened} of {number * len(matrix)} probes open, {time.monotonic() - begin:.0f} s")
sys.exit(1 if failed or not 0 < opened < number * len(matrix) else 0)
