#!/bin/sh
# Runs the integration tests: the built binary, real sockets, an upstream that does what each test
# says. Arguments go to pytest: `run.sh -m soak`, `run.sh hostile_test.py`, `run.sh -k tls`.
#   TOLLGATE_BIN           the binary to test (default: build/release/src/tollgate)
#   TOLLGATE_SOAK_SECONDS  length of the soak in seconds (default 15)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=$root/.venv

# The Python packages are those of the end-to-end tests; a second run installs nothing.
stamp=$venv/.e2e-requirements
if ! cmp -s "$root/tests/e2e/requirements.txt" "$stamp" 2>/dev/null; then
  echo "installing the Python packages of the tests into .venv"
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$root/tests/e2e/requirements.txt"
  cp "$root/tests/e2e/requirements.txt" "$stamp"
fi

cd "$here"
exec "$venv/bin/python" -B -m pytest "$@"
