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
  user /etc/secrets/valkey-exporter +info +ping '+latency|latest' '+latency|histogram' '+slowlog|len' '+slowlog|get'
  # What replication needs, and what Sentinels do to servers.
  user /etc/secrets/valkey-sentinel '&*' +ping +psync +replconf +info +role +replicaof +slaveof +multi +exec +publish +subscribe \
    '+config|rewrite' '+client|setname' '+client|kill' '+script|kill'
} > /tmp/users.acl

{
  echo "dir /data"
  echo "aclfile /tmp/users.acl"
  echo "appendonly yes"
  # The log is all that is kept: a snapshot beside it would cost its memory and disk once more.
  echo 'save ""'
  echo "maxmemory "1073741824
  echo "maxmemory-policy noeviction"
} > /tmp/valkey.conf

# shellcheck source=etc-lakehouse-primary.sh
. /etc/lakehouse/primary.sh
ordinal=$(uname -n)
# shellcheck disable=SC2086
set -- $servers
first=$1
shift "${ordinal##*-}"
self=$1
echo "$self" > /tmp/self
found=$(primary)
# Nobody runs yet: the one that was written to when all of it stopped holds the newest data.
if [ -z "$found" ] && [ -s /data/primary ]; then found=$(server "$(cat /data/primary)"); fi
{
  echo "replica-announce-ip $self"
  echo "masteruser $name"
  printf 'masterauth "%s"\n' "$(printf %s "$VALKEYCLI_AUTH" | sed 's/[\\"]/\\&/g')"
  # One that nobody follows any more takes no writes: they would be lost when it hears that another took its place.
  echo "min-replicas-to-write 1"
  if [ "${found:=$first}" != "$self" ]; then echo "replicaof $found 6379"; fi
} >> /tmp/valkey.conf
unset VALKEYCLI_AUTH
exec valkey-server /tmp/valkey.conf
