"""Stores as the programs of an output speak to them, with their own words for S3."""
import os, pathlib, sys, tempfile, urllib.error, yaml

work = pathlib.Path(tempfile.mkdtemp())
sys.path.append(str(work))


def words(configmap):
    """The module that pods have from a ConfigMap."""
    (work / "s3.py").write_text(yaml.safe_load(configmap.read_text())["data"]["etc-lakehouse-s3.py"])
    import s3

    return s3


def store(s3, name, url, secrets, secret):
    """A store at a URL, for whom the key in a secret is."""
    keys = work / name
    keys.mkdir()
    for key in ("username", "password"):
        (keys / key).write_text((secrets / f"{secret}-{key}").read_text())
    os.environ.update({f"{name}_URL": url, f"{name}_REGION": "us-east-1", f"{name}_KEYS": str(keys)})
    return s3.Store(name)


def versions(store, bucket, status):
    """Whether a bucket keeps versions from now on: Enabled or Suspended."""
    body = f'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>{status}</Status></VersioningConfiguration>'
    store.ask("PUT", bucket, query=[("versioning", "")], body=body.encode()).read()


def refused(store, *words, **more):
    try:
        store.ask(*words, **more).read()
    except urllib.error.HTTPError as error:
        assert error.code == 403, error
        return
    raise AssertionError(f"{words} was not refused")
