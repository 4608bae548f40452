#!/usr/bin/env bash
# Measures Tollgate beside nginx and HAProxy in front of the same mock, in one run of three minutes.
#
#   tests/bench/run.sh            the table goes to stdout, raw data to build/bench/raw.jsonl
#   tests/bench/run.sh overload   more requests than one core can do (overload.py), three minutes
#   tests/bench/run.sh profile    makes src/profile.tar.xz anew, by which the release is optimised (profile.py):
#                                 ten minutes, after a change of what requests run; commit the result
#
# The gateway has one core, mock and load generator another (one for all where there is only one).
# TOLLGATE_BENCH_REPETITIONS (16), TOLLGATE_BENCH_RATE (500 a second), TOLLGATE_BENCH_STREAMS (2000).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/packages.sh
need_packages $build_packages $run_packages $bench_packages

preset=release measure=bench
case "${1-}" in
  overload) measure=overload ;;
  profile) preset=profile measure=profile ;;
esac
tollgate=${TOLLGATE_BIN:-build/$preset/src/tollgate}
if [ -z "${TOLLGATE_BIN-}" ]; then
  say "building the $preset"
  cmake --preset $preset >/dev/null
  cmake --build build/$preset --target tollgate
fi
mkdir -p build/bench
if [ tests/bench/load.cpp -nt build/bench/load ]; then
  say "building the load generator"
  g++ -std=c++20 -O2 -Wall -Wextra -o build/bench/load tests/bench/load.cpp
fi
[ "$(ulimit -Hn)" -ge 9000 ] || say "note: only $(ulimit -Hn) descriptors allowed; the streams may not all fit"

say "measuring"
python3 -B "tests/bench/$measure.py" "$(realpath "$tollgate")" "$(realpath build/bench/load)" build/bench

if [ $measure = profile ]; then
  # Of what requests run. Its bytes depend on the counts alone.
  folders=()
  for module in $(sed -n 's/^tollgate_module(\([a-z_]*\) PROFILED.*/\1/p' src/*/CMakeLists.txt); do
    folders+=("src/$module/CMakeFiles/tollgate_$module.dir")
  done
  (cd build/profile && find "${folders[@]}" -name '*.gcda' -print0 |
    tar --null --no-recursion --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -T - -cJf ../../src/profile.tar.xz)
  say "src/profile.tar.xz: $(stat -c %s src/profile.tar.xz) bytes; to use it, remove build/release and build anew"
fi
