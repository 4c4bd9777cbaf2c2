"""What compose does not say before it runs: whole.py FOLDER COMPOSE…"""
import json, os, pathlib, stat, subprocess, sys

folder, compose = pathlib.Path(sys.argv[1]), sys.argv[2:]
said = subprocess.run([*compose, "-f", str(folder / "docker-compose.yaml"), "config", "--format", "json"], capture_output=True, text=True, check=True)
file = json.loads(said.stdout)
services, faults = file["services"], []
waits = [(name, other, how["condition"]) for name, service in services.items() for other, how in service.get("depends_on", {}).items()]
awaited = {other for _, other, condition in waits if condition == "service_completed_successfully"}

for name, other, condition in waits:
    if condition == "service_healthy" and "healthcheck" not in services[other]:
        faults.append(f"{name} waits for the health of {other}, which has no healthcheck")
for name, service in services.items():
    # `up --wait` fails when a container ends that nobody waits for.
    if service.get("restart") != "unless-stopped" and name not in awaited:
        faults.append(f"{name} ends, and nobody waits for that")
    if not service.get("read_only") or service.get("cap_drop") != ["ALL"]:
        faults.append(f"{name} may write to its image or keeps capabilities")
    if service.get("ports") and all(file["networks"][network].get("internal") for network in service["networks"]):
        faults.append(f"{name} publishes a port, but only internal networks reach it")
    if any(port["host_ip"] != "127.0.0.1" for port in service.get("ports", [])):
        faults.append(f"{name} listens to the whole network")
    if service["user"].startswith("0:") and (service.get("network_mode") != "none" or set(service.get("cap_add", [])) - {"CHOWN"}):
        faults.append(f"{name} runs as root with more than it needs")
for kind in ("configs", "secrets"):
    for name, entry in file.get(kind, {}).items():
        path = pathlib.Path(entry["file"])
        if not path.is_file():
            faults.append(f"{kind}: {path} is not there")
        elif not stat.S_IMODE(os.stat(path).st_mode) & stat.S_IROTH:
            faults.append(f"{kind}: the users of the containers cannot read {path}")
        elif path.stat().st_size == 0:
            faults.append(f"{kind}: {path} is empty")
print("\n".join(faults) or f"{len(services)} services, {len(waits)} waits")
sys.exit(1 if faults else 0)
