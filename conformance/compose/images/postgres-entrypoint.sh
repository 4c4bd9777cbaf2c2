#!/bin/bash
# What the output relies on of this image's entrypoint: POSTGRES_USER, _PASSWORD_FILE, _DB and _INITDB_ARGS, any user.
set -Eeuo pipefail
[[ ${1:-} != -* ]] || set -- postgres "$@"
[ "${1:-}" = postgres ] || exec "$@"
user=${POSTGRES_USER:-postgres} db=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
mkdir -p "$PGDATA"
chmod 0700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  [ -s "${POSTGRES_PASSWORD_FILE:-}" ] || { echo >&2 "no password is said"; exit 1; }
  read -r -a args <<<"${POSTGRES_INITDB_ARGS:-}"
  initdb --username="$user" --pwfile="$POSTGRES_PASSWORD_FILE" "${args[@]}"
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  PGUSER=$user pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
  query=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$user" --no-password)
  [ "$db" = postgres ] || "${query[@]}" --dbname postgres --set db="$db" <<<'CREATE DATABASE :"db";'
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) bash "$file" ;;
      *.sql) "${query[@]}" --dbname "$db" -f "$file" ;;
    esac
  done
  PGUSER=$user pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" -c listen_addresses='*'
