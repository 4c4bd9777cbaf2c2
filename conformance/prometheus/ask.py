"""Asks a Prometheus every query of the rules and dashboards in a folder, whether each metric in it is one that somebody gives
(the series of series.py), and how its own rules are: ask.py URL FOLDER"""
import json, pathlib, sys, time, tomllib, urllib.error, urllib.parse, urllib.request, yaml

url, work = sys.argv[1], pathlib.Path(sys.argv[2])


def get(path, **query):
    try:
        with urllib.request.urlopen(f"{url}{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def metrics(tree):
    """The names that a parsed query asks for."""
    if isinstance(tree, list):
        return {name for part in tree for name in metrics(part)}
    if not isinstance(tree, dict):
        return set()
    named = {tree["name"]} if tree.get("type") in ("vectorSelector", "matrixSelector") and tree.get("name") else set()
    return named | {name for part in tree.values() for name in metrics(part)}


for _ in range(150):
    try:
        urllib.request.urlopen(url + "/-/ready", timeout=5).read()
        break
    except OSError:
        time.sleep(0.2)
rules = [rule for group in yaml.safe_load((work / "rules.yml").read_text())["groups"] for rule in group["rules"]]
queries = [rule["expr"] for rule in rules] + yaml.safe_load((work / "asked.yml").read_text())
for path in work.glob("*.json"):
    # What Loki is asked is in a language of its own.
    for panel in [panel for panel in json.loads(path.read_text())["panels"] if panel["datasource"]["type"] == "prometheus"]:
        queries += [target["expr"].replace("$__rate_interval", "5m").replace("$__range", "1h") for target in panel.get("targets", [])]
# What rules record, Prometheus itself writes or counts an event is there only once something was.
catalogue = pathlib.Path(__file__).parent.parent.parent / "schemas/metrics"
late = {name for path in catalogue.glob("*.toml") for name in tomllib.loads(path.read_text()).get("after_an_event", [])}
late |= {"ALERTS", "up", "scrape_samples_post_metric_relabeling"} | {rule["record"] for rule in rules if "record" in rule}
given = late | set(get("/api/v1/label/__name__/values")["data"])
wrong, empty = [], 0
for query in queries:
    parsed = get("/api/v1/parse_query", query=query)
    wrong += [f"{query}: nobody gives {name}" for name in sorted(metrics(parsed.get("data")) - given)]
    answer = get("/api/v1/query", query=query)
    if parsed["status"] != "success" or answer["status"] != "success":
        wrong.append(f"{query}: {parsed.get('error')} {answer.get('error')}")
    elif not answer["data"]["result"]:
        empty += 1
for _ in range(60):
    rules = [rule for group in get("/api/v1/rules")["data"]["groups"] for rule in group["rules"]]
    if all(rule["health"] != "unknown" for rule in rules):
        break
    time.sleep(0.5)
wrong += [f"{rule['name']}: {rule.get('lastError')}" for rule in rules if rule["health"] != "ok"]
if not any(alert["labels"]["alertname"] == "Watchdog" and alert["state"] == "firing" for alert in get("/api/v1/alerts")["data"]["alerts"]):
    wrong.append("Watchdog does not fire")
print("\n".join(wrong) or f"{len(queries)} queries, {empty} of them without a series, {len(rules)} rules healthy")
sys.exit(1 if wrong or not queries else 0)
