#!/usr/bin/env bash
# Builds the image without a container engine and tries what is in it. Takes ten minutes or more and
# some gigabytes of disk; not part of ./test.sh. Needs root.
#
#   tests/container/run.sh    the last line is `N passed, N failed`
#
# The base image is a Debian of its own making (debootstrap, from the mirror that this machine uses).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/packages.sh
[ "$(id -u)" -eq 0 ] || fail "needs root (chroot, mount)"
need_packages buildah debootstrap prometheus $run_packages

work=$PWD/build/container
mkdir -p "$work"
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs TMPDIR=$work
image_store=(--root "$work/store" --runroot "$work/run")
bah() { buildah "${image_store[@]}" "$@"; }

passed=0
failed=0
check() {  # WHAT COMMAND...
  local what=$1
  shift
  if "$@" >"$work/check.log" 2>&1; then
    passed=$((passed + 1))
    printf '    ok      %s\n' "$what"
  else
    failed=$((failed + 1))
    printf 'FAILED  %s\n' "$what"
    tail -n 15 "$work/check.log" | sed 's/^/    /'
  fi
}

say "Prometheus: scrape configuration and rules"
check "promtool accepts the scrape configuration" promtool check config docker/prometheus/prometheus.yml
check "promtool accepts the rules" promtool check rules docker/prometheus/rules.yml

if ! bah inspect --type image localhost/bookworm >/dev/null 2>&1; then
  say "making a base image"
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
    sed -n 's/ main$//p' | grep -v security | head -n 1)
  [ -d "$work/base/usr" ] || nice debootstrap --variant=minbase bookworm "$work/base" "$mirror" >"$work/debootstrap.log"
  # What this machine needs to reach its mirror, the build needs too.
  if compgen -G '/etc/apt/apt.conf.d/*proxy*' >/dev/null; then
    cp /etc/apt/apt.conf.d/*proxy* "$work/base/etc/apt/apt.conf.d/"
  fi
  container=$(bah from scratch)
  bah copy -q "$container" "$work/base" / >/dev/null
  bah commit -q "$container" localhost/bookworm >/dev/null
  bah rm "$container" >/dev/null
  rm -rf "$work/base"
fi

say "building the image"
nice buildah "${image_store[@]}" build --layers --format docker --isolation chroot --build-arg BASE=localhost/bookworm \
  --ignorefile docker/Dockerfile.dockerignore -f docker/Dockerfile -t localhost/tollgate . >"$work/build.log" 2>&1 || {
  tail -n 30 "$work/build.log"
  fail "the image could not be built; see $work/build.log"
}

config() { bah inspect --type image --format "{{ $1 }}" localhost/tollgate; }
say "what the image says"
check "it runs as an unprivileged user" test "$(config .Docker.Config.User)" = 10001
check "it is stopped by SIGTERM" test "$(config .Docker.Config.StopSignal)" = SIGTERM
check "it has an entry point in exec form" test "$(config .Docker.Config.Entrypoint)" = "[/usr/local/bin/tollgate]"
check "it has a health check" test -n "$(config .Docker.Config.Healthcheck.Test)"

say "running it from a read-only root"
container=$(bah from localhost/tollgate)
root=$(bah mount "$container")
frozen=$work/frozen
mkdir -p "$frozen"
mount --bind "$root" "$frozen"
gateway_pid='' mock_pid='' net_pid=''
clean_up() {
  if [ -n "$gateway_pid" ]; then end_process "$gateway_pid"; fi
  if [ -n "$mock_pid" ]; then end_process "$mock_pid"; fi
  if [ -n "$net_pid" ]; then end_process "$net_pid"; fi
  umount "$frozen/var/lib/tollgate" 2>/dev/null || true
  umount "$frozen" 2>/dev/null || true
  bah umount "$container" >/dev/null 2>&1 || true
  bah rm "$container" >/dev/null 2>&1 || true
}
trap clean_up EXIT
check "there is no compiler in it" test ! -e "$root/usr/bin/g++"
check "no library is missing" bash -c "! chroot '$root' ldd /usr/local/bin/tollgate | grep 'not found'"

# A network of its own, so that the image is tried on its own ports whatever else runs here.
unshare --net sleep 600 &
net_pid=$!
in_net() { nsenter --net="/proc/$net_pid/ns/net" "$@"; }
for _ in $(seq 50); do
  if [ "$(readlink "/proc/$net_pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]; then break; fi
  sleep 0.1
done
in_net python3 -c '
import fcntl, socket, struct
up = struct.pack("16sh22x", b"lo", 0x41)  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING
fcntl.ioctl(socket.socket(), 0x8914, up)'
mkdir -p "$root/etc/tollgate"
cp docker/tollgate.yaml "$root/etc/tollgate/tollgate.yaml"
echo "127.0.0.1 localhost mock-azure" >"$root/etc/hosts"  # as compose names it
mount -o remount,bind,ro "$frozen"
# An engine makes the volume like the folder in the image.
check "the folder of the ledger belongs to its user" test "$(stat -c %u:%a "$root/var/lib/tollgate")" = 10001:750
check "it is a volume" test "$(config .Docker.Config.Volumes)" = "map[/var/lib/tollgate:{}]"
rm -rf "$work/volume"
cp -a "$root/var/lib/tollgate" "$work/volume"
mount --bind "$work/volume" "$frozen/var/lib/tollgate"

inside() { exec nsenter --net="/proc/$net_pid/ns/net" chroot --userspec=10001:10001 "$frozen" /usr/bin/env -i PATH=/usr/bin:/bin "$@"; }
key=$(inside /usr/local/bin/tollgate keys new | sed -n 's/^key: *//p') || true
check "it makes a key" test -n "$key"
(inside /usr/local/bin/tollgate mock-azure --listen 127.0.0.1:9001) >"$work/mock.log" 2>&1 &
mock_pid=$!
(inside MOCK_AZURE_KEY=mock-azure-key TOLLGATE_DEMO_KEY="$key" \
  /usr/local/bin/tollgate serve --config /etc/tollgate/tollgate.yaml) >"$work/gateway.log" 2>&1 &
