# shellcheck shell=bash
# What the stages share: counting, the cache, the judges, and what lakegen makes. Sourced, with root set.
cache=${LAKEGEN_CACHE:-$HOME/.cache/lakegen}
# KUBERNETES asks for another version; kwok goes with one minor version only.
kubernetes=${KUBERNETES:-v1.36.4}
kwok=v0.8.0
# SIG Network's kube-network-policies.
policies=v1.1.1
[[ $kubernetes = v1.36.* ]] || kwok=none
suite=forky
logs=${root:?}/target/conformance/${stage:?}
out=$logs/out
# PROFILES narrows a stage to some; CATALOG is laid on top of the built-in catalog.
read -r -a profiles <<<"${PROFILES:-development staging production}"
catalog=(${CATALOG:+--catalog "$CATALOG"})
passed=0 failed=0 counted= absent=()
# What runs beside the stage: the name of each process.
declare -A parts=()
part=
# The process that fills a part of the cache just now, and whether it was interrupted.
filling= interrupted=
# What is known of the stage before is of no use: only what failed now is kept.
rm -rf "$logs"
mkdir -p "$cache" "$logs"

# A stage ends in one of three ways: finish, die, or by a fault or a signal, also that nobody hears it any more, which the shell is told
# when it says whom the signal ended. In each it tidies up and says its counts.
clean() { :; }
# end PID: it and all that it began
end() {
  local child
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do end "$child"; done
  kill "$1" 2>/dev/null || true
}
ended() {
  local code=$?
  trap '' INT TERM HUP PIPE
  [ ${#parts[@]} = 0 ] || { kill "${!parts[@]}" 2>/dev/null || true; wait; }
  clean || true
  [ -n "$counted" ] || { echo "$stage: $passed passed, $((failed + 1)) failed (it did not come to its end)"; [ $code != 0 ] || code=1; }
  exit $code
}
trap ended EXIT
# What is being made for the cache has its output elsewhere: it ends, and with it the stage, where there is somebody to hear why.
interrupt() {
  interrupted=yes
  [ -n "$filling" ] || exit 130
  end "$filling"
}
trap interrupt INT TERM HUP PIPE

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED $1" >&2; }

# holds NAME COMMAND…: one check; what a failing one says is kept and shown.
holds() {
  local name=$1 log begin=$SECONDS
  shift
  log=$logs/${name//[^A-Za-z0-9.-]/_}.log
  if "$@" >"$log" 2>&1; then ok; rm -f "$log"; else bad "$name"; head -c 4000 "$log" >&2; fi
  echo "$((SECONDS - begin)) s: $name" >>"$logs/times"
}

# A port of this machine that nobody has.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# is_silent COMMAND…: succeeds and says nothing, for judges that warn and go on.
is_silent() { local said; said=$("$@" 2>&1) && [ -z "$said" ] || { echo "$said"; return 1; }; }

# not_judged WHAT WHY: what cannot be asked here. Nothing fails, and the counts say it.
not_judged() { absent+=("$1"); echo "$stage: NOT JUDGED: $1, for $2" >&2; }

# Where nothing could be asked the code is 77, which is neither good nor bad.
finish() {
  counted=yes
  [ "$failed" = 0 ] || echo "$stage: what failed said more in $logs"
  echo "$stage: $passed passed, $failed failed${absent[*]:+, ${#absent[@]} NOT JUDGED}"
  [ "$failed" = 0 ] || exit 1
  [ "$passed" -gt 0 ] || exit "$([ ${#absent[@]} = 0 ] && echo 1 || echo 77)"
}

# die REASON AND REMEDY
die() {
  [ -z "$interrupted" ] || exit 130
  echo "$stage: ${part:+$part: }$1" >&2
  [ -z "$part" ] || exit 1
  counted=yes
  echo "$stage: $passed passed, $((failed + 1)) failed"
  exit 1
}

# beside NAME COMMAND…: a part of the stage in a process of its own, with its own logs and its own `clean`.
beside() {
  part_of "$@" &
  parts[$!]=$1
}
part_of() {
  part=$1 parts=() filling= passed=0 failed=0
  logs=$logs/$part
  mkdir -p "$logs"
  clean() { :; }
  trap part_ended EXIT
  trap interrupt INT TERM HUP PIPE
  shift
  "$@"
  counted=yes
}
part_ended() {
  trap '' INT TERM HUP PIPE
  clean || true
  [ -n "$counted" ] || failed=$((failed + 1))
  echo "$passed $failed" >"$logs/counts"
}

# together: waits for all that runs beside, and counts what they counted; one that counted nothing has failed.
together() {
  local name well wrong
  wait
  for name in "${parts[@]}"; do
    well=0 wrong=1
    read -r well wrong <"$logs/$name/counts" || true
    passed=$((passed + well)) failed=$((failed + wrong))
    [ "$((well + wrong))" -gt 0 ] || bad "$name: nothing was judged"
    sed "s/: /: $name: /" "$logs/$name/times" >>"$logs/times" 2>/dev/null || true
  done
  parts=()
}

# once NAME COMMAND…: what fills one part of the cache, one process at a time. In the background, for a shell that waits hears an
# interrupt at once.
once() {
  local code=0
  mkdir -p "$cache/locks"
  (flock 9 && "${@:2}") 9>"$cache/locks/$1" &
  filling=$!
  wait "$filling" || code=$?
  filling=
  return $code
}

# target/debug/lakegen, made beside the tests: alone it would want some crates with other features, and so once more.
lakegen_program() {
  (cd "$root" && cargo build --locked --quiet --bin lakegen --test it) >"$logs/cargo.log" 2>&1 ||
    { tail -n 20 "$logs/cargo.log" >&2; die "lakegen does not build: cargo build says why"; }
}

# generate MODE: the output of every profile, under $out/PROFILE/MODE.
# Of a CATALOG the stage alone judges: what lakegen itself refuses would hide whether the stage sees a planted fault.
generate() {
  local profile
  lakegen_program
  for profile in "${profiles[@]}"; do
    rm -rf "${out:?}/$profile/$1"
    (cd "$root" && target/debug/lakegen build ${CATALOG:+--unjudged} "${catalog[@]}" --profile "$profile" --mode "$1" --out "$out/$profile/$1") >"$logs/build.log" 2>&1 ||
      { cat "$logs/build.log" >&2; die "lakegen build --profile $profile --mode $1 failed"; }
  done
}

# more MODE FOLDER SET…: of profile development, with a component of a user's and executors, which no profile has.
more() {
  local sets=('components.wiki={}' 'components.executor={}' "${@:3}")
  rm -rf "$2"
  (cd "$root" && target/debug/lakegen build --quiet --catalog tests/catalogs/wiki --profile development --mode "$1" "${sets[@]/#/--set=}" --out "$2") >"$logs/build.log" 2>&1 ||
    { cat "$logs/build.log" >&2; die "lakegen build of more components failed"; }
}

# install_packages PACKAGE…: of this machine's Debian, for a fresh one has little.
install_packages() { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }

# tools PROGRAM=PACKAGE…: small programs that a stage calls, installed where they are missing.
tools() {
  local pair
  for pair; do
    command -v "${pair%=*}" >/dev/null || once apt install_packages "${pair#*=}" >"$logs/apt.log" 2>&1 ||
      { tail -n 5 "$logs/apt.log" >&2; die "no ${pair%=*}: apt-get install ${pair#*=} ($logs/apt.log)"; }
  done
}

# make_venv FOLDER: Debian keeps what this needs in a package of its own.
make_venv() {
  python3 -m venv "$1" && return
  rm -rf "$1"
  install_packages python3-venv && python3 -m venv "$1"
}

python_folder() { echo "$cache/python-$(sha256sum "$root/conformance/requirements.txt" | cut -c1-12)"; }

install_python() {
  [ ! -e "$1/ready" ] || return 0
  rm -rf "$1"
  make_venv "$1" && "$1/bin/pip" install --quiet --disable-pip-version-check -r "$root/conformance/requirements.txt" && touch "$1/ready"
}

# Python with what the judges need, yamllint and shellcheck among it, at the versions of requirements.txt.
python_tools() {
  local venv
  venv=$(python_folder)
  [ -e "$venv/ready" ] || once python install_python "$venv" >"$logs/python.log" 2>&1 ||
    { tail -n 5 "$logs/python.log" >&2; die "conformance/requirements.txt cannot be installed: does python3 -m venv work, and does pip reach its index? ($logs/python.log)"; }
  PATH=$venv/bin:$PATH
}

# What a program is built from is in its name: the sum of the files that build it.
built_from() { cat "$@" | sha256sum | cut -c1-8; }

# built NAME WHAT PROGRAM COMMAND…: a program of Go modules that takes minutes to build, once.
built() {
  [ ! -x "$3" ] || return 0
  command -v go >/dev/null || die "building $2 needs Go"
  echo "$stage: building $2 from Go modules, some minutes, once ($logs/build-$1.log)" >&2
  once "$1" "${@:4}" >"$logs/build-$1.log" 2>&1 || { tail -n 20 "$logs/build-$1.log" >&2; die "$2 does not build: does Go reach its proxy?"; }
}

control_plane_path() { echo "$cache/controlplane-$kubernetes-kwok-$kwok-$(built_from "$root"/conformance/kubernetes/{build,*.go})"; }

# $program: the Kubernetes control plane, kubectl and kwok among its roles.
control_plane() {
  program=$(control_plane_path)
  built kubernetes "Kubernetes $kubernetes" "$program" "$root/conformance/kubernetes/build" "$kubernetes" "$kwok" "$program"
}

# api_server: the control plane runs in the folder $run until the stage tidies up; $here is where its judges are.
api_server() {
  here=$root/conformance/kubernetes run=$(mktemp -d)
  clean() { api_server_down; }
  "$here/up" "$program" "$run" >"$logs/up.log" 2>&1 || { cat "$logs/up.log" >&2; die "the control plane does not start"; }
  export KUBECONFIG=$run/kubeconfig
}

# For a stage that has more to tidy up. What the servers said is kept.
api_server_down() {
  "$here/down" "$program" "$run"
  mkdir -p "$logs/servers"
  mv "$run"/*.log "$logs/servers/" 2>/dev/null || true
  rm -rf "$run"
}

# $crds: a folder with the definitions of the kinds that operators serve.
definitions() {
  crds=$(once crds "$root/conformance/kubernetes/crds" "$cache/crds" 2>"$logs/crds.log") ||
    { cat "$logs/crds.log" >&2; die "the definitions of crds.txt cannot be had"; }
}

debian_path() { echo "$cache/debian-$suite-$(built_from "$root"/conformance/{debian,compose/images/packages.txt}).tar"; }

# $debian: a root of Debian with all that images are made of
debian_root() {
  debian=$(debian_path)
  tools mmdebstrap=mmdebstrap
  once debian "$root/conformance/debian" "$suite" "$debian" >"$logs/debian.log" 2>&1 || { tail -n 20 "$logs/debian.log" >&2; die "no root of Debian: mmdebstrap says why ($logs/debian.log)"; }
}

# $compose: a docker compose that is there, or the Debian package of it, unpacked in the cache.
compose_program() {
  if docker compose version >/dev/null 2>&1; then compose=(docker compose); return; fi
  compose=("$cache/compose/usr/libexec/docker/cli-plugins/docker-compose")
  [ -x "${compose[0]}" ] && return
  once compose "$root/conformance/fetch" "$suite" "$cache/compose" docker-compose >"$logs/fetch.log" 2>&1 ||
    { tail -n 20 "$logs/fetch.log" >&2; die "no docker compose: install its plugin, or see why apt cannot ($logs/fetch.log)"; }
}

# go_program_path NAME MODULE PACKAGE LIST: one of a .go file beside the list has its sum in its name.
go_program_path() { [[ $3 != *.go ]] || set -- "$1" "$2-$(built_from "$(dirname "$4")/$3")"; echo "$cache/programs/$1-${2##*@}"; }

# go_programs LIST: each program of a list, in the cache under its name and version; $NAME is where. A .go file lies beside it.
go_programs() {
  local name module package replaces
  while read -r name module package replaces; do
    declare -g "$name=$(go_program_path "$name" "$module" "$package" "$1")"
    [[ $package != *.go ]] || package=$(dirname "$1")/$package
    # shellcheck disable=SC2086 # words, each a replacement
    [ -x "${!name}" ] || once "$name" "$root/conformance/go-program" "${!name}" "$module" "$package" $replaces >"$logs/build-$name.log" 2>&1 ||
      { tail -n 20 "$logs/build-$name.log" >&2; die "$module does not build: is there Go, and does it reach its proxy?"; }
  done < <(grep -v '^#' "$1")
}

# The newest collector of OpenTelemetry for which all parts are to be had.
collector=v0.158.0
collector_path() { echo "$cache/programs/otelcol-$collector-$(built_from "$root"/conformance/observe/{build,main.go})"; }

# Prometheus with promtool and amtool, on the path: the Debian packages of them, unpacked in the cache.
prometheus_programs() {
  local folder=$cache/prometheus-$suite
  once prometheus "$root/conformance/fetch" "$suite" "$folder" promtool prometheus prometheus-alertmanager >"$logs/fetch.log" 2>&1 ||
    { tail -n 20 "$logs/fetch.log" >&2; die "no Prometheus: see why apt cannot ($logs/fetch.log)"; }
  PATH=$folder/usr/bin:$PATH
}

network_judge_path() { echo "$cache/networkjudge-$kubernetes-policies-$policies-$(built_from "$root"/conformance/network/{build,*.go})"; }

# $judge: kube-proxy and a policy engine as one program.
network_judge() {
  judge=$(network_judge_path)
  built network "kube-proxy $kubernetes and a policy engine" "$judge" "$root/conformance/network/build" "$kubernetes" "$policies" "$judge"
}

kubelet_path() { echo "$cache/kubelet-$kubernetes-$(built_from "$root"/conformance/kubelet/{build,main.go})"; }

# $kubelet: a program of its own, so that who needs only the control plane does not wait for it.
kubelet_program() {
  kubelet=$(kubelet_path)
  built kubelet "the kubelet of $kubernetes" "$kubelet" "$root/conformance/kubelet/build" "$kubernetes" "$kubelet"
}
