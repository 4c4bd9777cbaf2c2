#!/bin/sh
set -eu
REDIS_USER=$(cat /etc/secrets/valkey-exporter/username)
REDIS_PASSWORD=$(cat /etc/secrets/valkey-exporter/password)
export REDIS_USER REDIS_PASSWORD
# Each tells of the server of its own number.
ordinal=$(uname -n)
set -- valkey-0 valkey-1 valkey-2
shift "${ordinal##*-}"
export REDIS_ADDR=redis://"$1:6379"
exec /redis_exporter
