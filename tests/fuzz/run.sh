#!/usr/bin/env bash
# Builds the fuzzers with clang and runs each over its corpus.
#
#   tests/fuzz/run.sh [SECONDS]   for so long each (default 20)
#
# What a run finds goes to build/fuzz/found; the corpus in the repository is not touched.
# The last line is `N passed, N failed`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/packages.sh

seconds=${1:-20}
[[ $seconds =~ ^[0-9]+$ ]] && [ "$seconds" -gt 0 ] || fail "usage: tests/fuzz/run.sh [SECONDS]"

need_packages $build_packages $fuzz_packages
say "building the fuzzers"
cmake --preset fuzz >/dev/null
cmake --build build/fuzz --target fuzzers -j "$(nproc)"

passed=0
failed=0
for source in tests/fuzz/*_fuzz.cpp; do
  name=$(basename "$source" _fuzz.cpp)
  corpus=tests/fuzz/corpus/$name
  [ -d "$corpus" ] || fail "$source has no corpus in $corpus"
  grown=build/fuzz/corpus/$name
  found=build/fuzz/found/$name
  mkdir -p "$grown" "$found"
  log=build/fuzz/$name.log
  say "$name: $seconds s over $(find "$corpus" -type f | wc -l) samples"
  # New inputs go to the first folder; the repository's is only read.
  if UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 timeout -k 5 $((seconds + 60)) \
    "build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$found/" "$grown" "$corpus" >"$log" 2>&1 </dev/null; then
    passed=$((passed + 1))
    printf '    ok      %s runs, %s a second\n' \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
      "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")"
  else
    failed=$((failed + 1))
    printf 'FAILED  %s, see %s and %s\n' "$name" "$log" "$found"
    tail -n 25 "$log" | sed 's/^/    /'
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
