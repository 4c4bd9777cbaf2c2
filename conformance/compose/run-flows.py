"""Has a flow run once through each pool, and waits for its end: run-flows.py POOL… in a container with Prefect."""
import sys
from prefect import flow
from prefect.deployments import run_deployment

faults = 0
for pool in sys.argv[1:]:
    found = flow.from_source("/tmp", entrypoint="moves.py:moves")
    found.deploy(name=pool, work_pool_name=pool, parameters={"name": pool}, print_next_steps=False, ignore_warnings=True)
    state = run_deployment(f"moves/{pool}", timeout=240, poll_interval=1).state
    print(pool, state.type.value, state.message)
    faults += state.type.value != "COMPLETED"
sys.exit(1 if faults else 0)
