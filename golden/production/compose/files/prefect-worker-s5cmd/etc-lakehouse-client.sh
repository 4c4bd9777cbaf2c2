#!/bin/sh
# The one setting that is made of two: who asks, and the password.
set -eu
PREFECT_API_AUTH_STRING="$(cat /etc/secrets/prefect-api/username):$(cat /etc/secrets/prefect-api/password)"
export PREFECT_API_AUTH_STRING
exec "$@"
