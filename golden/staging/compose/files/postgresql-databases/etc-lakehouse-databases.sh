#!/bin/sh
# Safe to run again: what is there already stays, and each user's password is the one of its secret.
set -eu
PGPASSWORD="$(cat /etc/secrets/postgresql-owner/password)"
export PGPASSWORD

# make SECRET FILE…: the user of a secret, and what it is to have.
make() {
  NAME="$(cat "/etc/secrets/$1/username")"
  PASSWORD="$(cat "/etc/secrets/$1/password")"
  export NAME PASSWORD
  shift
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --host postgresql --port 5432 \
    --username prefect --dbname prefect --file /etc/lakehouse/user.sql "$@"
}
make postgresql-exporter --file /etc/lakehouse/exporter.sql
