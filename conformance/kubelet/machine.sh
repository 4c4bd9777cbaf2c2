# shellcheck shell=bash
# A machine with a real kubelet: what it is made of, the images that an output names, and what an output's README has one do.
# Sourced after lib.sh, once the output is there.
here=${root:?}/conformance/kubelet
machine=$(mktemp -d) engine=
clean() {
  [ ! -e "$machine/outer" ] || "$here/node" down "$machine" >"${logs:?}/down.log" 2>&1 || cat "$logs/down.log" >&2
  mkdir -p "$logs/machine"
  mv "$machine"/*.log "$logs/machine/" 2>/dev/null || true
  rm -rf "$machine"
  [ -z "$engine" ] || "$root/conformance/compose/engine" stop "$engine"
}

# engine_up: the engine of compose-up, in which images are made and whose containerd runs the pods
engine_up() {
  exec 8>"${cache:?}/engine.lock"
  flock 8 || die "the engine of $cache is in use"
  engine=$cache/engine
  "$root/conformance/compose/engine" start "$engine" "${suite:?}" >"$logs/engine.log" 2>&1 8>&- || { tail -n 20 "$logs/engine.log" >&2; die "no Docker engine can be started ($logs/engine.log)"; }
}
engine_down() {
  "$root/conformance/compose/engine" stop "$engine"
  engine=
  exec 8>&-
}

# programs: built or fetched once, into the cache
programs() {
  [ "$(id -u)" = 0 ] || die "a kubelet needs root"
  control_plane
  kubelet_program
  network_judge
  export PROGRAM=${program:?} KUBELET=${kubelet:?} NETWORK=${judge:?} CNI=$cache/cni-$suite IMAGES=$cache/machine
  once plugins "$root/conformance/fetch" "$suite" "$CNI" containernetworking-plugins >"$logs/fetch.log" 2>&1 ||
    { tail -n 20 "$logs/fetch.log" >&2; die "no plugins of containers' networks: see why apt cannot ($logs/fetch.log)"; }
  go_programs "$here/programs.txt"
  once manifests manifests >"$logs/manifests.log" 2>&1 || die "the operators' modules have no manifests ($logs/manifests.log)"
}

# manifests: what each operator's module has to install it by, in $manifests, for who asks the network for it
manifests=$cache/manifests
manifests() {
  local row
  mkdir -p "$manifests"
  while read -r row; do
    cp "$(cd / && GOFLAGS=-mod=mod go mod download -json "${row% *}" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')/${row#* }" "$manifests/"
  done < <(grep -v '^#' "$here/manifests.txt")
}

# What the images are made of, and which of them the machine's store has.
images_key() { (cd "$root/conformance" && cat compose/images/* compose/programs.txt kubelet/programs.txt kubelet/manifests.txt kubelet/coredns.go) | sha256sum; }
missing_images() { [ "$(sed -n 1p "$IMAGES.names" 2>/dev/null)" = "$(images_key)" ] || images_key >"$IMAGES.names"; printf '%s\n' "${images[@]%@*}" | sort -u | grep -vxFf "$IMAGES.names"; }

# names: every image of the outputs, and what a cluster brings
names() {
  mapfile -t images < <({ for profile in "${profiles[@]}"; do grep -rhoP '^ *(- )?image(Name)?: \K.*' "${out:?}/$profile/k3s-local" "$manifests" --include='*.yaml'; done; echo conformance/coredns:1; echo conformance/pause:1; } | sort -u)
}

# make_images: those that are missing, in the engine
make_images() {
  go_programs "$root/conformance/compose/programs.txt"
  debian_root
  (. "$engine/environment" && PROGRAMS="coredns=${coredns:?} cnpg=${cnpg:?}" "$root/conformance/compose/images/build" "${debian:?}" "${minio:?}" "${mc:?}" "$@") >"$logs/images.log" 2>&1 ||
    { tail -n 20 "$logs/images.log" >&2; die "images cannot be made ($logs/images.log)"; }
}

# give_images: from the engine to the machine, and under the digests that the output asks for
give_images() {
  local image full
  if [ $# -gt 0 ]; then
    (. "$engine/environment" && docker save "$@") | inside ctr -n k8s.io images import --local - >"$logs/import.log" 2>&1 || die "images cannot be given to the machine ($logs/import.log)"
    printf '%s\n' "$@" >>"$IMAGES.names"
  fi
  for image in "${images[@]}"; do
    [[ $image == *@* ]] || continue
    full=$image
    [[ $full == */* ]] || full=library/$full
    [[ $full == *.*/* ]] || full=docker.io/$full
    inside ctr -n k8s.io images tag --force "${full%@*}" "${full%:*@*}@${full#*@}" >>"$logs/import.log" 2>&1 || die "${full%@*} is not in the machine ($logs/import.log)"
  done
}

inside() { "$here/node" exec "$machine" "$@"; }
kubectl() { inside "$PROGRAM" kubectl --kubeconfig "$machine/kubeconfig" "$@"; }

# machine_up: with the images of the outputs in it, and what K3s brings
machine_up() {
  local left
  programs
  exec 7>"$cache/machine.lock"
  flock 7 || die "the machine of $cache is in use"
  names
  mapfile -t left < <(missing_images)
  if [ ${#left[@]} -gt 0 ] || [ ! -e "$cache/engine/environment" ]; then
    engine_up
    [ ${#left[@]} = 0 ] || make_images "${left[@]}"
  fi
  # containerd, runc and iptables are the engine's.
  PATH=$(. "$cache/engine/environment" && echo "$PATH")
  . "$root/conformance/iptables.sh"
  own_iptables "$cache/engine/iptables"
  "$here/node" up "$machine" >"$logs/up.log" 2>&1 7>&- 8>&- || { cat "$logs/up.log" >&2; die "the machine does not start"; }
  give_images "${left[@]}"
  [ -z "$engine" ] || engine_down
  kubectl apply -f "$here/cluster.yaml" >"$logs/cluster.log" || die "the cluster's own objects are refused"
  kubectl -n kube-system rollout status deployment/coredns --timeout 60s >"$logs/cluster.log" 2>&1 || die "the cluster has no name server ($logs/cluster.log)"
}

# readme FOLDER HEADING [NUMBER]: what its README says, word for word, in the machine. What it fetches is in $manifests already;
# no image can be asked for again, so who always would need not.
readme() {
  mkdir -p "$machine/bin"
  cat >"$machine/bin/kubectl" <<EOF
#!/bin/sh
before=
for word; do [ "\$before" != -f ] || [ ! -d "\$word" ] || sed -i 's/imagePullPolicy: Always/imagePullPolicy: IfNotPresent/' "\$word"/*.yaml; before=\$word; done
exec "$PROGRAM" kubectl --kubeconfig "$machine/kubeconfig" "\$@"
EOF
  printf '#!/bin/sh\necho "$2" >>"%s/fetched"\nexec cp "%s/${3##*/}" "$2"\n' "$machine" "$manifests" >"$machine/bin/curl"
  : >"$machine/fetched"
  chmod +x "$machine/bin/kubectl" "$machine/bin/curl"
  python3 "$here/readme.py" "$1/README.md" "${@:2}" >"$machine/block.sh" && (cd "$1" && PATH=$machine/bin:$PATH inside sh "$machine/block.sh") || return
  # What was fetched is no part of the output.
  (cd "$1" && xargs -r rm <"$machine/fetched")
}
asks() { inside env CONFIG="$machine/kubeconfig" OUTPUT="$folder" python3 -B "$here/$1.py" "${@:2}"; }
