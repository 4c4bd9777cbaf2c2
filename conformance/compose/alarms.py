"""Breaks a running project, sees that Alertmanager is told, mends it, and sees that the alert goes: alarms.py VERB FOLDER PROJECT

  worker-and-disk    a worker is killed, and the drives of the object store are filled
  database           the database is stopped"""
import json
from engine import docker, end, within
from project import running, verb, workers


def told():
    """What Alertmanager holds: an alert, with each word that says what it is about."""
    [found] = running(lambda c: c["Config"]["Image"].split(":")[0] == "prom/alertmanager")
    said = docker("exec", found["Id"], "wget", "-q", "-O", "-", "http://127.0.0.1:9093/api/v2/alerts").stdout
    return {(one["labels"]["alertname"], word) for one in json.loads(said) for word in one["labels"].values()}


def comes(*wanted):
    return [f"{name} of {whose} does not fire: {told()}" for name, whose in within(240, lambda: [one for one in wanted if one not in told()])]


def goes(*wanted):
    return [f"{name} of {whose} still fires" for name, whose in within(240, lambda: [one for one in wanted if one in told()])]


def on_drives(command):
    [store] = running(lambda c: "server" in (c["Config"]["Cmd"] or []) and "/data1" in c["Config"]["Cmd"])
    docker("exec", store["Id"], "/bin/sh", "-c", f"for drive in /data1 /data2 /data3 /data4; do {command}; done")


def worker_and_disk():
    [worker] = workers()["batch"]
    wanted = (("WorkersDead", "batch"), ("StoreNearlyFull", "object-store"))
    docker("kill", worker)
    on_drives("head -c 62914560 /dev/zero >$drive/ballast")
    faults = comes(*wanted)
    docker("start", worker)
    on_drives("rm $drive/ballast")
    return faults + goes(*wanted)


def database():
    [found] = running(lambda c: "POSTGRES_DB" in str(c["Config"]["Env"]))
    docker("stop", found["Id"])
    wanted = (("ProbeFails", "prefect-probe"), ("DatabaseDown", "postgresql"))
    faults = comes(*wanted)
    docker("start", found["Id"])
    return faults + goes(*wanted)


end({"worker-and-disk": worker_and_disk, "database": database}[verb]())
