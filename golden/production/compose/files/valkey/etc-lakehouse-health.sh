#!/bin/sh
set -eu
REDISCLI_AUTH="$(cat /etc/secrets/valkey-password/password)"
export REDISCLI_AUTH
test "$(valkey-cli -h 127.0.0.1 -t 3 ping)" = PONG
