#!/bin/sh
set -eu
VALKEYCLI_AUTH=$(cat /etc/secrets/valkey-sentinel/password)
export VALKEYCLI_AUTH
ask() {
  valkey-cli -h 127.0.0.1 -t 3 --user "$(cat /etc/secrets/valkey-sentinel/username)" --no-auth-warning "$@"
}
test "$(ask ping)" = PONG
# For the day when all servers start at once, with no Sentinel to ask.
ask role | {
  read -r role
  read -r host
  if [ "$role" = master ]; then host=$(cat /tmp/self); fi
  if [ "$host" != "$(cat /data/primary 2> /dev/null)" ]; then
    echo "$host" > /data/primary.new
    mv /data/primary.new /data/primary
  fi
}
