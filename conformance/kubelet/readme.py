"""The commands under a heading of an output's README, as a script: readme.py FILE HEADING [NUMBER], all or only that block."""
import re, sys

text = open(sys.argv[1]).read()
section = re.search(rf"^## {re.escape(sys.argv[2])}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
# Whoever asks has made the secrets already.
blocks = [block for block in re.findall(r"^```sh\n(.*?)^```", section[1] if section else "", re.M | re.S) if "lakegen secrets init" not in block]
if not blocks:
    sys.exit(f"{sys.argv[1]} says nothing to do under {sys.argv[2]}")
# Each command must succeed, but for the one that says what is different with its code.
print("set -e\n" + re.sub(r"^(kubectl diff .*)$", r"\1 >/dev/null || [ $? = 1 ]", "".join(blocks if len(sys.argv) < 4 else [blocks[int(sys.argv[3])]]), flags=re.M))
