#!/usr/bin/env bash
# Checks the token counter on a file of texts and measures it beside tiktoken, bpe-openai and quicktok,
# all in one run on one thread.
#
#   tests/bench/tokens/run.sh TEXTS [REPETITIONS]
#
# TEXTS has a JSON object a line (plain or .gz): "text" and, if known, "kind" (rows of the kind "edge"
# are checked and not measured), n_cl100k, n_o200k, sha_cl100k, sha_o200k.
set -euo pipefail
texts=$(realpath "$1")
repetitions=${2:-9}
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
source tests/packages.sh
need_packages $build_packages $run_packages $test_packages

say "building"
cmake --preset release >/dev/null
cmake --build build/release --target bench_tokens
work=build/bench/tokens
mkdir -p "$work"
if [ ! -x "$work/venv/bin/python" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" -q install -r tests/bench/tokens/requirements.txt
fi
case $texts in
  *.gz) zcat "$texts" >"$work/texts.jsonl" ;;
  *) cp "$texts" "$work/texts.jsonl" ;;
esac
"$work/venv/bin/python" tests/bench/tokens/rank_files.py "$work/ranks"

say "measuring"
build/release/tests/bench/tokens/bench_tokens "$work/texts.jsonl" "$repetitions" >"$work/tollgate.json"
TIKTOKEN_CACHE_DIR=$work/ranks "$work/venv/bin/python" -B tests/bench/tokens/peers.py \
  "$work/texts.jsonl" "$repetitions" >"$work/peers.json"
python3 -B tests/bench/tokens/table.py "$work/tollgate.json" "$work/peers.json"
