#!/usr/bin/env bash
# Simulates three classes of traffic on reserved capacity and prints the tables of docs/ptu.md. Half a minute.
#
#   tests/bench/ptu/run.sh            the simulation
#   tests/bench/ptu/run.sh gateway    the gateway in front of the stand-in for Azure; ten minutes, needs an idle machine
#   tests/bench/ptu/run.sh waiting    the queue, before the stand-in; two minutes
#   PYTHONPATH=tests/integration .venv/bin/python -m pytest tests/bench/ptu/learning_test.py   what is learnt of hidden capacity
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
source tests/packages.sh
need_packages $build_packages $run_packages $test_packages
say "building"
cmake --preset release >/dev/null
case ${1:-simulation} in
  simulation)
    cmake --build build/release --target bench_ptu
    build/release/tests/bench/ptu/bench_ptu
    ;;
  gateway)
    cmake --build build/release --target tollgate
    PYTHONPATH=tests/integration .venv/bin/python -B tests/bench/ptu/through_gateway.py
    ;;
  waiting)
    cmake --build build/release --target tollgate
    PYTHONPATH=tests/integration .venv/bin/python -B tests/bench/ptu/waiting.py
    ;;
  *) echo "what is $1?" >&2; exit 2 ;;
esac
