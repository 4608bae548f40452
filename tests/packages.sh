# Debian packages for building, testing and measuring, and the few words the scripts share.
# Sourced by quickstart.sh, test.sh and the run.sh scripts under tests/.

build_packages="cmake ninja-build g++ ccache pkg-config libboost1.81-dev nlohmann-json3-dev
  libspdlog-dev libfmt-dev libyaml-cpp-dev libsimdjson-dev libsqlite3-dev libhiredis-dev libc-ares-dev libssl-dev libhowardhinnant-date-dev libmimalloc-dev"
run_packages="curl ca-certificates python3 tzdata"
test_packages="libgtest-dev python3-venv openssl redis-server strace"
fuzz_packages="clang libclang-rt-14-dev"
bench_packages="nginx-light haproxy xz-utils"

say() { printf '==> %s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# need_packages NAME...: installs those that are missing; asks apt for nothing when none is.
need_packages() {
  local missing=() name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] ||
      missing+=("$name")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    say "packages: all $# are installed"
    return 0
  fi
  command -v apt-get >/dev/null ||
    fail "these Debian 12 packages are needed and there is no apt-get here: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "not root and no sudo; have somebody run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "packages: installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq </dev/null ||
    say "packages: the lists could not be refreshed, going on with those that are there"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" </dev/null >/dev/null ||
    fail "apt-get could not install: ${missing[*]}"
}

# is_taken PORT: something accepts connections there. Asked before the start, because the listener
# shares its port with other processes of the same user that say so too.
is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_for_url URL PID: until the URL answers 200; fails when the process ends or 15 seconds pass.
wait_for_url() {
  local _
  for _ in $(seq 150); do
    kill -0 "$2" 2>/dev/null || return 1
    curl -fs -o /dev/null --noproxy '*' --max-time 2 "$1" && return 0
    sleep 0.1
  done
  return 1
}

# end_process PID: ends a child in its own time, at most eight seconds; its status is in $ended_with.
end_process() {
  local _
  ended_with=0
  kill -TERM "$1" 2>/dev/null || true
  for _ in $(seq 80); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || ended_with=$?
}
