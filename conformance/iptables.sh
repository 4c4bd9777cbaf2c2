# shellcheck shell=bash
# iptables on the path, for a fresh machine has none: the packages of its own suite, unpacked in a folder. Sourced.
# own_iptables FOLDER
own_iptables() {
  local folder=$1 libraries name
  if iptables --version >/dev/null 2>&1; then return; fi
  "$(dirname "${BASH_SOURCE[0]}")/fetch" "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$folder" \
    iptables libip4tc2 libip6tc2 libxtables12 libnftnl11 libmnl0 libnfnetlink0 libnetfilter-conntrack3
  for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    ln -sf xtables-nft-multi "$folder/usr/sbin/$name"
  done
  libraries=$(dirname "$folder"/usr/lib/*/xtables)
  export PATH=$folder/usr/sbin:$PATH LD_LIBRARY_PATH=$libraries XTABLES_LIBDIR=$libraries/xtables
}
