#!/usr/bin/env bash
# Builds Tollgate, starts it in front of a mock of Azure OpenAI on this machine, says how to call it.
#
#   ./quickstart.sh          stays in the foreground until Ctrl-C
#   ./quickstart.sh --once   makes the demo calls, prints what happened, exits 0 if all went well
#
# For a bare Debian 12, as root or as a user with sudo. TOLLGATE_PORT, TOLLGATE_ADMIN_PORT and
# MOCK_AZURE_PORT choose other ports than 8080, 8081 and 9001.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source tests/packages.sh

once=false
case "${1-}" in
  "") ;;
  --once) once=true ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' quickstart.sh
    exit 2
    ;;
esac

port=${TOLLGATE_PORT:-8080}
admin_port=${TOLLGATE_ADMIN_PORT:-8081}
mock_port=${MOCK_AZURE_PORT:-9001}
logs=.quickstart

check_port() {  # PORT WHAT VARIABLE
  [[ $1 =~ ^[0-9]+$ ]] && [ "$1" -ge 1 ] && [ "$1" -le 65535 ] || fail "$3=$1 is not a port"
  if ! is_taken "$1"; then return 0; fi
  command -v ss >/dev/null && ss -Hltnp "sport = :$1" >&2 || true
  fail "port $1, for $2, is taken by another process.
  Free it (\`ss -ltnp 'sport = :$1'\` names the process), or choose another:
    $3=$(($1 + 1000)) ./quickstart.sh"
}
check_port "$port" "the data plane" TOLLGATE_PORT
check_port "$admin_port" "the admin plane" TOLLGATE_ADMIN_PORT
check_port "$mock_port" "the mock of Azure OpenAI" MOCK_AZURE_PORT

need_packages $build_packages $run_packages

say "building (the first time takes some minutes, later ones seconds)"
cmake --preset release -B build/quickstart -DTOLLGATE_TESTS=OFF >/dev/null
cmake --build build/quickstart --target tollgate
tollgate=build/quickstart/src/tollgate
[ -x "$tollgate" ] || fail "the build made no $tollgate"

config=config/quickstart.yaml
mkdir -p "$logs"
if [ "$port $admin_port $mock_port" != "8080 8081 9001" ]; then
  config=$logs/quickstart.yaml
  sed -e "s/127\.0\.0\.1:8080/127.0.0.1:$port/" -e "s/127\.0\.0\.1:8081/127.0.0.1:$admin_port/" \
    -e "s/127\.0\.0\.1:9001/127.0.0.1:$mock_port/" config/quickstart.yaml >"$config"
fi

# A new key each time; only its hash is kept by the gateway.
TOLLGATE_QUICKSTART_KEY=$("$tollgate" keys new | sed -n 's/^key: *//p')
export TOLLGATE_QUICKSTART_KEY MOCK_AZURE_KEY=mock-azure-key
"$tollgate" check "$config" >/dev/null || fail "$config is not good"

mock_pid='' gateway_pid=''
clean_up() {
  trap '' INT TERM
  if [ -n "$gateway_pid" ]; then end_process "$gateway_pid"; fi
  if [ -n "$mock_pid" ]; then end_process "$mock_pid"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "starting the mock of Azure OpenAI on 127.0.0.1:$mock_port (log: $logs/mock.log)"
"$tollgate" mock-azure --listen "127.0.0.1:$mock_port" >"$logs/mock.log" 2>&1 &
mock_pid=$!
say "starting the gateway with $config (log: $logs/gateway.log)"
"$tollgate" serve --config "$config" >"$logs/gateway.log" 2>&1 &
gateway_pid=$!
wait_for_url "http://127.0.0.1:$mock_port/mock/health" "$mock_pid" || {
  cat "$logs/mock.log" >&2
  fail "the mock did not start"
}
wait_for_url "http://127.0.0.1:$admin_port/readyz" "$gateway_pid" || {
  cat "$logs/gateway.log" >&2
  fail "the gateway did not start"
}

base_url=http://127.0.0.1:$port/openai/v1
question='{"model":"gpt-4o","messages":[{"role":"user","content":"Say hello to the tollgate."}]}'

if ! $once; then
  cat <<TEXT

Tollgate is up.

  base URL   $base_url
  key        $TOLLGATE_QUICKSTART_KEY
  admin      http://127.0.0.1:$admin_port (/metrics /readyz /status)
  records    quickstart-records.jsonl (one JSON line a request)

With curl:

  curl -s $base_url/chat/completions -H 'api-key: $TOLLGATE_QUICKSTART_KEY' -d '$question'

With Python (pip install openai):

  from openai import OpenAI
  client = OpenAI(base_url="$base_url", api_key="$TOLLGATE_QUICKSTART_KEY")
  print(client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hello"}]).choices[0].message.content)

Ctrl-C ends both.
TEXT
  wait -n "$mock_pid" "$gateway_pid" || true
  kill -0 "$gateway_pid" 2>/dev/null || tail -n 5 "$logs/gateway.log" >&2
  fail "one of the two has ended by itself; see $logs/"
fi

# --once: the demo, each step checked.
failures=0
expect() {  # WHAT FILE PATTERN
  if grep -qE -- "$3" "$2"; then
    printf '    ok      %s\n' "$1"
  else
    printf '    FAILED  %s: no match for %s in %s\n' "$1" "$3" "$2"
    failures=$((failures + 1))
  fi
}
call() {  # BODY NAME: head to NAME.head, body to NAME.body
  curl -sS --noproxy '*' --no-buffer --max-time 20 -D "$logs/$2.head" -o "$logs/$2.body" \
    "$base_url/chat/completions" -H "api-key: $TOLLGATE_QUICKSTART_KEY" \
    -H 'content-type: application/json' -d "$1" || failures=$((failures + 1))
}

say "a plain call: POST $base_url/chat/completions"
call "$question" plain
tr -d '\r' <"$logs/plain.head" | grep -iE '^(HTTP|x-request-id|x-tollgate-)' | sed 's/^/    /' || true
python3 - "$logs/plain.body" <<'PY' || true
import json, sys
answer = json.load(open(sys.argv[1]))
print("    answer:", answer["choices"][0]["message"]["content"])
print("    tokens:", answer["usage"]["prompt_tokens"], "in,", answer["usage"]["completion_tokens"], "out")
PY
expect "status 200" "$logs/plain.head" '^HTTP/1.1 200'
expect "the answer is the model's" "$logs/plain.body" '"role": ?"assistant"'
expect "the deployment is named" "$logs/plain.head" '^x-tollgate-deployment: gpt-4o'

say "a streamed call: the same with \"stream\": true"
call "${question%?},\"stream\":true}" streamed
python3 - "$logs/streamed.body" <<'PY' || true
import json, sys
events = [line[6:].strip() for line in open(sys.argv[1]) if line.startswith("data: ")]
parts = [choice["delta"].get("content") or "" for event in events if event != "[DONE]" for choice in json.loads(event)["choices"]
         if "delta" in choice]
print("    answer:", "|".join(part for part in parts if part))
print("    events:", len(events), "the last one is", events[-1])
PY
expect "status 200" "$logs/streamed.head" '^HTTP/1.1 200'
expect "it is a stream of events" "$logs/streamed.head" '^Content-Type: text/event-stream'
expect "the stream ends properly" "$logs/streamed.body" '^data: \[DONE\]'

say "a call with a wrong key, which is refused"
status=$(curl -sS --noproxy '*' -o "$logs/refused.body" -w '%{http_code}' "$base_url/models" -H 'api-key: wrong' || true)
sed 's/^/    /' "$logs/refused.body" && echo
[ "$status" = 401 ] || { echo "    FAILED  status $status instead of 401"; failures=$((failures + 1)); }

say "what the gateway counted: GET http://127.0.0.1:$admin_port/metrics"
curl -sS --noproxy '*' --max-time 10 -o "$logs/metrics" "http://127.0.0.1:$admin_port/metrics" || failures=$((failures + 1))
grep -E '^tollgate_(requests_total|tokens_total|stream_chunks_total|errors_total)' "$logs/metrics" | sed 's/^/    /' || true
of_quickstart='tollgate_requests_total\{.*subscription="quickstart",.*model="gpt-4o".*status="200"'
expect "the plain call" "$logs/metrics" "$of_quickstart"',stream="false"\} 1$'
expect "the streamed call" "$logs/metrics" "$of_quickstart"',stream="true"\} 1$'
expect "their tokens" "$logs/metrics" '^tollgate_tokens_total\{.*kind="completion"\} [1-9]'

say "ending both"
end_process "$mock_pid"
mock_pid=''
end_process "$gateway_pid"
gateway_pid=''
[ "$ended_with" = 0 ] || { echo "    FAILED  the gateway ended with status $ended_with"; failures=$((failures + 1)); }

[ "$failures" -eq 0 ] || fail "$failures of the steps above went wrong; see $logs/"
say "all went well"
