#!/bin/sh
# A pool that is there keeps what its owner has changed (--overwrite would forget it), and none is deleted; the limit is
# ours, and so is the template of Jobs, for the cluster refuses others.
set -eu
prefect work-pool inspect general > /dev/null 2>&1 ||
  prefect work-pool create general --type process
prefect work-pool set-concurrency-limit general 120
prefect work-pool inspect s5cmd > /dev/null 2>&1 ||
  prefect work-pool create s5cmd --type process
prefect work-pool set-concurrency-limit s5cmd 30
