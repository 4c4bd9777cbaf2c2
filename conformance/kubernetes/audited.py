"""Whether an audit log tells what it must and nothing more, of what the api-server stage planted: audited.py LOG"""
import base64, json, sys

lines = open(sys.argv[1]).read().splitlines()
events = [json.loads(line) for line in lines]


def of(resource, verb, name):
    found = [e for e in events if (o := e.get("objectRef", {})).get("resource") == resource and e["verb"] == verb and o.get("name") == name]
    return found[-1] if found else None


wrong = []
for resource, level in (("secrets", "Metadata"), ("deployments", "Request"), ("clusterroles", "RequestResponse")):
    event = of(resource, "create", "planted")
    if event is None or event["level"] != level:
        wrong.append(f"{resource}: {event and event['level']}, not {level}")
wrong += [f"a secret's value: {line[:200]}" for line in lines if "planted-value" in line or base64.b64encode(b"planted-value").decode() in line]
wrong += [f"of no use: {e['verb']} {e['requestURI']}" for e in events if e.get("objectRef", {}).get("resource") in ("leases", "events")][:3]
print("\n".join(wrong) or f"{len(events)} events")
sys.exit(1 if wrong or not events else 0)
