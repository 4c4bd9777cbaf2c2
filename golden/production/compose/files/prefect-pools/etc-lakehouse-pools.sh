#!/bin/sh
# A pool that is there keeps what its owner has changed (--overwrite would forget it); only the limit is ours.
set -eu
prefect work-pool inspect general > /dev/null 2>&1 ||
  prefect work-pool create general --type process
prefect work-pool set-concurrency-limit general 120
