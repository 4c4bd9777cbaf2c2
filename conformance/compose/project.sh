# shellcheck shell=bash
# A project of a compose file in a Docker engine: the one that answers, with the images that the file names; else root starts
# one of its own, with images made here from the same programs (images/), those of more_images among them. Sourced after lib.sh,
# once the output is there.
here=${root:?}/conformance/compose
. "$root/conformance/observe/programs.sh"
project='' folder='' engine=''

down() { [ -z "$project" ] || docker compose -p "$project" -f "$folder/conformance.yaml" down --volumes --remove-orphans --timeout 10 >"${logs:?}/down.log" 2>&1; }
clean() {
  down || true
  [ -z "$engine" ] || "$here/engine" stop "$engine"
}

# What only larger profiles run.
more_programs() {
  made=()
  case " ${images[*]}" in *' otel/opentelemetry-collector'*) collector_program && made+=("otelcol=$otelcol") ;; esac
  case " ${images[*]}" in *' jaegertracing/jaeger'*) jaeger_program && made+=("jaeger=${jaeger:?}") ;; esac
}

own_engine() {
  [ "$(id -u)" = 0 ] || die "no Docker engine answers: start one, or run this as root, which starts its own"
  tools ip=iproute2
  exec 8>"${cache:?}/engine.lock"
  flock 8 || die "the engine of $cache is in use"
  engine=$cache/engine
  "$here/engine" start "$engine" "${suite:?}" >"$logs/engine.log" 2>&1 8>&- || { tail -n 20 "$logs/engine.log" >&2; die "no Docker engine can be started ($logs/engine.log)"; }
  . "$engine/environment"
  export LOCAL=yes
  go_programs "$here/programs.txt"
  mapfile -t images < <(for profile in "${profiles[@]}"; do sed -n 's/^ *image: //p' "${out:?}/$profile/compose/docker-compose.yaml"; done | sort -u)
  debian_root
  more_programs
  PROGRAMS="${made[*]}" "$here/images/build" "${debian:?}" "${minio:?}" "${mc:?}" "${images[@]}" ${more_images[@]+"${more_images[@]}"} >"$logs/images.log" 2>&1 || { tail -n 20 "$logs/images.log" >&2; die "images cannot be made ($logs/images.log)"; }
  echo "$stage: with images made here, of the nearest versions; the exporter of Prefect and Grafana are stubs, silo is MinIO"
}
docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1 || own_engine

# prepare PROFILE: its secrets, and the file that is started
prepare() {
  folder=$out/$1/compose
  (cd "$root" && target/debug/lakegen secrets init --quiet "${catalog[@]}" --profile "$1" --mode compose --out "$folder") >"$logs/secrets.log" 2>&1 ||
    { cat "$logs/secrets.log" >&2; die "lakegen secrets init failed"; }
  project=conformance-$1
  holds "$1 prepared" ask prepare
  compose=(docker compose -p "$project" -f "$folder/conformance.yaml")
  [ -n "${LOCAL:-}" ] || "${compose[@]}" pull --quiet >"$logs/pull.log" 2>&1 || { tail -n 20 "$logs/pull.log" >&2; die "the images cannot be pulled"; }
}
start() { holds "$1 up" "${compose[@]}" up --detach --pull never --quiet-pull --wait --wait-timeout "${WAIT:-400}"; }
ask() { python3 "$here/stack.py" "$1" "$folder" "$project"; }

# What a failed project said, for whoever looks into it.
keep_logs() { docker compose -p "$project" -f "$folder/conformance.yaml" logs --no-color --timestamps >"$logs/$1-containers.log" 2>&1 || true; }

# remove PROFILE
remove() {
  holds "$1 down" down
  holds "$1 gone" ask gone
  project=''
}
