#!/usr/bin/env bash
# Builds Tollgate and runs every test.
#
#   ./test.sh               everything: some twenty minutes on two cores
#   ./test.sh --quick       architecture and unit tests of the release build
#   ./test.sh --only NAME   one suite: architecture unit docs integration e2e sanitize tsan fuzz
#
# The last line is `N passed, N failed`. For a bare Debian 12, as root or as a user with sudo.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source tests/packages.sh

all_suites="architecture unit docs integration e2e sanitize tsan fuzz"
case "${1-}" in
  "") suites=$all_suites ;;
  --quick) suites="architecture unit" ;;
  --only)
    suites=${2-}
    [[ " $all_suites " == *" $suites "* && -n $suites ]] || fail "--only takes one of: $all_suites"
    ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' test.sh
    exit 2
    ;;
esac

budget_seconds=5000
jobs=$(nproc)
logs=build/test-logs
passed=0
failed=0

# What runs out of the time that is left fails instead of hanging.
limited() {
  local left=$((budget_seconds - SECONDS))
  [ "$left" -gt 0 ] || left=1
  timeout -k 10 "$left" "$@"
}

# Sanitized programs need fixed addresses on kernels that randomise many bits.
plain_addresses() {
  if setarch "$(uname -m)" -R true 2>/dev/null; then
    limited setarch "$(uname -m)" -R "$@"
  else
    limited "$@"
  fi
}

build() {  # PRESET [TARGET...]
  local preset=$1 targets=()
  shift
  [ $# -eq 0 ] || targets=(--target "$@")
  cmake --preset "$preset" >/dev/null && plain_addresses cmake --build "build/$preset" -j "$jobs" "${targets[@]}"
}

# Turns ctest's closing words into those of the other suites.
run_ctest() {  # BUILD-DIRECTORY [PATTERN of tests to leave out]
  local output
  output=$(mktemp)
  plain_addresses ctest --test-dir "$1" --output-on-failure --timeout 120 -j "$jobs" -E "_NOT_BUILT\$|${2-^\$}" | tee "$output"
  awk '/tests passed, .* tests failed out of/ { failed = $4; total = $NF }
       END { printf "%d passed, %d failed\n", total - failed, failed }' "$output"
  rm -f "$output"
}

suite_architecture() { limited python3 tests/architecture/run.py; }

suite_unit() { build release && run_ctest build/release; }

suite_docs() { build release tollgate && limited python3 tests/docs/run.py build/release/src/tollgate; }

# run_pytest FOLDER PRESET [ARGUMENT...]: the tests of a folder against the binary of a build.
run_pytest() {
  local folder=$1 preset=$2
  shift 2
  export TOLLGATE_BIN=$PWD/build/$preset/src/tollgate
  local first cache=$PWD/$logs/tried-$folder-$preset
  first=$(mktemp)
  if plain_addresses sh "tests/$folder/run.sh" -o "cache_dir=$cache" "$@" >"$first" 2>&1; then
    cat "$first"
  else
    # Many of these measure time on a machine that others share: what failed gets one more try, and
    # counts as failed if it fails again. The first try stays in the log.
    sed -E 's/([0-9]+) (failed|errors?)\b/\1 to be tried again/g; s/^(FAILED|ERROR) /tried again: \1 /' "$first"
    plain_addresses sh "tests/$folder/run.sh" -o "cache_dir=$cache" "$@" --last-failed --last-failed-no-failures none
  fi
  rm -f "$first"
}

suite_integration() { build release tollgate && run_pytest integration release; }

suite_e2e() { build release tollgate && run_pytest e2e release; }

suite_fuzz() { limited bash tests/fuzz/run.sh 5; }

# Sanitizers cost time and memory: the tests that measure those are left to the release build.
not_measuring=(-m 'not soak' --ignore=latency_test.py
  -k 'not memory and not too_large_is and not 100_megabytes and not flood_of and not connect_to_a_public')
not_measuring_units='CostsLittle|LinearTime|TakesLessThan'

suite_sanitize() {
  build dev || return 1
  export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  run_ctest build/dev "$not_measuring_units"
  run_pytest integration dev "${not_measuring[@]}"
}

# The tests of what threads share, and the whole gateway with its workers.
suite_tsan() {
  cmake --preset tsan >/dev/null || return 1
  local targets
  targets=$(ninja -C build/tsan -t targets all |
    sed -nE 's/^(unit_(base|net|telemetry|config|tokens|limits|ledger|sharing|identity|balancer|affinity|credentials)): phony$/\1/p' | sort -u)
  build tsan tollgate $targets || return 1
  export TSAN_OPTIONS=halt_on_error=1
  run_ctest build/tsan "$not_measuring_units"
  run_pytest integration tsan "${not_measuring[@]}"
}

# Counts a suite by its closing lines: `N passed, N failed`, or pytest's. One without is one failure.
run_suite() {
  local name=$1 log=$logs/$1.log status=0 words since=$SECONDS
  say "$name ..."
  (set +e; "suite_$name") </dev/null >"$log" 2>&1 || status=$?
  words=$(grep -E '^[0-9]+ passed, [0-9]+ failed$|[0-9]+ (passed|failed|errors?)\b.* in [0-9.]+s\b' "$log" || true)
  local good bad
  good=$({ grep -oE '[0-9]+ passed\b' <<<"$words" || true; } | awk '{ n += $1 } END { print n + 0 }')
  bad=$({ grep -oE '[0-9]+ (failed|errors?)\b' <<<"$words" || true; } | awk '{ n += $1 } END { print n + 0 }')
  if [ "$bad" -eq 0 ] && { [ -z "$words" ] || [ "$status" -ne 0 ]; }; then bad=1; fi
  passed=$((passed + good))
  failed=$((failed + bad))
  say "$name: $good passed, $bad failed ($((SECONDS - since)) s)"
  if [ "$bad" -gt 0 ]; then
    grep -E '^(FAIL|ERROR|FAILED)|\*\*\*(Failed|Timeout|Exception)|error:|AddressSanitizer|ThreadSanitizer|runtime error' "$log" | head -n 40 || true
    echo "    ... the end of $log:"
    tail -n 30 "$log" | sed 's/^/    /'
  fi
}

mkdir -p "$logs"
need_packages $build_packages $run_packages $test_packages
# The end-to-end tests use the Node client too; its package manager comes with some builds of nodejs.
if [[ " $suites " == *" e2e "* ]] && ! { command -v node && command -v npm; } >/dev/null; then
  need_packages nodejs npm
fi

for suite in $suites; do run_suite "$suite"; done
say "all logs are in $logs; it took $SECONDS s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
