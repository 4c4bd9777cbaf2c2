#!/bin/bash
[ $# -gt 0 ] || exec bash --login
exec "$@"
