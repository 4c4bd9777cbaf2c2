"""Runs the program of a workload of an output as a pod would, in a root of its own: its files, secrets, variables and user.
pod.py OUTPUT SECRETS ROOT WORKLOAD [NAME=VALUE…]"""
import os, pathlib, shutil, sys, yaml

output, secrets, root, name = map(pathlib.Path, sys.argv[1:5])
documents = [d for path in output.rglob("*.yaml") for d in [yaml.safe_load(path.read_text())] if isinstance(d, dict)]
maps = {d["metadata"]["name"]: d["data"] for d in documents if d.get("kind") == "ConfigMap"}
(said,) = [d["spec"] for d in documents if d.get("kind") in ("CronJob", "Job", "Deployment") and d["metadata"]["name"] == str(name)]
pod = said.get("jobTemplate", {"spec": said})["spec"]["template"]["spec"]
(container,) = pod["containers"]
volumes = {volume["name"]: volume for volume in pod["volumes"]}


def lay(path, text):
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text)


for mount in container["volumeMounts"]:
    volume = volumes[mount["name"]]
    if "configMap" in volume:
        lay(mount["mountPath"], maps[volume["configMap"]["name"]][mount["subPath"]].encode())
    if "emptyDir" in volume and mount["mountPath"] != "/tmp":
        place = root / mount["mountPath"].lstrip("/")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        os.chown(place, pod["securityContext"]["fsGroup"], pod["securityContext"]["fsGroup"])
    for item in volume.get("secret", {}).get("items", []):
        value = (secrets / f"{volume['secret']['secretName']}-{item['key']}").read_bytes()
        lay(f"{mount['mountPath']}/{item['path']}", value)
user = pod["securityContext"]["runAsUser"]
env = {each["name"]: each["value"] for each in container.get("env", [])} | dict(pair.split("=", 1) for pair in sys.argv[5:])
env["PATH"] = "/usr/local/bin:/usr/bin:/bin:/usr/lib/postgresql/18/bin"
os.chroot(root)
os.chdir("/")
os.setgroups([])
os.setgid(user)
os.setuid(user)
words = container["command"] + container.get("args", [])
os.execvpe(words[0], words, env)
