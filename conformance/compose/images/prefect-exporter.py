"""Serves what Prefect's API tells of runs, pools and queues, on port 8000: a stub for the exporter of that name, with its
names and labels (schemas/metrics/prefect-exporter.toml), for the last minutes as it does."""
import base64, collections, datetime, http.server, json, os, urllib.request

url, said = os.environ["PREFECT_API_URL"], os.environ.get("PREFECT_API_AUTH_STRING", "")
window = datetime.timedelta(minutes=float(os.environ.get("OFFSET_MINUTES", "3")))
page = 200


def ask(path, body=None):
    headers = {"Content-Type": "application/json", **({"Authorization": "Basic " + base64.b64encode(said.encode()).decode()} if said else {})}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/{path}", body and body.encode(), headers), timeout=10) as answer:
        return json.load(answer)


def every(kind, **asked):
    found = []
    while True:
        more = ask(f"{kind}/filter", json.dumps({"limit": page, "offset": len(found), **asked}))
        found += more
        if len(more) < page:
            return found


def line(name, value, **labels):
    shown = ",".join(f"{key}={json.dumps(str(said))}" for key, said in sorted(labels.items()))
    return f"{name}{{{shown}}} {value}\n"


def metrics():
    since = (datetime.datetime.now(datetime.timezone.utc) - window).isoformat()
    flows = {one["id"]: one["name"] for one in every("flows")}
    deployments = {one["id"]: one["name"] for one in every("deployments")}
    pools, queues = every("work_pools"), every("work_queues")
    for name, value in (("flows", len(flows)), ("deployments", len(deployments)), ("work_pools", len(pools)), ("work_queues", len(queues)),
                        ("flow_runs", ask("flow_runs/count", "{}"))):
        yield line(f"prefect_{name}_total", value)
    runs = collections.Counter()
    for run in every("flow_runs", flow_runs={"operator": "or_", "start_time": {"after_": since}, "end_time": {"after_": since}, "state": {"type": {"any_": ["RUNNING"]}}}):
        runs[deployments.get(run["deployment_id"]), flows.get(run["flow_id"]), run["state_name"], run["work_queue_name"]] += 1
    for (deployment, flow, state, queue), number in sorted(runs.items(), key=str):
        yield line("prefect_info_flow_runs", number, deployment_name=deployment, flow_name=flow, state_name=state, work_queue_name=queue)
    for pool in pools:
        yield line("prefect_info_work_pools", int(not pool["is_paused"]), is_paused=pool["is_paused"], status=pool["status"], type=pool["type"], work_pool_name=pool["name"])
    for queue in queues:
        of = {"work_pool_name": queue.get("work_pool_name"), "work_queue_name": queue["name"]}
        told = ask(f"work_queues/{queue['id']}/status")
        yield line("prefect_info_work_queues", int(not queue["is_paused"]), healthy=told["healthy"], status=queue["status"], **of)
        yield line("prefect_work_queues_late_runs_count", told["late_runs_count"], **of)


class Exporter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"" if self.path == "/favicon.ico" else "".join(metrics()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ask("flow_runs/count", "{}")
http.server.ThreadingHTTPServer(("", 8000), Exporter).serve_forever()
