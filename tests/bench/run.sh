#!/usr/bin/env bash
# Measures Tollgate beside nginx and HAProxy in front of the same mock, in one run of two minutes.
#
#   tests/bench/run.sh            the table goes to stdout, raw data to build/bench/raw.jsonl
#   tests/bench/run.sh overload   more requests than one core can do (overload.py), two minutes more
#
# The gateway has one core, mock and load generator another (one for all where there is only one).
# TOLLGATE_BENCH_REPETITIONS (3), TOLLGATE_BENCH_RATE (500 a second), TOLLGATE_BENCH_STREAMS (2000).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/packages.sh
need_packages $build_packages $run_packages $bench_packages

tollgate=${TOLLGATE_BIN:-build/release/src/tollgate}
if [ -z "${TOLLGATE_BIN-}" ]; then
  say "building the release"
  cmake --preset release >/dev/null
  cmake --build build/release --target tollgate
fi
mkdir -p build/bench
if [ tests/bench/load.cpp -nt build/bench/load ]; then
  say "building the load generator"
  g++ -std=c++20 -O2 -Wall -Wextra -o build/bench/load tests/bench/load.cpp
fi
[ "$(ulimit -Hn)" -ge 9000 ] || say "note: only $(ulimit -Hn) descriptors allowed; the streams may not all fit"

measure=bench
[ "${1-}" != overload ] || measure=overload
say "measuring"
python3 -B "tests/bench/$measure.py" "$(realpath "$tollgate")" "$(realpath build/bench/load)" build/bench
