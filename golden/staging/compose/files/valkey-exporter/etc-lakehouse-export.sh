#!/bin/sh
set -eu
REDIS_USER=$(cat /etc/secrets/valkey-exporter/username)
REDIS_PASSWORD=$(cat /etc/secrets/valkey-exporter/password)
export REDIS_USER REDIS_PASSWORD
export REDIS_ADDR=redis://valkey:6379
exec /redis_exporter
