#!/bin/sh
# Safe to run again: what is there already stays as it is.
set -eu
mc alias set store http://object-store:9000 \
  "$(cat /etc/secrets/object-store-root/username)" "$(cat /etc/secrets/object-store-root/password)"
mc mb --ignore-existing store/bronze
mc anonymous set none store/bronze
mc version enable store/bronze
mc mb --ignore-existing store/silver
mc anonymous set none store/silver
mc version enable store/silver
mc mb --ignore-existing store/gold
mc anonymous set none store/gold
mc version enable store/gold

# Clients never use the administrator's name.
client=$(cat /etc/secrets/object-store-client/username)
mc admin user add store "$client" "$(cat /etc/secrets/object-store-client/password)"
case $(mc admin policy entities store --user "$client") in
  *readwrite*) ;;
  *) mc admin policy attach store readwrite --user "$client" ;;
esac

# Backups have a bucket of their own, and a user who can enter no other.
mc mb --ignore-existing store/backups
mc anonymous set none store/backups
mc admin policy create store backups /etc/lakehouse/backups.json
backup=$(cat /etc/secrets/object-store-backup/username)
mc admin user add store "$backup" "$(cat /etc/secrets/object-store-backup/password)"
case $(mc admin policy entities store --user "$backup") in
  *backups*) ;;
  *) mc admin policy attach store backups --user "$backup" ;;
esac
