#!/bin/sh
set -eu
. /etc/lakehouse/primary.sh
test "$(server "$(ask 127.0.0.1 26379 sentinel get-primary-addr-by-name primary)")"
