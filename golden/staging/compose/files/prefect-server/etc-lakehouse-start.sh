#!/bin/sh
# Settings that hold a name and a password inside a longer value, where both must be quoted as in every URL.
set -eu
quoted() {
  python -c 'import os, sys, urllib.parse as u; print(u.quote(os.environ[sys.argv[1]], safe=""))' "$1"
}
user=$(quoted PREFECT_REDIS_MESSAGING_USERNAME)
password=$(quoted PREFECT_REDIS_MESSAGING_PASSWORD)
PREFECT_SERVER_DOCKET_URL="redis://$user:$password@"valkey:6379/1
export PREFECT_SERVER_DOCKET_URL
PREFECT_SERVER_API_AUTH_STRING="$(cat /etc/secrets/prefect-api/username):$(cat /etc/secrets/prefect-api/password)"
export PREFECT_SERVER_API_AUTH_STRING PREFECT_API_AUTH_STRING="$PREFECT_SERVER_API_AUTH_STRING"
exec /usr/bin/tini -g -- /opt/prefect/entrypoint.sh "$@"
