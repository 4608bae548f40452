#!/bin/sh
# Installs what is missing and runs the end-to-end tests; arguments go to pytest.
#   TOLLGATE_BIN   the binary to test (default: build/release, then build/ci, then build/dev)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=$root/.venv

say() { printf '%s\n' "$*"; }

# A stamp per file of versions: a second run installs nothing.
stamp=$venv/.e2e-requirements
if ! cmp -s "$here/requirements.txt" "$stamp" 2>/dev/null; then
  say "installing the Python clients into .venv"
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$stamp"
fi
stamp=$here/node/node_modules/.e2e-package
if ! cmp -s "$here/node/package.json" "$stamp" 2>/dev/null; then
  say "installing the Node client"
  (cd "$here/node" && npm install --package-lock=false --no-audit --no-fund --loglevel=error)
  cp "$here/node/package.json" "$stamp"
fi

cd "$here"
exec "$venv/bin/python" -B -m pytest "$@"
