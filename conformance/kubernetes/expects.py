"""How many machines a mode expects, and in how many zones, when a profile says nothing else: expects.py ROOT PROFILE MODE"""
import pathlib, sys, tomllib

root, profile, mode = pathlib.Path(sys.argv[1]), *sys.argv[2:]
said = tomllib.loads((root / f"profiles/{profile}.toml").read_text()).get(mode, {})
answers, asked = {}, mode
while asked:
    table = tomllib.loads((root / f"templates/modes/{asked}/mode.toml").read_text())
    answers = {name: option["default"] for name, option in table["options"].items() if name in ("nodes", "zones")} | answers
    asked = table.get("extends")
print(*(said.get(name, answers[name]) for name in ("nodes", "zones")))
