#!/bin/sh
# The one setting that holds a password inside a longer value, where it must be quoted as in every URL.
set -eu
password=$(python -c 'import os, urllib.parse as u; print(u.quote(os.environ["PREFECT_REDIS_MESSAGING_PASSWORD"], safe=""))')
PREFECT_SERVER_DOCKET_URL="redis://:$password@"valkey:6379/1
export PREFECT_SERVER_DOCKET_URL
exec /usr/bin/tini -g -- /opt/prefect/entrypoint.sh "$@"
