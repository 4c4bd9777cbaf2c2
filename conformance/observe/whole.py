"""Runs what was generated: whole.py FOLDER CATALOGUE OTELCOL JAEGER [LOKI]

A span goes into the collector and is found in Jaeger; with Loki, a line that lies where a container's would is found there, under its
three labels, and counted. Addresses and folders become those of this machine, and nobody is asked which pod is of which workload;
all else is as it was made. What each tells of itself is held against the catalogue."""
import json, pathlib, re, shutil, socket, subprocess, sys, tempfile, time, tomllib, urllib.error, urllib.parse, urllib.request

folder, catalogue, otelcol, jaeger, *others = map(pathlib.Path, sys.argv[1:])
here, started, faults = pathlib.Path(tempfile.mkdtemp()), [], []
PORTS = {}


def port(program, number):
    if (program, number) not in PORTS:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            PORTS[program, number] = free.getsockname()[1]
    return PORTS[program, number]


def moved(program, text):
    """Its own ports are free ones, other programs' are theirs, folders lie in one of our own."""
    text = re.sub(r"0\.0\.0\.0:(\d+)", lambda own: f"127.0.0.1:{port(program, int(own[1]))}", text)
    text = re.sub(r"host: 0\.0\.0\.0\n(\s+)port: (\d+)", lambda own: f"host: 127.0.0.1\n{own[1]}port: {port(program, int(own[2]))}", text)
    text = re.sub(r"http://([-a-z]+)(?:\.[-a-z.]+)?:(\d+)", lambda other: f"http://127.0.0.1:{port(other[1], int(other[2]))}", text)
    text = re.sub(r"_listen_port: (\d+)", lambda own: f"_listen_port: {port(program, int(own[1]))}", text)
    for place in ("/var/lib", "/var/log"):
        text = text.replace(place, f"{here}{place}")
    # The API that knows pods is not here.
    return text.replace("auth_type: serviceAccount", "passthrough: true").replace("wait_for_metadata: true", "wait_for_metadata: false")


def start(program, binary, *arguments):
    path = here / f"{program}.yaml"
    path.write_text(moved(program, (folder / f"{program}.yaml").read_text()))
    log = open(here / f"{program}.log", "a")
    started.append(subprocess.Popen([binary, *(str(word).replace("FILE", str(path)) for word in arguments)], stdout=log, stderr=log))
    return started[-1]


def get(program, number, path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port(program, number)}{path}", body and json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def until(what, holds, within=120):
    end, last = time.time() + within, None
    while time.time() < end:
        try:
            if found := holds():
                return found
        except (OSError, urllib.error.URLError, ValueError, KeyError) as error:
            last = error
        time.sleep(0.5)
    faults.append(f"{what}: not within {within} s ({last})")
    return None


def given(program, number, exporter):
    """Each metric of the catalogue that needs no event is there, with no labels but those that are told."""
    text = get(program, number, "/metrics")
    table = tomllib.loads((catalogue / f"{exporter}.toml").read_text())
    rows = {name: labels for kind in table.values() if isinstance(kind, dict) for name, labels in kind.items()}
    for name, labels in rows.items():
        seen = re.findall(rf"^{name}(?:_count)?(?:{{(.*?)}})? ", text, re.M)
        if not seen and name not in table.get("after_an_event", []):
            faults.append(f"{program} does not tell {name}")
        extra = {label for row in seen for label in re.findall(r'(\w+)="', row)} - set(labels) - {"le"}
        if extra:
            faults.append(f"{name} has the labels {sorted(extra)} too")


def span():
    now = time.time_ns()
    sent = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "moves", "kind": 1,
            "startTimeUnixNano": str(now - 10**9), "endTimeUnixNano": str(now), "attributes": [{"key": "sampling.priority", "value": {"intValue": "1"}}]}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "prefect-flow-general"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "prefect"}, "spans": [sent]}]}]}


