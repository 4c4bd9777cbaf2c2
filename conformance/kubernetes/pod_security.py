"""Makes pods of all sorts and holds `lakegen validate` against Pod Security admission: pod_security.py KUBECONFIG LAKEGEN COUNT SEED

Each namespace asks for other levels in other versions. Of a pod the server tells whether it is refused or warned of, and in which
words; of what makes pods it tells its warning, and the pod that it would make is asked for by itself. Every difference is printed."""
import collections, copy, json, pathlib, random, subprocess, sys, tempfile, time
from api import Server

LEVELS = ["privileged", "baseline", "restricted"]
VERSIONS = ["latest", *(f"v1.{minor}" for minor in (0, 1, 7, 8, 18, 19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 99))]
PREFIX = "pod-security.kubernetes.io/"


def namespaces(dice):
    """Every level in every version, then some where enforcing, warning and auditing differ."""
    sets = [{"enforce": level, "enforce-version": version} for level in LEVELS[1:] for version in VERSIONS]
    for _ in range(30):
        labels = {mode: dice.choice(LEVELS) for mode in ("enforce", "warn", "audit") if dice.random() < 0.7}
        labels.update({f"{mode}-version": dice.choice(VERSIONS) for mode in ("enforce", "warn", "audit") if dice.random() < 0.4})
        sets.append(labels)
    for number, labels in enumerate(sets):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"level-{number}", "labels": {PREFIX + k: v for k, v in labels.items()}}}


def context(of):
    return of.setdefault("securityContext", {})


