#!/bin/sh
# The password comes from a file, so that it stands in no argument and no variable.
set -eu
umask 077
{
  echo "requirepass $(cat /etc/secrets/valkey-password/password)"
  echo "dir /data"
  echo "appendonly yes"
  # The log is all that is kept: a snapshot beside it would cost its memory and disk once more.
  echo 'save ""'
  echo "maxmemory "268435456
  echo "maxmemory-policy noeviction"
} > /tmp/valkey.conf
exec valkey-server /tmp/valkey.conf
