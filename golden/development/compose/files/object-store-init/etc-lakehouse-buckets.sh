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
