#!/bin/sh
set -eu
VALKEYCLI_AUTH=$(cat /etc/secrets/valkey-client/password)
export VALKEYCLI_AUTH
ask() {
  valkey-cli -h 127.0.0.1 -t 3 --user "$(cat /etc/secrets/valkey-client/username)" --no-auth-warning "$@"
}
test "$(ask ping)" = PONG
