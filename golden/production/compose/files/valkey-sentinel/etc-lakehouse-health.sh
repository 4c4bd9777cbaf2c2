#!/bin/sh
set -eu
# shellcheck source=etc-lakehouse-primary.sh
. /etc/lakehouse/primary.sh
test "$(server "$(ask 127.0.0.1 26379 sentinel get-primary-addr-by-name primary)")"
