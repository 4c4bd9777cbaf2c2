"""Copies what is most dear in the object store to another one, and tells up to which moment all of it is there, too."""
import http.server
import os
import signal
import sys
import threading
import time
import xml.sax.saxutils

import s3

HERE, THERE, BUCKET = s3.Store("S3"), s3.Store("ELSEWHERE"), os.environ["BUCKET"]
PLACES, EVERY = os.environ["PREFIXES"].split(), float(os.environ["EVERY"])
# What is larger goes in parts, of which there may be ten thousand.
PART, MOST_PARTS = int(os.environ["PART"]), 10000

# Of the objects whose etag says nothing about their content, as those in parts, the etag here that was copied last.
copied = {}
MEASURES = {
    "copied_until_timestamp_seconds": ("gauge", "All that was written before this moment is in the other store."),
    "objects_total": ("counter", "Objects that were copied."),
    "bytes_total": ("counter", "Bytes that were copied."),
    "failures_total": ("counter", "Objects that could not be copied, and passes that could not look, each time it was tried."),
}
# What is told of each prefix.
known = {place: dict.fromkeys(MEASURES, 0) for place in PLACES}


def part(bucket, key, etag, size, begin):
    """Bytes of an object from one place on, as it was when it was listed."""
    headers = [("if-match", etag)] + ([("range", f"bytes={begin}-{begin + PART - 1}")] if size > PART else [])
    with HERE.ask("GET", bucket, key, headers=headers) as answer:
        return answer.read()


def copy(bucket, key, etag, size):
    """The etag that an object has there; it is there as a whole or not at all."""
    to = f"{bucket}/{key}"
    if size <= PART:
        with THERE.ask("PUT", BUCKET, to, body=part(bucket, key, etag, size, 0)) as answer:
            return answer.headers["ETag"]
    if size > PART * MOST_PARTS:
        raise OSError(f"{to} has {size} bytes, and {PART * MOST_PARTS} can be copied")
    upload = s3.tree(THERE.ask("POST", BUCKET, to, query=[("uploads", "")])).findtext("UploadId")
    try:
        made = []
        for number, begin in enumerate(range(0, size, PART), start=1):
            query = [("partNumber", str(number)), ("uploadId", upload)]
            with THERE.ask("PUT", BUCKET, to, query=query, body=part(bucket, key, etag, size, begin)) as answer:
                made.append((number, answer.headers["ETag"]))
        told = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{xml.sax.saxutils.escape(tag)}</ETag></Part>" for number, tag in made)
        body = f"<CompleteMultipartUpload>{told}</CompleteMultipartUpload>".encode()
        # What fails on the way says so in an answer that is otherwise fine.
        if (done := s3.tree(THERE.ask("POST", BUCKET, to, query=[("uploadId", upload)], body=body))).tag == "Error":
            raise OSError(f"{to}: {done.findtext('Message')}")
        return done.findtext("ETag")
    except BaseException:
        THERE.ask("DELETE", BUCKET, to, query=[("uploadId", upload)]).read()
        raise


def beside(here, there):
    """Both lists, which have the order of their names' bytes, side by side: each object here with what is there of it."""
    other = next(there, None)
    for one in here:
        while other and other[0].encode() < one[0].encode():
            other = next(there, None)
        yield one, other if other and other[0] == one[0] else None


def is_there(key, here, there):
    """Without an etag that tells, what is as large there and younger is the same."""
    if not there or here[1] == there[1]:
        return bool(there)
    return copied[key] == here[1] if key in copied else here[3] == there[3] and here[2] <= there[2]


def follow(place):
    """One pass: what is new here is copied. What is deleted here stays there."""
    bucket, _, prefix = place.partition("/")
    # A clock that is a little behind, and what is being written now, count for nothing.
    until, seen = time.time() - 1, known[place]
    here = HERE.objects(bucket, prefix)
    there = ((key.removeprefix(f"{bucket}/"), *more) for key, *more in THERE.objects(BUCKET, f"{bucket}/{prefix}"))
    for one, other in beside(here, there):
        key, etag, when, size = one
        if is_there((bucket, key), one, other):
            continue
        try:
            made = copy(bucket, key, etag, size)
        except OSError as error:
            # What is gone or another by now is for the next pass.
            if getattr(error, "code", 0) not in (404, 412):
                failed(place, f"{bucket}/{key}: {error}")
            until = min(until, when)
            continue
        if made != etag:
            copied[bucket, key] = etag
        seen["objects_total"] += 1
        seen["bytes_total"] += size
    seen["copied_until_timestamp_seconds"] = until


def failed(place, why):
    known[place]["failures_total"] += 1
    print(f"not copied: {why}", file=sys.stderr, flush=True)


def on():
    while True:
        begin = time.monotonic()
        for place in PLACES:
            try:
                follow(place)
            # Whatever it was, the next pass tries again, and the moment that is told stands still until then.
            except Exception as error:
                failed(place, f"{place}: {error}")
        time.sleep(max(0.0, EVERY - (time.monotonic() - begin)))


def told():
    lines = []
    for name, (kind, purpose) in MEASURES.items():
        lines += [f"# HELP lakehouse_replication_{name} {purpose}", f"# TYPE lakehouse_replication_{name} {kind}"]
        lines += [f"lakehouse_replication_{name}{label(place)} {found[name]}" for place, found in known.items()]
    return "\n".join(lines) + "\n"


def label(place):
    return '{prefix="' + place.replace("\\", "\\\\").replace('"', '\\"') + '"}'


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = told() if self.path == "/metrics" else ""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_request(self, code="-", size="-"):
        """Nobody wants to know that it was asked."""


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=on, daemon=True).start()
    http.server.ThreadingHTTPServer(("", int(os.environ.get("METRICS_PORT", "8000"))), Answer).serve_forever()