def traces():
    first = start("jaeger", jaeger, "--config", "FILE")
    start("otel-collector", otelcol, "--config", "FILE")
    until("Jaeger is ready", lambda: get("jaeger", 13133, "/status"))
    until("the collector is ready", lambda: get("otel-collector", 13133, "/"))
    get("otel-collector", 4318, "/v1/traces", span())
    kept = lambda: json.loads(get("jaeger", 16686, "/api/traces?service=prefect-flow-general"))["data"]
    found = until("the span is in Jaeger", kept)
    if found and [one["operationName"] for one in found[0]["spans"]] != ["moves"]:
        faults.append(f"Jaeger shows {found}")
    given("otel-collector", 8888, "otel-collector")
    given("jaeger", 8888, "jaeger")
    if "badger" in (folder / "jaeger.yaml").read_text():
        first.terminate()
        first.wait(60)
        start("jaeger", jaeger, "--config", "FILE")
        until("the span is there after a restart", kept)


def lines(loki):
    start("loki", loki, "-config.file=FILE")
    start("log-collector", otelcol, "--config", "FILE")
    until("Loki is ready", lambda: get("loki", 3100, "/ready"))
    until("the log collector is ready", lambda: get("log-collector", 13133, "/"))
    namespace = re.search(r"/pods/\*(-[a-z]+)_", (folder / "log-collector.yaml").read_text())[1]
    place = here / f"var/log/pods/prefect{namespace}_prefect-server-7d9-x_0000/prefect-server"
    place.mkdir(parents=True)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    with open(place / "0.log", "w") as log:
        # As containerd writes: a whole line, and one in two parts.
        log.write(f"{stamp}.000000001Z stdout F all is well, 0 errors\n{stamp}.000000002Z stderr P 12:00 | ERROR | no ")
        log.write(f"database\n{stamp}.000000003Z stderr F  at all\n")
    query = "/loki/api/v1/query_range?query=%7Bnamespace%3D%22prefect" + namespace + "%22%7D&since=1h"
    found = until("the lines are in Loki", lambda: [stream for stream in json.loads(get("loki", 3100, query))["data"]["result"]
                                                   if len(stream["values"]) > 0])
    said = sorted(value[1] for stream in found or [] for value in stream["values"])
    if said != ["12:00 | ERROR | no database at all", "all is well, 0 errors"]:
        faults.append(f"Loki has {said}")
    seen = {}
    for query in json.loads((folder / "queries.json").read_text()):
        answer = json.loads(get("loki", 3100, f"/loki/api/v1/query_range?{urllib.parse.urlencode({'query': query, 'since': '1h'})}"))
        seen[query] = sum(len(stream["values"]) for stream in answer["data"]["result"])
    if sorted(seen.values())[:1] != [0] or max(seen.values()) != 2 or len(seen) != 5:
        faults.append(f"of the panels, each finds so many lines: {seen}")
    labels = json.loads(get("loki", 3100, "/loki/api/v1/labels"))["data"]
    if not set(labels) <= {"namespace", "workload", "container"} or "container" not in labels:
        faults.append(f"Loki's labels are {labels}")
    counted = until("the lines are counted", lambda: re.findall(r"^(lakehouse_log_\w+)\{.*\} (\d+)$", get("log-collector", 8889, "/metrics"), re.M))
    if sorted(counted or []) != [("lakehouse_log_errors_total", "1"), ("lakehouse_log_lines_total", "2")]:
        faults.append(f"counted are {counted}")
    for program, number, exporter in (("log-collector", 8888, "log-collector"), ("log-collector", 8889, "log-lines"), ("loki", 3100, "loki")):
        given(program, number, exporter)


for place in ("var/lib/jaeger", "var/lib/loki", "var/lib/otelcol", "var/log/pods"):
    (here / place).mkdir(parents=True)
try:
    traces()
    if others:
        lines(*others)
except (OSError, urllib.error.URLError) as error:
    faults.append(f"did not come to its end: {error}")
finally:
    for process in started:
        process.terminate()
    for process in started:
        process.wait(60)
if faults:
    for log in sorted(here.glob("*.log")):
        print(f"== {log.name}", *log.read_text().splitlines()[-15:], sep="\n")
shutil.rmtree(here)
print("\n".join(faults) or "all came through")
sys.exit(1 if faults else 0)
