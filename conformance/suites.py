"""Runs other projects' cases and holds their scores against those written down: suites.py RUNNER LAKEGEN MAP SCORES.json

A score that falls fails. One that rises is told, to be written down."""
import json, pathlib, subprocess, sys

runner, lakegen, names, scores = sys.argv[1:]
recorded = json.loads(pathlib.Path(scores).read_text())
worse = 0
for suite, least in sorted(recorded.items()):
    said = subprocess.run([sys.executable, runner, "--lakegen", lakegen, "--map", names, "--suite", suite, "--json"], capture_output=True, text=True)
    rows = [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
    if len(rows) != 1:
        sys.exit(f"{suite}: {said.stdout[-400:]} {said.stderr[-400:]}")
    score = rows[0]["score"]
    worse += score < least
    note = "FELL" if score < least else "may be written down" if score >= least + 0.1 else ""
    print(f"{suite}: {score:.2f} %, recorded {least} % {note}")
sys.exit(1 if worse or not recorded else 0)
