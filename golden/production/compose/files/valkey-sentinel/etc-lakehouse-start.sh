#!/bin/sh
set -eu
umask 077
# shellcheck source=etc-lakehouse-primary.sh
. /etc/lakehouse/primary.sh

ordinal=$(uname -n)
# shellcheck disable=SC2086
set -- $sentinels
shift "${ordinal##*-}"
self=$1
until found=$(primary) && [ "$found" ]; do sleep 1; done

hash=$(printf %s "$VALKEYCLI_AUTH" | sha256sum)
id=$(echo "$self" | sha256sum)
quoted=$(printf %s "$VALKEYCLI_AUTH" | sed 's/[\\"]/\\&/g')
client=$(printf %s "$(cat /etc/secrets/valkey-client/password)" | sha256sum)
{
  echo "user default off"
  echo "user $name on #${hash%% *} resetchannels &* -@all +@connection +sentinel +info +role +publish +subscribe"
  echo "user $(cat /etc/secrets/valkey-client/username) on #${client%% *} resetchannels &* -@all +@connection +subscribe +psubscribe" \
    "+sentinel|masters +sentinel|primaries +sentinel|replicas +sentinel|slaves" \
    "+sentinel|get-master-addr-by-name +sentinel|get-primary-addr-by-name"
} > /tmp/users.acl

primary=primary
{
  echo "dir /tmp"
  echo "port 26379"
  echo "aclfile /tmp/users.acl"
  # Addresses change when a pod is made anew, names do not.
  echo "sentinel resolve-hostnames yes"
  echo "sentinel announce-hostnames yes"
  echo "sentinel announce-ip $self"
  echo "sentinel announce-port 26379"
  # With a new identity at each start, those it had before would count as members that never vote.
  printf 'sentinel myid %.40s\n' "$id"
  echo "sentinel sentinel-user $name"
  printf 'sentinel sentinel-pass "%s"\n' "$quoted"
  echo "sentinel monitor $primary $found 6379 2"
  echo "sentinel auth-user $primary $name"
  printf 'sentinel auth-pass %s "%s"\n' "$primary" "$quoted"
  echo "sentinel down-after-milliseconds $primary 5000"
  echo "sentinel failover-timeout $primary 30000"
  echo "sentinel parallel-syncs $primary 1"
  # So that another can take over even from one that is gone before it could say who follows it.
  for host in $servers; do
    if [ "$host" != "$found" ]; then echo "sentinel known-replica $primary $host 6379"; fi
  done
} > /tmp/sentinel.conf
unset VALKEYCLI_AUTH
exec valkey-server /tmp/sentinel.conf --sentinel
