#!/bin/sh
# Safe to run again: what is there already stays as it is, or becomes what is said here.
set -eu
secret() { cat "/etc/secrets/$1"; }
# The first of several servers may answer long before enough of them are there.
tries=0
until mc alias set store http://object-store:9000 \
  "$(secret object-store-root/username)" "$(secret object-store-root/password)"; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || exit 1
  sleep 2
done
mc ready store

make() {
  mc mb --ignore-existing "$@"
  for bucket; do :; done
  mc anonymous set none "$bucket"
}
make store/bronze
mc version enable store/bronze
mc ilm rule import store/bronze < /etc/lakehouse/bronze-lifecycle.json
make store/silver
mc version enable store/silver
mc ilm rule import store/silver < /etc/lakehouse/silver-lifecycle.json
make store/gold
mc version enable store/gold
mc ilm rule import store/gold < /etc/lakehouse/gold-lifecycle.json
# Backups have a bucket of their own.
make store/backups

# Programs never use the administrator's name. Each has one policy.
user() {
  mc admin policy create store "$1" "/etc/lakehouse/$1.json"
  name=$(secret "$2/username")
  mc admin user add store "$name" "$(secret "$2/password")"
  has=$(mc admin user info store "$name" --json)
  case $has in *'"policyName":"'"$1"'"'*) ;; *) mc admin policy attach store "$1" --user "$name" ;; esac
}
user client object-store-client
user backup object-store-backup
user replication-store replication-store
