# shellcheck shell=sh
# Which server is written to: what the Sentinels say; else the one that says so itself; else the one that others follow.
servers='valkey-0 valkey-1 valkey-2'
sentinels='valkey-sentinel-0 valkey-sentinel-1 valkey-sentinel-2'
name=$(cat /etc/secrets/valkey-sentinel/username)
VALKEYCLI_AUTH=$(cat /etc/secrets/valkey-sentinel/password)
export VALKEYCLI_AUTH

ask() {
  host=$1 port=$2
  shift 2
  timeout 3 valkey-cli -h "$host" -p "$port" -t 2 --user "$name" --no-auth-warning "$@" 2> /dev/null || true
}

# The first word of an answer, if that is one of the servers.
server() {
  word=${1%%[!-a-zA-Z0-9.]*}
  case " $servers " in *" $word "*) echo "$word" ;; esac
}

primary() {
  for host in $sentinels; do
    found=$(server "$(ask "$host" 26379 sentinel get-primary-addr-by-name primary)")
    if [ "$found" ]; then echo "$found"; return; fi
  done
  followed=
  for host in $servers; do
    answer=$(ask "$host" 6379 role)
    case $answer in
      master*) echo "$host"; return ;;
      slave*) found=$(server "${answer#slave?}"); followed=${found:-$followed} ;;
    esac
  done
  echo "$followed"
}
