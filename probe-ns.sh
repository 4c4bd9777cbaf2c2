# S D: which set size the server takes, with machines of their own
set -e
s=$1 d=$2; shift 2
W=/tmp/hC-run/q; rm -rf $W; mkdir -p $W
mount -t proc proc /proc; mount -t tmpfs tmpfs /run; mkdir -p /run/netns
ip link add br0 type bridge; ip addr add 10.77.0.254/24 dev br0; ip link set br0 up; ip link set lo up
{ echo 127.0.0.1 localhost; for ((i=0;i<s;i++)); do echo 10.77.0.$((i+1)) st-$i; done; } > $W/hosts; mount --bind $W/hosts /etc/hosts
for ((i=0;i<s;i++)); do
  ip netns add m$i; ip link add v$i type veth peer name eth0 netns m$i; ip link set v$i master br0 up
  ip -n m$i addr add 10.77.0.$((i+1))/24 dev eth0; ip -n m$i link set eth0 up; ip -n m$i link set lo up
  r=$W/m$i; for ((j=1;j<=d;j++)); do mkdir -p $r/data$j; done; mkdir -p $r/{tmp,proc,etc,dev}; cp -l /tmp/hC-tools/minio $r/minio; cp $W/hosts $r/etc/hosts; mount -t proc proc $r/proc; mount --bind /dev $r/dev
  ip netns exec m$i env -i PATH=$PATH HOME=/tmp CI=true MINIO_CI_CD=1 MINIO_ROOT_USER=admin MINIO_ROOT_PASSWORD=password123 "$@" chroot $r /minio server "http://st-{0...$((s-1))}:9000/data{1...$d}" >>$W/log$i 2>&1 &
done
export MC_CONFIG_DIR=$W/mc; sleep 9
/tmp/hC-tools/mc alias set t http://10.77.0.1:9000 admin password123 >/dev/null && /tmp/hC-tools/mc admin info t | tail -7 || head -c 400 $W/log0
