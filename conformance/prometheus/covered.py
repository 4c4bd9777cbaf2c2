"""Every alert of some outputs has a test, and every test an alert: covered.py ALERTS RULES…"""
import sys, yaml

cases = yaml.safe_load(open(sys.argv[1]))
alerts = {rule["alert"] for path in sys.argv[2:] for group in yaml.safe_load(open(path))["groups"] for rule in group["rules"] if "alert" in rule}
cases = [case for case in cases if "alert" in case]
tested = {case["alert"] for case in cases}
# What always fires cannot stay away; what no profile has is tested once it is switched on.
wrong = [f"{alert} has no test" for alert in sorted(alerts - tested)]
wrong += [f"there is no alert {alert}" for alert in sorted(tested - alerts)]
wrong += [f"{case['alert']}: no time {when}" for case in cases for when in ("quiet", "fires", "resolves")
          if when not in case and when not in case.get("never", {})]
print("\n".join(wrong) or f"{len(alerts)} alerts")
sys.exit(1 if wrong else 0)
