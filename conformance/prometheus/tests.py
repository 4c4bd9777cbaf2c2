"""The tests of alerts.yaml for the rules of one output, as promtool reads them: tests.py ALERTS FOLDER

Each alert has series under which it stays away (quiet), comes (fires) and goes (resolves), at those times; what is recorded has values
at times, or none. A test file holds the tests of one group that step alike: promtool looks at every rule of it at every step."""
import pathlib, sys, yaml

cases, work = yaml.safe_load(open(sys.argv[1])), pathlib.Path(sys.argv[2])
groups = yaml.safe_load((work / "rules.yml").read_text())["groups"]
home = {rule.get("alert") or rule["record"]: group["name"] for group in groups for rule in group["rules"]}
for group in groups:
    (work / f"group-{group['name']}.yml").write_text(yaml.safe_dump({"groups": [group]}, sort_keys=False))


def asked(case, about):
    """What promtool asks, and the answers."""
    if "record" in case:
        values = case["values"].items()
        return [{"expr": f"max({about})", "eval_time": time, "exp_samples": [] if value is None else [{"labels": "{}", "value": value}]} for time, value in values]
    firing = f'count(ALERTS{{alertname="{about}",alertstate="firing"}})'
    return [{"expr": firing, "eval_time": case[when], "exp_samples": [{"labels": "{}", "value": 1}] if when == "fires" else []}
            for when in ("quiet", "fires", "resolves") if when in case]


files = {}
for case in cases:
    about = case.get("alert") or case["record"]
    if about not in home:
        continue
    if numbers := [name for name, values in case["series"].items() if not isinstance(values, str)]:
        sys.exit(f"{about}: YAML takes what {numbers} are for numbers, so quote it")
    series = [{"series": name, "values": values} for name, values in case["series"].items()]
    step = case.get("interval", "1m")
    files.setdefault((home[about], step), []).append({"interval": step, "input_series": series, "promql_expr_test": asked(case, about)})
for (group, step), tests in files.items():
    said = {"rule_files": [f"group-{group}.yml"], "evaluation_interval": step, "tests": tests}
    (work / f"test-{group}-{step}.yml").write_text(yaml.safe_dump(said, sort_keys=False))
print(f"{sum(map(len, files.values()))} tests")
sys.exit(0 if files else 1)
