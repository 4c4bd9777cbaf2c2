"""What asks a Docker engine has in common, whatever runs in it: its words, patience, and how PostgreSQL is spoken to before TLS."""
import ssl, struct, subprocess, sys, time

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
PLAIN = struct.pack("!ii", 39, 196608) + b"user\0prefect\0database\0prefect\0\0"


def docker(*words, stdin=None, check=True):
    said = subprocess.run(["docker", *map(str, words)], input=stdin, capture_output=True, text=True)
    if check and said.returncode:
        sys.exit(f"docker {' '.join(map(str, words))[:400]}: {said.stdout[-1500:]}{said.stderr[-1500:]}")
    return said


def within(seconds, ask, step=2):
    """What `ask` still finds, once it finds nothing or the time is over."""
    last = time.monotonic() + seconds
    while (left := ask()) and time.monotonic() < last:
        time.sleep(step)
    return left


def end(faults):
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


def sealed(there, authority, name, postgresql=False):
    """A connection over TLS to who must be called that; PostgreSQL wants to be asked for it first."""
    if postgresql:
        there.sendall(SSL_REQUEST)
        if there.recv(1) != b"S":
            raise OSError("it speaks no TLS")
    return ssl.create_default_context(cafile=authority).wrap_socket(there, server_hostname=name)


def answer(there, words):
    """What is said to words without TLS; who hangs up says nothing."""
    there.sendall(words)
    try:
        return there.recv(1000)
    except ConnectionResetError:
        return b""
