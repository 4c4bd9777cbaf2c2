# shellcheck shell=bash
# The programs that take traces and lines, for those who run them. Sourced after lib.sh.

# $otelcol
collector_program() {
  otelcol=$(collector_path)
  built otelcol "the OpenTelemetry collector ${collector:?}" "$otelcol" "${root:?}/conformance/observe/build" "$collector" "$otelcol"
}

# $jaeger alone, where nobody wants lines.
jaeger_program() {
  grep '^jaeger ' "$root/conformance/observe/programs.txt" >"${logs:?}/programs.txt"
  go_programs "$logs/programs.txt"
}
