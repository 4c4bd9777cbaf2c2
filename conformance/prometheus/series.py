"""Two series of every metric of the catalogue, as each job gives it: series.py CATALOGUE FOLDER (its rules.yml names the jobs)

What jobs there are stands in the queries; a series is there under each of them, so that every query finds some."""
import itertools, json, pathlib, re, sys, time, tomllib

catalogue, work = map(pathlib.Path, sys.argv[1:])
text = (work / "rules.yml").read_text()
for path in work.glob("*.json"):
    # What Loki is asked says nothing of series.
    text += json.dumps([panel for panel in json.loads(path.read_text())["panels"] if panel["type"] != "logs"])
jobs = sorted(set(re.findall(r'job=\\?"([-\w]+)\\?"', text)))
# Values that queries ask for; any other label has two of its own.
wanted = {}
for label, values in re.findall(r'(\w+)(?:=~?|!=)\\?"([-\w|]+)\\?"', text):
    wanted.setdefault(label, set()).update(values.split("|"))
now = int(time.time())
metrics = {}
for path in sorted(catalogue.glob("*.toml")):
    for kind, rows in tomllib.loads(path.read_text()).items():
        if isinstance(rows, dict):
            metrics.update({name: (kind, labels) for name, labels in rows.items()})
for name, (kind, labels) in sorted(metrics.items()):
    used = name in text
    values = {label: sorted(wanted.get(label, set()))[:3] or ["a", "b"] for label in labels}
    # Who asks for it without a job knows that one gives it, and would find it twice.
    shared = any("job" in chosen for chosen in re.findall(rf"\b{name}(?:_bucket|_sum|_count)?{{([^}}]*)}}", text))
    print(f"# TYPE {name} unknown")
    for job in jobs if shared else jobs[:1]:
        for instance in ("one:1", "two:1") if shared else ("one:1",):
            for chosen in itertools.islice(itertools.product(*values.values()), 12 if used else 1):
                pairs = {"job": job, "instance": instance, "namespace": "prefect-prod", "pod": instance[:3], **dict(zip(values, chosen))}
                for suffix, extra in {"histogram": [("_bucket", {"le": "1"}), ("_bucket", {"le": "+Inf"}), ("_sum", {}), ("_count", {})],
                                      "summary": [("_sum", {}), ("_count", {})]}.get(kind, [("", {})]):
                    line = ",".join(f'{label}="{value}"' for label, value in {**pairs, **extra}.items())
                    for at, value in ((now - 600, 1), (now - 300, 2), (now - 30, 3)):
                        print(f"{name}{suffix}{{{line}}} {value} {at}")
print("# EOF")
