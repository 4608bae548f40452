"""Configurations of the gateway under test, and the keys that its callers use."""

import secrets


def new_key():
    return "tg-" + secrets.token_hex(20)


APP_KEY = new_key()
APP_KEY_2 = new_key()
NARROW_KEY = new_key()
PAUSED_KEY = new_key()
PREFIXED_KEY = new_key()
KEYS = {
    "APP_KEY": APP_KEY, "APP_KEY_2": APP_KEY_2, "NARROW_KEY": NARROW_KEY, "PAUSED_KEY": PAUSED_KEY,
    "PREFIXED_KEY": PREFIXED_KEY,
}

# A conversation about errors is compared with the mock's own: no deployment is left alone for them.
NEVER_OPEN = "breaker: {consecutive: 1000, failures: 100%, calls: 100000, retry_after_most: 1ms}"
# Served by deployments of the same name.
PLAIN_MODELS = [
    "gpt-4o", "gpt-4o-mini", "o4-mini", "gpt-35-turbo-instruct", "text-embedding-3-small", "whisper",
    "tts-1", "gpt-image-1", "gpt-realtime", "gpt-4o-async", "full-payg", "full-ptu",
]
# Model: (deployment, further fields).
OTHER_MODELS = {
    "helpdesk": ("swc-chat", "deployment: contoso-chat, model: gpt-4o, region: swedencentral"),
    "fickle-voice": ("fickle-voice", "deployment: fickle-realtime, model: gpt-realtime"),
    "ghost": ("ghost", "deployment: not-there"),
    "hasty": ("hasty", "deployment: gpt-4o, timeouts: {first_token: 600ms, gap: 400ms}"),
}
# Left alone for as long as they say; one for each test that has them say it.
OTHER_MODELS |= {name: (name, "deployment: gpt-4o, breaker: {consecutive: 1000}")
                 for name in ("advised-short", "advised-long", "advised-not", "advised-node-v1",
                              "advised-node-short", "advised-node-azure")}


def config(name, mock_url, *, server="", extra_deployment="", dead_url=None):
    """The configuration of most tests: one subscription for all, and some that may do less."""
    credential = "credential: {api_key: env:AZURE_KEY}"
    if extra_deployment:
        credential += ", " + extra_deployment
    kinds = {"full-ptu": "kind: ptu, units: 1, "}
    lines = ["server:", "  listen: 127.0.0.1:0", "  admin: 127.0.0.1:0", "  workers: 2"]
    lines += ["  " + line for line in server.splitlines()]
    lines += ["records:", f"  path: {name}.jsonl", "ledger:", f"  path: {name}.db", "deployments:"]
    for model in PLAIN_MODELS:
        lines.append(f"  {model}: {{endpoint: {mock_url}, {kinds.get(model, '')}{credential}, {NEVER_OPEN}}}")
    others = dict(OTHER_MODELS)
    for deployment, fields in others.values():
        breaker = "" if "breaker:" in fields else ", " + NEVER_OPEN
        lines.append(f"  {deployment}: {{endpoint: {mock_url}, {fields}, {credential}{breaker}}}")
    if dead_url:
        lines.append(f"  unreachable: {{endpoint: {dead_url}, {credential}}}")
    lines.append("models:")
    lines += [f"  {model}: {{route: [{model}]}}" for model in PLAIN_MODELS]
    lines += [f"  {model}: {{route: [{deployment}]}}" for model, (deployment, _) in others.items()]
    models = ", ".join([*PLAIN_MODELS, *others])
    # Of a product of its own: a search for what nobody remembers asks every resource of a product.
    if dead_url:
        lines.append("  unreachable: {route: [unreachable]}")
    lines.append(f"""products:
  everything: {{models: [{models}], home: gpt-4o}}
  little: {{models: [gpt-4o-mini]}}
  far: {{models: [gpt-4o-mini{", unreachable" if dead_url else ""}], home: gpt-4o-mini}}
subscriptions:
  apps: {{product: everything, cost_center: CC-1042, owner: apps@example.com, keys: [env:APP_KEY, env:APP_KEY_2]}}
  narrow: {{product: little, cost_center: CC-2077, keys: [env:NARROW_KEY]}}
  paused: {{product: little, keys: [env:PAUSED_KEY], suspended: true}}
  prefixed: {{product: far, keys: [env:PREFIXED_KEY], path_prefix: /team-a}}
""")
    return "\n".join(lines)
