"""Pods as network namespaces of their own, beside the API objects that tell of them, and probes between them.

Runs inside the node's namespace, as root. The namespaces are held by this process alone: when it ends, however it ends, the
kernel takes them with their interfaces and routes. One loop serves every listener and every probe."""
import ctypes, errno, os, pathlib, resource, selectors, socket, struct, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "kubernetes"))
from api import Server

NODE, NODE_ADDRESS, GATEWAY = "node-1", "10.77.0.1", "169.254.1.1"
CLONE_NEWNET, IP_RECVERR, MSG_ERRQUEUE = 0x40000000, 11, 0x2000
libc = ctypes.CDLL(None, use_errno=True)


def sure(code):
    if code:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def ip(lines):
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)


def heard(code):
    """A rule that rejects is a refusal; a full table or no memory is none."""
    return "refused" if code in (errno.ECONNREFUSED, errno.EACCES) else "error " + errno.errorcode[code]


class Net:
    def __init__(self, kubeconfig):
        self.server, self.home = Server(kubeconfig), os.open("/proc/self/ns/net", os.O_RDONLY)
        self.spaces, self.addresses, self.doors, self.made = {}, {}, {}, 0
        self.loop = selectors.DefaultSelector()
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)

    def call(self, method, path, body=None, kind="application/json", also=()):
        status, said, _ = self.server.call(method, path, body, kind)
        if status >= 300 and status not in also:
            raise SystemExit(f"{method} {path}: {status} {said.get('message')}")
        return said

    def enter(self, space):
        sure(libc.setns(space, CLONE_NEWNET))

    def space(self, name, address):
        """A network namespace with one address, whose only way leads over the node."""
        self.made += 1
        sure(libc.unshare(CLONE_NEWNET))
        try:
            space = os.open("/proc/self/ns/net", os.O_RDONLY)
        finally:
            self.enter(self.home)
        port = f"p{os.getpid()}n{self.made}"
        ip(f"link add {port} type veth peer name eth0 netns /proc/{os.getpid()}/fd/{space}\nlink set {port} up\nroute add {address}/32 dev {port}\n")
        self.enter(space)
        try:
            ip(f"address add {address}/32 dev eth0\nlink set eth0 up\nlink set lo up\nroute add {GATEWAY} dev eth0 scope link\nroute add default via {GATEWAY}\n")
        finally:
            self.enter(self.home)
        self.spaces[name], self.addresses[name], self.doors[name] = space, address, set()

    def socket(self, name, protocol):
        self.enter(self.spaces[name])
        try:
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM)
        finally:
            self.enter(self.home)
        made.setblocking(False)
        return made

    def listen(self, name, port, protocol="TCP"):
        if (port, protocol) in self.doors[name]:
            return
        door = self.socket(name, protocol)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("", port))
        if protocol == "TCP":
            door.listen(512)
        self.doors[name].add((port, protocol))
        self.loop.register(door, selectors.EVENT_READ, (self.serve, door, protocol, name.encode()))

    def serve(self, door, protocol, name):
        """Answers with the pod's name."""
        while True:
            try:
                if protocol == "TCP":
                    peer, _ = door.accept()
                    peer.send(name)
                    peer.close()
                else:
                    _, peer = door.recvfrom(64)
                    door.sendto(name, peer)
            except BlockingIOError:
                return
            except OSError:
                continue

    # --- objects ---------------------------------------------------------------------------------------------------------

    def namespace(self, name, labels=None):
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}}, also=(409,))
        self.call("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}}, also=(409,))

    def pod(self, namespace, name, labels, ports):
        """`ports`: (name, number, protocol); returns the object as `lakegen connections` is to read it."""
        key = f"{namespace}/{name}"
        said = [{"containerPort": number, "protocol": protocol, **({"name": called} if called else {})} for called, number, protocol in ports]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name, "labels": labels},
               "spec": {"nodeName": NODE, "automountServiceAccountToken": False, "containers": [{"name": "c", "image": "none", "ports": said}]}}
        self.call("POST", f"/api/v1/namespaces/{namespace}/pods", pod)
        self.space(key, f"10.77.{1 + self.made // 200}.{10 + self.made % 200}")
        for _, number, protocol in ports:
            self.listen(key, number, protocol)
        now, address = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), self.addresses[key]
        held = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("Initialized", "ContainersReady", "Ready", "PodScheduled")]
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "hostIP": NODE_ADDRESS, "conditions": held}
        self.call("PATCH", f"/api/v1/namespaces/{namespace}/pods/{name}/status", {"status": status}, "application/merge-patch+json")
        return {**pod, "status": {"podIP": address}}

    def drop(self, path):
        for one in self.call("GET", path)["items"]:
            meta, kind = one["metadata"], path.rsplit("/", 1)[1]
            if meta["namespace"] != "default":
                self.call("DELETE", f"{path.rsplit('/', 1)[0]}/namespaces/{meta['namespace']}/{kind}/{meta['name']}?gracePeriodSeconds=0", also=(404,))

    def policies(self, objects):
        """These policies, and no others."""
        root = "/apis/networking.k8s.io/v1"
        self.drop(f"{root}/networkpolicies")
        for one in objects:
            self.call("POST", f"{root}/namespaces/{one['metadata']['namespace']}/networkpolicies?fieldValidation=Strict", one)

    def clean(self):
        for path in ("/apis/networking.k8s.io/v1/networkpolicies", "/api/v1/services", "/api/v1/pods"):
            self.drop(path)

    # --- probes ----------------------------------------------------------------------------------------------------------

    def matrix(self):
        """From every end to every port of every other."""
        return [(a, b, port, protocol) for a in self.spaces for b in self.spaces if a != b for port, protocol in sorted(self.doors[b])]

    def probe(self, probes, seconds, width=300):
        """What came of each: open, refused, silent, or an error that is nobody's verdict."""
        results, waiting, todo = {}, {}, list(reversed(probes))
        while todo or waiting:
            while todo and len(waiting) < width:
                self.begin(todo.pop(), seconds, waiting, results)
            for ready, _ in self.loop.select(0.02):
                ready.data[0](*ready.data[1:])
            now = time.monotonic()
            for late in [one for one, (_, end) in waiting.items() if end < now]:
                self.end(late, "silent", waiting, results)
        return results

    def begin(self, key, seconds, waiting, results):
        source, target, port, protocol = key
        one = self.socket(source, protocol)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        code = one.connect_ex((self.addresses.get(target, target), port))
        if code in (0, errno.EINPROGRESS) and protocol == "UDP":
            try:
                one.send(b"?")
            except OSError as error:
                code = error.errno
        if code not in (0, errno.EINPROGRESS):
            one.close()
            results[key] = heard(code)
            return
        waiting[one] = key, time.monotonic() + seconds
        self.loop.register(one, selectors.EVENT_READ, (self.answer, one, key, waiting, results))

    def answer(self, one, key, waiting, results):
        if one not in waiting:
            return
        try:
            said = one.recv(256).decode()
        except BlockingIOError:
            try:
                one.recvmsg(1, 512, MSG_ERRQUEUE)
            except BlockingIOError:
                return
            self.end(one, "refused", waiting, results)
        except OSError as error:
            self.end(one, heard(error.errno), waiting, results)
        else:
            # An address that is no pod's is a Service's: any of its pods may answer.
            good = said == key[1] or key[1] not in self.addresses and said
            self.end(one, "open" if good else f"answered by {said!r}", waiting, results)

    def end(self, one, what, waiting, results):
        key, _ = waiting.pop(one)
        self.loop.unregister(one)
        one.close()
        results[key] = what

    def becomes(self, expected, probes=None, patience=15, seconds=0.5):
        """What still differs once all is as expected or the patience is over: open for those of the set, for no others.

        Each turn asks all, then three times more what differs, for a busy machine loses packets. All is asked again because the engine
        hears of one policy after another: what was asked before would be told as it was without. So nothing is told of a first turn."""
        begin, probes, turns = time.monotonic(), probes or self.matrix(), 0
        while True:
            wrong, turns = self.differing(probes, expected, seconds), turns + 1
            if not wrong:
                return []
            for wait in (2 * seconds, 4 * seconds, 4 * seconds):
                wrong = wrong and self.differing(sorted(wrong), expected, wait)
            if turns > 1 and time.monotonic() - begin > patience:
                want = lambda key: "open" if key in expected else "closed"
                return [f"{k[0]} -> {k[1]}:{k[2]}/{k[3]}: {v}, expected {want(k)}" for k, v in sorted(wrong.items())]

    def differing(self, probes, expected, seconds):
        return {k: v for k, v in self.probe(probes, seconds).items() if v not in (("open",) if k in expected else ("refused", "silent"))}
