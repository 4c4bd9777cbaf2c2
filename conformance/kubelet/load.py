"""Asks the API of Prefect again and again, a new connection each time, until the file STOP is there: load.py STOP. Fails when
one request did, or when there were none."""
import pathlib, sys, time, urllib.request
from cluster import address, documents

stop, end = pathlib.Path(sys.argv[1]), time.monotonic() + 400
[space] = {d["metadata"]["namespace"] for d in documents if d["kind"] == "Service" and d["metadata"]["name"] == "prefect-server"}
url = f"http://{address('prefect-server', space)}:4200/api/health"
asked, failed = 0, []
while not stop.exists() and time.monotonic() < end:
    begin, asked = time.monotonic(), asked + 1
    try:
        urllib.request.urlopen(url, timeout=10).read()
    except OSError as error:
        failed.append(f"request {asked}, after {time.monotonic() - begin:.1f} s: {error}")
    time.sleep(0.05)
print(f"{asked} requests, {len(failed)} failed", *failed[:20], sep="\n")
sys.exit(1 if failed or asked < 20 else 0)
