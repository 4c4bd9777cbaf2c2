"""What is written into a platform and must stay, whatever it runs on: a row, a key and an object.

`sql` runs a text, `cache` gives the answers of all caches to a command (followers refuse to write), `s3` runs moves.py."""

# What `cache` runs in each container of a cache, with the command as its arguments.
ASK = ('[ ! -e /etc/secrets/valkey-tls ] || set -- --tls --cacert /etc/secrets/valkey-tls/ca.crt "$@"; '
       'exec valkey-cli --user "$(cat /etc/secrets/valkey-client/username)" --pass "$(cat /etc/secrets/valkey-client/password)" --no-auth-warning "$@"')


def write(sql, cache, s3):
    sql("create table conformance (word text); insert into conformance values ('kept')")
    said = cache("SET", "conformance", "kept")
    return s3("put", "kept", "kept") + ([] if "OK" in said else [f"no cache takes a key: {said}"])


def kept(sql, cache, s3):
    row, keys = sql("select word from conformance"), cache("GET", "conformance")
    return s3("get", "kept", "kept") + ([] if row == "kept" else [f"the row is {row!r}"]) + ([] if "kept" in keys else [f"the key is {keys}"])
