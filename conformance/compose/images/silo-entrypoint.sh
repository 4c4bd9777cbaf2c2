#!/bin/sh
if [ "${1:-}" != silo ] && [ -n "${1:-}" ]; then set -- silo "$@"; fi
exec "$@"
