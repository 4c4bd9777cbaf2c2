#!/bin/sh
# The one setting that is made of two: who asks, and the password.
set -eu
exec "$@"