def clean(dice):
    """A pod that keeps every level, with some containers."""
    def container(name):
        return {"name": name, "image": "registry.example/program:1", "securityContext": {
            "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}}
    spec = {"containers": [container(f"c{n}") for n in range(dice.choice([1, 1, 2, 3]))], "restartPolicy": "Always"}
    if dice.random() < 0.4:
        spec["initContainers"] = [container(f"i{n}") for n in range(dice.choice([1, 2]))]
    if dice.random() < 0.15:
        spec["hostUsers"] = False
    if dice.random() < 0.5:
        spec["securityContext"] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return {"metadata": {"labels": {"app": "a"}}, "spec": spec}


def windows(pod, one, dice):
    pod["spec"]["os"] = {"name": "windows"}
    for each in pod["spec"]["containers"] + pod["spec"].get("initContainers", []):
        each["securityContext"] = {"runAsNonRoot": True}
    pod["spec"].pop("securityContext", None)
    pod["spec"].pop("hostUsers", None)


def annotate(pod, key, value):
    pod["metadata"].setdefault("annotations", {})[key] = value


def add(of, name, value):
    of.setdefault(name, []).append(value)


def selinux(of, dice):
    options = {key: dice.choice(choices) for key, choices in (("type", ["container_t", "container_engine_t", "spc_t", "container_init_t", ""]), ("user", ["u", ""]), ("role", ["r", ""]), ("level", ["s0"]))
               if dice.random() < 0.5}
    context(of)["seLinuxOptions"] = options


def probe(one, dice):
    handler = dice.choice([{"httpGet": {"port": 80, "host": dice.choice(["10.0.0.1", "web", "", "example.org"])}}, {"tcpSocket": {"port": 80, "host": dice.choice(["10.0.0.2", "", "web"])}}])
    place = dice.choice(["livenessProbe", "readinessProbe", "startupProbe", "postStart", "preStop"])
    if place in ("postStart", "preStop"):
        one.setdefault("lifecycle", {})[place] = handler
    else:
        one[place] = handler


VOLUMES = [("hostPath", {"path": "/a"}), ("nfs", {"server": "a", "path": "/"}), ("emptyDir", {}), ("configMap", {"name": "a"}), ("secret", {"secretName": "a"}), ("persistentVolumeClaim", {"claimName": "a"}),
           ("projected", {"sources": []}), ("downwardAPI", {"items": []}), ("csi", {"driver": "a.b"}), ("iscsi", {"targetPortal": "1.2.3.4", "iqn": "iqn.2001-04.com.example:a", "lun": 0}),
           ("gcePersistentDisk", {"pdName": "a"}), ("cephfs", {"monitors": ["a"]}), ("fc", {"targetWWNs": ["a"], "lun": 0}), ("image", {"reference": "a:1"}), ("awsElasticBlockStore", {"volumeID": "a"}),
           ("ephemeral", {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}), ("flexVolume", {"driver": "a/b"}),
           ("gitRepo", {"repository": "a"}), ("azureFile", {"secretName": "a", "shareName": "b"}), ("rbd", {"monitors": ["a"], "image": "b"}), ("vsphereVolume", {"volumePath": "a"}), (None, None)]


def volume(pod, dice):
    kind, source = dice.choice(VOLUMES)
    name = f"v{len(pod['spec'].get('volumes', []))}"
    add(pod["spec"], "volumes", {"name": name, **({kind: source} if kind else {})})


CAPABILITIES = ["NET_ADMIN", "SYS_TIME", "CHOWN", "NET_BIND_SERVICE", "NET_RAW", "SETUID", "chown", "ALL", "CAP_CHOWN"]
PROFILES = ["RuntimeDefault", "Unconfined"]
ANNOTATIONS = ["runtime/default", "localhost/a", "unconfined", "docker/default", "other", "", 'a"b']
SYSCTLS = ["kernel.shm_rmid_forced", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_rmem", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_fin_timeout", "net.core.somaxconn", "kernel.msgmax", "net.ipv4.tcp_notsent_lowat"]
# What may be changed: in the pod, or in one of its containers.
CHANGES = {
    "escalation": lambda pod, one, dice: context(one).update(allowPrivilegeEscalation=dice.choice([True, True, False])),
    "no escalation": lambda pod, one, dice: context(one).pop("allowPrivilegeEscalation", None),
    "no context": lambda pod, one, dice: one.pop("securityContext", None),
    "no context of the pod": lambda pod, one, dice: pod["spec"].pop("securityContext", None),
    "add": lambda pod, one, dice: add(context(one).setdefault("capabilities", {}), "add", dice.choice(CAPABILITIES)),
    "drop": lambda pod, one, dice: context(one).setdefault("capabilities", {}).update(drop=dice.choice([["ALL"], ["NET_RAW"], [], ["all"], ["NET_RAW", "ALL"]])),
    "privileged": lambda pod, one, dice: context(one).update(privileged=dice.choice([True, False]), allowPrivilegeEscalation=True),
    "proc": lambda pod, one, dice: context(one).update(procMount=dice.choice(["Default", "Unmasked"])),
    "root": lambda pod, one, dice: context(dice.choice([pod["spec"], one])).update(runAsNonRoot=dice.choice([True, False])),
    "no root": lambda pod, one, dice: context(dice.choice([pod["spec"], one])).pop("runAsNonRoot", None),
    "user": lambda pod, one, dice: context(dice.choice([pod["spec"], one])).update(runAsUser=dice.choice([0, 0, 1000])),
    "seccomp": lambda pod, one, dice: context(dice.choice([pod["spec"], one])).update(seccompProfile=dice.choice([{"type": "Unconfined"}, {"type": "Localhost", "localhostProfile": "a"}, {"type": "RuntimeDefault"}])),
    "no seccomp": lambda pod, one, dice: context(dice.choice([pod["spec"], one])).pop("seccompProfile", None),
    "apparmor": lambda pod, one, dice: context(dice.choice([pod["spec"], one])).update(appArmorProfile={"type": dice.choice(PROFILES)}),
    "apparmor annotation": lambda pod, one, dice: annotate(pod, f"container.apparmor.security.beta.kubernetes.io/{dice.choice([one['name'], 'other'])}", dice.choice(ANNOTATIONS)),
    "seccomp annotation": lambda pod, one, dice: annotate(pod, dice.choice(["seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/" + one["name"], "container.seccomp.security.alpha.kubernetes.io/other"]), dice.choice(ANNOTATIONS)),
    "selinux": lambda pod, one, dice: selinux(dice.choice([pod["spec"], one]), dice),
    "host": lambda pod, one, dice: pod["spec"].update({dice.choice(["hostNetwork", "hostPID", "hostIPC"]): dice.choice([True, True, False])}),
    "port": lambda pod, one, dice: add(one, "ports", {"containerPort": 1000 + dice.randrange(1000), **({"hostPort": dice.choice([0, 80, 443, 9000])} if dice.random() < 0.6 else {})}),
    "port in the network of the host": lambda pod, one, dice: (pod["spec"].update(hostNetwork=True), add(one, "ports", {"containerPort": 80 + dice.randrange(1000)})),
    "probe": lambda pod, one, dice: probe(one, dice),
    "sysctl": lambda pod, one, dice: add(context(pod["spec"]), "sysctls", {"name": dice.choice(SYSCTLS), "value": "1"}),
    "volume": lambda pod, one, dice: volume(pod, dice),
    "windows": windows,
    "host process": lambda pod, one, dice: context(dice.choice([pod["spec"], one])).update(windowsOptions={"hostProcess": dice.choice([True, False])}),
    "host process in windows": lambda pod, one, dice: (windows(pod, one, dice), pod["spec"].update(hostNetwork=True, securityContext={"windowsOptions": {"hostProcess": True}, "runAsNonRoot": True})),
}


def made(dice):
    pod = clean(dice)
    for _ in range(dice.choice([0, 1, 1, 2, 3, 5])):
        one = dice.choice(pod["spec"]["containers"] + pod["spec"].get("initContainers", []))
        CHANGES[dice.choice(sorted(CHANGES))](pod, one, dice)
    return pod


def workload(kind, pod):
    """What makes the pod."""
    pod, selector = copy.deepcopy(pod), {"matchLabels": {"app": "a"}}
    if kind in ("Job", "CronJob"):
        pod["spec"]["restartPolicy"] = "Never"
    job = {"template": pod}
    return {"Deployment": ("apps/v1", {"spec": {"selector": selector, "template": pod}}), "DaemonSet": ("apps/v1", {"spec": {"selector": selector, "template": pod}}),
            "ReplicaSet": ("apps/v1", {"spec": {"selector": selector, "template": pod}}), "StatefulSet": ("apps/v1", {"spec": {"selector": selector, "serviceName": "a", "template": pod}}),
            "Job": ("batch/v1", {"spec": job}), "CronJob": ("batch/v1", {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": job}}}),
            "ReplicationController": ("v1", {"spec": {"selector": {"app": "a"}, "template": pod}}), "PodTemplate": ("v1", {"template": pod}), "Pod": ("v1", pod)}[kind]


KINDS = ["Pod", "Pod", "Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet", "ReplicationController", "PodTemplate"]


def document(kind, pod, name, namespace):
    version, rest = workload(kind, pod)
    return {"apiVersion": version, "kind": kind, **rest, "metadata": {**(rest.get("metadata") or {}), "name": name, "namespace": namespace}}


def asked(server, body):
    """(the server takes it, what it says of Pod Security), or None where it refuses it for something else."""
    status, answer, warnings = server.call("POST", server.path(body) + "?dryRun=All", body)
    said = [text for text in warnings if "violate PodSecurity" in text]
    if status == 403 and "violates PodSecurity" in answer["message"]:
        return False, answer["message"].split("is forbidden: ", 1)[1]
    if status >= 300:
        return None
    return True, said[0] if said else ""


def judged(lakegen, folder):
    done = subprocess.run([lakegen, "validate", "--only", "pod-security", "--format", "json", folder], capture_output=True, text=True)
    ours = collections.defaultdict(list)
    for finding in json.loads(done.stdout)["findings"]:
        if not finding["places"] or not finding["places"][0]["pointer"]:
            sys.exit(f"a finding without a place: {finding}")
        ours[finding["object"]["name"]].append((finding["severity"], finding["message"]))
    return ours


def compared(server, kind, pod, name, namespace, ours):
    """What differs; None where the server refuses the object for another reason."""
    theirs = asked(server, document("Pod", pod, name, namespace))
    if theirs is None:
        return None
    takes, words = theirs
    is_refused = any(severity == "error" for severity, _ in ours)
    if takes == is_refused:
        return f"the server {'takes' if takes else 'refuses'} the pod: {words!r}, lakegen says {ours}"
    if kind == "Pod":
        told = [text for severity, text in ours if severity != "note"]
        return f"{words!r}, lakegen says {ours}" if told != ([words] if words else []) else ""
    theirs = asked(server, document(kind, pod, name, namespace))
    if theirs is None:
        return None
    _, warning = theirs
    told = [text.replace("violates", "would violate") if severity == "error" else text for severity, text in ours if severity != "note"]
    # A workload is warned of at the level of warn alone.
    level = warning.split('"')[1] if warning else ""
    same = [text for text in told if text.split('"')[1] == level]
    if warning and not is_refused and told != [warning]:
        return f"{warning!r}, lakegen says {ours}"
    return f"{warning!r}, lakegen says {ours}" if same and same != [warning] else ""


def main(kubeconfig, lakegen, count, seed):
    server, dice = Server(kubeconfig), random.Random(int(seed))
    spaces = list(namespaces(dice))
    for space in spaces:
        status, answer, _ = server.call("POST", "/api/v1/namespaces", space)
        if status not in (201, 409):
            sys.exit(f"{space}: {answer['message']}")
    until = time.time() + 60
    while time.time() < until and any(server.call("GET", f"/api/v1/namespaces/{s['metadata']['name']}/serviceaccounts/default")[0] != 200 for s in spaces[-3:]):
        time.sleep(0.2)
    made_ = [(dice.choice(KINDS), made(dice), f"p{number}", dice.choice(spaces)["metadata"]["name"]) for number in range(int(count))]
    with tempfile.TemporaryDirectory() as folder:
        for number, (kind, pod, name, namespace) in enumerate(made_):
            pathlib.Path(folder, f"{number}.json").write_text(json.dumps(document(kind, pod, name, namespace)))
        pathlib.Path(folder, "namespaces.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": spaces}))
        ours = judged(lakegen, folder)
    counts, kinds = collections.Counter(), collections.Counter()
    for kind, pod, name, namespace in made_:
        differs = compared(server, kind, pod, name, namespace, ours.get(name, []))
        counts["not valid" if differs is None else "differ" if differs else "agree"] += 1
        if differs is not None:
            kinds[kind, "told" if ours.get(name) else "clean"] += 1
        if differs:
            print(f"{kind} {name} in {namespace}: {differs}\n  {json.dumps(pod)}")
    print(f"seed {seed}: {counts['agree']} agree in verdict and words, {counts['differ']} differ, {counts['not valid']} are refused for other reasons")
    print(", ".join(f"{kind} {what} {number}" for (kind, what), number in sorted(kinds.items())))
    sys.exit(1 if counts["differ"] or counts["agree"] < int(count) / 2 else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
