#!/bin/sh
set -eu
PREFECT_API_AUTH_STRING="$(cat /etc/secrets/prefect-api/username):$(cat /etc/secrets/prefect-api/password)"
export PREFECT_API_AUTH_STRING
exec python /app/main.py
