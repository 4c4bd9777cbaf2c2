# shellcheck shell=bash
# What the stages share: counting, the cache, the judges, and what lakegen makes. Sourced, with root set.
cache=${LAKEGEN_CACHE:-$HOME/.cache/lakegen}
kubernetes=v1.36.4
plugin_suite=forky
logs=${root:?}/target/conformance/${stage:?}
out=$root/target/conformance/out
profiles=(development staging production)
passed=0 failed=0
mkdir -p "$cache" "$logs"

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED $1" >&2; }

# holds NAME COMMAND…: one check; what a failing one says is kept and shown.
holds() {
  local name=$1 log
  shift
  log=$logs/${name//[^A-Za-z0-9.-]/_}.log
  if "$@" >"$log" 2>&1; then ok; rm -f "$log"; else bad "$name"; head -c 4000 "$log" >&2; fi
}

# is_silent COMMAND…: succeeds and says nothing, for judges that warn and go on.
is_silent() { local said; said=$("$@" 2>&1) && [ -z "$said" ] || { echo "$said"; return 1; }; }

finish() { echo "$stage: $passed passed, $failed failed"; [ "$failed" = 0 ] && [ "$passed" -gt 0 ]; }

die() { echo "$stage: $1" >&2; echo "$stage: $passed passed, $((failed + 1)) failed"; exit 1; }

# generate MODE: the output of every profile, under $out/PROFILE/MODE.
generate() {
  local profile
  (cd "$root" && cargo build --locked --quiet) || die "lakegen does not build"
  for profile in "${profiles[@]}"; do
    rm -rf "${out:?}/$profile/$1"
    (cd "$root" && target/debug/lakegen build --profile "$profile" --mode "$1" --out "$out/$profile/$1") >"$logs/build.log" 2>&1 ||
      { cat "$logs/build.log" >&2; die "lakegen build --profile $profile --mode $1 failed"; }
  done
}

# make_venv FOLDER: Debian keeps what this needs in a package of its own.
make_venv() {
  python3 -m venv "$1" && return
  rm -rf "$1"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv && python3 -m venv "$1"
}

# Python with PyYAML, yamllint and shellcheck, at the versions of requirements.txt.
python_tools() {
  local venv
  venv=$cache/python-$(sha256sum "$root/conformance/requirements.txt" | cut -c1-12)
  if ! [ -e "$venv/ready" ]; then
    rm -rf "$venv"
    make_venv "$venv" >"$logs/venv.log" 2>&1 || die "python3 -m venv fails: apt-get install python3-venv ($logs/venv.log)"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$root/conformance/requirements.txt" >"$logs/pip.log" 2>&1 ||
      die "pip cannot install conformance/requirements.txt ($logs/pip.log)"
    touch "$venv/ready"
  fi
  PATH=$venv/bin:$PATH
}

# $program: the Kubernetes control plane, kubectl among its roles.
control_plane() {
  program=$cache/controlplane-$kubernetes
  [ -x "$program" ] && return
  command -v go >/dev/null || die "building Kubernetes $kubernetes needs Go"
  echo "$stage: building Kubernetes $kubernetes from its Go modules, some minutes, once ($logs/build-kubernetes.log)" >&2
  "$root/conformance/kubernetes/build" "$kubernetes" "$program" >"$logs/build-kubernetes.log" 2>&1 ||
    { tail -n 20 "$logs/build-kubernetes.log" >&2; die "Kubernetes does not build"; }
}

# $crds: a folder with the definitions of the kinds that operators serve.
definitions() {
  crds=$("$root/conformance/kubernetes/crds" "$cache/crds" 2>"$logs/crds.log") ||
    { cat "$logs/crds.log" >&2; die "the definitions of crds.txt cannot be had"; }
}

# $compose: a docker compose that is there, or the Debian package of it, unpacked in the cache.
compose_program() {
  if docker compose version >/dev/null 2>&1; then compose=(docker compose); return; fi
  compose=("$cache/compose/usr/libexec/docker/cli-plugins/docker-compose")
  [ -x "${compose[0]}" ] && return
  "$root/conformance/compose/fetch" "$plugin_suite" "$cache/compose" >"$logs/fetch.log" 2>&1 ||
    { tail -n 20 "$logs/fetch.log" >&2; die "no docker compose: install its plugin, or see why apt cannot ($logs/fetch.log)"; }
}
