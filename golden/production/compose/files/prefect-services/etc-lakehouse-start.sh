#!/bin/sh
# Settings that hold a name and a password inside a longer value, where both must be quoted as in every URL.
set -eu
quoted() {
  python -c 'import os, sys, urllib.parse as u; print(u.quote(os.environ[sys.argv[1]], safe=""))' "$1"
}
user=$(quoted PREFECT_REDIS_MESSAGING_USERNAME)
password=$(quoted PREFECT_REDIS_MESSAGING_PASSWORD)
members=valkey-sentinel-0:26379,valkey-sentinel-1:26379,valkey-sentinel-2:26379
primary=primary
options="sentinel_username=$user&sentinel_password=$password"
url() {
  echo redis+sentinel://"$user:$password@$members/$primary/$1?$options"
}
PREFECT_REDIS_MESSAGING_URL=$(url 0)
PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL=$(url 0)
PREFECT_SERVER_DOCKET_URL=$(url 1)
export PREFECT_REDIS_MESSAGING_URL PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL PREFECT_SERVER_DOCKET_URL
unset PREFECT_REDIS_MESSAGING_USERNAME PREFECT_REDIS_MESSAGING_PASSWORD
PREFECT_SERVER_API_AUTH_STRING="$(cat /etc/secrets/prefect-api/username):$(cat /etc/secrets/prefect-api/password)"
export PREFECT_SERVER_API_AUTH_STRING PREFECT_API_AUTH_STRING="$PREFECT_SERVER_API_AUTH_STRING"
exec /usr/bin/tini -g -- /opt/prefect/entrypoint.sh "$@"
