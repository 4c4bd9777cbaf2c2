#!/bin/sh
# Passwords come from files, so that they stand in no argument and no variable of the server.
set -eu
umask 077

user() {
  folder=$1
  shift
  hash=$(printf %s "$(cat "$folder/password")" | sha256sum)
  echo "user $(cat "$folder/username") on #${hash%% *} resetchannels -@all $*"
}

{
  echo "user default off"
  # Whole families that data are read and written with, but nothing that looks at other clients or stops the server.
  user /etc/secrets/valkey-client '~*' '&*' +@read +@write +@pubsub +@transaction +@connection -@dangerous \
    +info +eval +evalsha '+script|load' '+script|exists'
} > /tmp/users.acl

{
  echo "dir /data"
  echo "aclfile /tmp/users.acl"
  echo "appendonly yes"
  # The log is all that is kept: a snapshot beside it would cost its memory and disk once more.
  echo 'save ""'
  echo "maxmemory "268435456
  echo "maxmemory-policy noeviction"
} > /tmp/valkey.conf
exec valkey-server /tmp/valkey.conf
