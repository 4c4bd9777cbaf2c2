"""The Job of a flow run, as a worker makes it of each pool's template that an output has, beside that output: flows.py FOLDER"""
import json, pathlib, re, sys, yaml

folder, made = pathlib.Path(sys.argv[1]), 0
RUN = {"name": "try", "command": ["prefect", "flow-run", "execute"], "env": [{"name": "PREFECT__FLOW_RUN_ID", "value": "1"}], "labels": {"prefect.io/flow-name": "try"}}


def filled(value, variables):
    if isinstance(value, dict):
        return {key: filled(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, variables) for one in value]
    if not isinstance(value, str):
        return value
    # What is nothing but a variable keeps its type.
    if whole := re.fullmatch(r"{{ (\w+) }}", value):
        return variables[whole[1]]
    return re.sub(r"{{ (\w+) }}", lambda found: str(variables[found[1]]), value)


for path in folder.rglob("*-configmap.yaml"):
    for key, text in yaml.safe_load(path.read_text())["data"].items():
        template = json.loads(text) if key.endswith(".json") else {}
        if "job_configuration" not in template:
            continue
        defaults = {name: one["default"] for name, one in template["variables"]["properties"].items() if "default" in one}
        job = filled(template["job_configuration"]["job_manifest"], defaults | RUN)
        job["metadata"]["name"] = job["metadata"].pop("generateName") + "1"
        path.with_name(f"{path.stem}-{key.removesuffix('.json')}.yaml").write_text(yaml.safe_dump(job))
        made += 1
print(f"{made} Jobs")
sys.exit(0 if made else 1)