gateway_pid=$!
check "it becomes ready" in_net bash -c "source tests/packages.sh; wait_for_url http://127.0.0.1:8081/readyz $gateway_pid"
check "it does not run as root" test "$(stat -c %u "/proc/$gateway_pid")" = 10001
check "its root is read-only" bash -c "! touch '$frozen/etc/tollgate/x' 2>/dev/null"
question='{"model":"gpt-4o","messages":[{"role":"user","content":"Hello [[mock tokens=40 gap_ms=50]]"}],"stream":true}'
ask() {
  in_net curl -sS --noproxy '*' -N --max-time 30 http://127.0.0.1:8080/openai/v1/chat/completions -H "api-key: $key" -d "$question"
}
answers() { ask | grep -q '^data: \[DONE\]'; }
check "it answers" answers
tells_usage() {  # what has ended is in the file after ledger.flush
  for _ in $(seq 50); do
    (inside /usr/local/bin/tollgate usage --ledger /var/lib/tollgate/ledger.db) | grep '^CC-0001 ' && return 0
    sleep 0.1
  done
  return 1
}
check "it tells what was spent, from the volume" tells_usage
has_ledger() { in_net curl -sS --noproxy '*' http://127.0.0.1:8081/status | grep -A 1 '"ledger"' | grep -q '"ok"'; }
check "its ledger is well" has_ledger
check "its health check says it is well" in_net chroot --userspec=10001:10001 "$frozen" "$(sed -n 's/^  CMD \["\(bash\)".*/\1/p' docker/Dockerfile)" \
  -c "$(python3 -c '
import json, re
text = open("docker/Dockerfile").read()
print(json.loads(re.search(r"^  CMD (\[.*\])$", text, re.M).group(1))[2])')"

say "draining: SIGTERM while a stream of two seconds is open"
ask >"$work/stream.txt" &
stream_pid=$!
sleep 0.5
end_process "$gateway_pid"
gateway_pid=''
wait "$stream_pid" || true
check "the stream came to its proper end" grep -q '^data: \[DONE\]' "$work/stream.txt"
check "the gateway ended with status 0" test "$ended_with" = 0

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
