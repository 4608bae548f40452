"""What a resource keeps is served by that resource: over restarts, kills and replicas, for its owner alone.

Two mocks stand for two resources, east (the product's home) and west."""

import json
import signal

import pytest

from harness import AZURE_KEY, KEY, Service, wait_until
from limits_setup import PARTNER_KEY, BookedGateway, JournalMock, Redis, hash_of
from upstream import serve
from wire import Connection, answer, request

RESPONSES = "/openai/v1/responses"
MODELS = ["east", "west", "both"]


def settings(east, west, home="east", **changes):
    """The model `east` is served by east, `west` by west, `both` by either."""
    def deployment(endpoint):
        return {"endpoint": endpoint, "deployment": "gpt-4o", "model": "gpt-4o", "credential": {"api_key": "env:AZURE_KEY"}}

    return {
        "server": {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "workers": 2, "drain": "2s"},
        "records": {"path": "records.jsonl"},
        "deployments": {"east": deployment(east), "west": deployment(west)},
        "models": {"east": {"route": ["east"]}, "west": {"route": ["west"]}, "both": {"route": [{"east": 1, "west": 1}]}},
        "products": {"plan": {"models": MODELS, "home": home}},
        "subscriptions": {"app": {"product": "plan", "keys": [hash_of(KEY)]},
                          "partner": {"product": "plan", "keys": [hash_of(PARTNER_KEY)]}},
        **changes,
    }


class Gateway(BookedGateway):
    def ask(self, method, path, body=None, key=KEY, **more):
        data = request(method, path, key, json.dumps(body) if body is not None else b"", **more)
        return self.call(data)

    def respond(self, model, text, **more):
        answer = self.ask("POST", RESPONSES, {"model": model, "input": text, **more})
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def upload(self, name, content, purpose="batch", key=KEY):
        body = (f'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'
                f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{content}\r\n--b--\r\n')
        answer = self.call(request("POST", "/openai/v1/files", key, body, ["Content-Type: multipart/form-data; boundary=b"]))
        assert answer.status == 200, answer
        return json.loads(answer.body)["id"]

    def lookups(self, result):
        return self.metrics()["tollgate_affinity_lookups_total", result]


class Resources:
    """Two mocks, and what has been asked of each since the last look."""

    def __init__(self, folder):
        self.folder, self.started, self.count = folder, [], 0
        self.east, self.west = self.keep(JournalMock(folder / "east")), self.keep(JournalMock(folder / "west"))

    def keep(self, service):
        self.started.append(service)
        return service

    def gateway(self, folder="gateway", **changes):
        (self.folder / folder / "records.jsonl").unlink(missing_ok=True)  # of a run before
        return self.keep(Gateway(self.folder / folder, settings(self.east.url, self.west.url, **changes)))

    def asked(self):
        """Requests to (east, west)."""
        told = []
        for mock in (self.east, self.west):
            told.append([f"{e['method']} {e['path'].removeprefix('/openai/v1')}" for e in mock.journal()])
            mock.forget()
        return tuple(told)


@pytest.fixture
def resources(tmp_path):
    made = Resources(tmp_path)
    yield made
    try:
        for service in reversed(made.started):
            if not isinstance(service, Service):
                service.stop()
                continue
            if service.process.poll() is not None:
                continue
            if isinstance(service, Gateway):
                service.check()
            service.stop()
    finally:
        for service in made.started:
            if isinstance(service, Service):
                service.kill()


def test_a_response_stays_where_it_was_made(resources):
    gateway = resources.gateway()
    first = gateway.respond("west", "Where am I kept?")
    resources.asked()
    got = gateway.ask("GET", f"{RESPONSES}/{first['id']}")
    assert (got.status, got["x-tollgate-deployment"], got["x-tollgate-route"]) == (200, "west", "affinity")
    assert json.loads(got.body) == first
    second = gateway.respond("west", "Go on.", previous_response_id=first["id"])
    assert second["previous_response_id"] == first["id"]
    assert gateway.ask("GET", f"{RESPONSES}/{second['id']}/input_items").status == 200
    assert gateway.ask("DELETE", f"{RESPONSES}/{first['id']}").status == 200
    assert gateway.ask("GET", f"{RESPONSES}/{second['id']}").status == 200
    assert resources.asked()[0] == []
    # What was deleted is asked of its owner, whose word counts.
    assert gateway.ask("GET", f"{RESPONSES}/{first['id']}").status == 404
    east, west = resources.asked()
    assert east == [] and west == [f"GET /responses/{first['id']}"]
    assert (gateway.lookups("known"), gateway.lookups("unknown")) == (6, 0)


def test_a_conversation_over_a_route_stays_with_who_began_it(resources):
    gateway = resources.gateway()
    for number in range(6):
        turns = [gateway.respond("both", f"Conversation {number}.")]
        for _ in range(3):
            turns.append(gateway.respond("both", "Go on.", previous_response_id=turns[-1]["id"]))
        for turn in turns:
            assert gateway.ask("GET", f"{RESPONSES}/{turn['id']}").status == 200
        east, west = resources.asked()
        assert sorted([len(east), len(west)]) == [0, 8], (east, west)
    assert gateway.lookups("known") == 6 * 7
    # A second gateway remembers nothing, asks, and stays there too.
    other = resources.gateway("other")
    for _ in range(4):
        assert other.respond("both", "Still there?", previous_response_id=turns[-1]["id"])
    assert (other.lookups("probed"), other.lookups("known")) == (1, 3)
    # Where it lives is down: nobody else can go on with it.
    (resources.west if west else resources.east).kill()
    gone = gateway.ask("POST", RESPONSES, {"model": "both", "input": "Hello?", "previous_response_id": turns[-1]["id"]})
    assert gone.status in (502, 503)
    assert gateway.respond("both", "Somebody else, then.")


def test_who_keeps_it_is_told_while_that_one_is_left_alone(resources):
    gateway = resources.gateway()
    made = gateway.respond("west", "Stay.")["id"]
    resources.west.kill()
    for _ in range(6):  # its breaker opens
        gone = gateway.ask("GET", f"{RESPONSES}/{made}")
    next_turn = gateway.ask("POST", RESPONSES, {"model": "both", "input": "Go on.", "previous_response_id": made})
    for told in (gone, next_turn):
        assert told.status == 503
        assert b"What this request refers to is asked for at the resource of `west`, which can take no call now." in told.body


def test_streams_and_background_work_are_remembered(resources):
    gateway = resources.gateway()
    stream = gateway.ask("POST", RESPONSES, {"model": "west", "input": "Stream this.", "stream": True})
    created = json.loads(stream.body.split(b"data: ", 1)[1].split(b"\n", 1)[0])
    background = gateway.respond("west", "Later.", background=True)
    assert background["status"] == "queued"
    resources.asked()
    again = gateway.ask("GET", f"{RESPONSES}/{created['response']['id']}?stream=true&starting_after=2")
    assert b"response.completed" in again.body
    seen = [json.loads(gateway.ask("GET", f"{RESPONSES}/{background['id']}").body)["status"] for _ in range(3)]
    assert seen[-1] == "completed"
    item = json.loads(gateway.ask("GET", f"{RESPONSES}/{background['id']}").body)["output"][-1]["id"]
    for _ in range(4):  # wherever they would go by themselves
        gateway.respond("both", [{"type": "item_reference", "id": item}])
    other = gateway.respond("west", "Never mind.", background=True)
    assert json.loads(gateway.ask("POST", f"{RESPONSES}/{other['id']}/cancel").body)["status"] == "cancelled"
    assert resources.asked()[0] == []
    # What a client says again by reference is kept too.
    item = next(i for i in gateway.respond("west", "Think.")["output"] if i["type"] == "message")
    answer = gateway.ask("POST", RESPONSES, {"model": "east", "input": [{"type": "item_reference", "id": item["id"]}]})
    assert answer.status == 400 and b"does not serve the model" in answer.body


def test_what_is_remembered_outlives_a_restart_and_a_kill(resources):
    gateway = resources.gateway()
    first = gateway.respond("west", "Survive a restart.")
    gateway.stop()
    again = resources.gateway()
    second = again.respond("west", "Survive a kill.")
    database = again.folder / "tollgate-ledger-affinity.db"
    assert database.exists() and second["id"].encode() not in database.read_bytes()
    wait_until(lambda: stored(database) >= 4, why="both responses and their items on disk")
    again.signal(signal.SIGKILL)
    again.process.wait()
    last = resources.gateway()
    resources.asked()
    for made in (first, second):
        assert last.ask("GET", f"{RESPONSES}/{made['id']}").status == 200
    assert resources.asked()[0] == []
    assert last.lookups("known") == 2
    # Without the file it is found by asking.
    last.stop()
    for file in last.folder.glob("tollgate-ledger-affinity.db*"):
        file.unlink()
    bare = resources.gateway()
    got = bare.ask("GET", f"{RESPONSES}/{first['id']}")
    assert (got.status, got["x-tollgate-route"]) == (200, "affinity:search")
    assert json.loads(got.body) == first
    assert resources.asked() == ([f"GET /responses/{first['id']}"], [f"GET /responses/{first['id']}"])
    assert bare.ask("GET", f"{RESPONSES}/{first['id']}").status == 200
    assert resources.asked() == ([], [f"GET /responses/{first['id']}"])
    assert (bare.lookups("probed"), bare.lookups("known")) == (1, 1)


def stored(database):
    import sqlite3
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return connection.execute("SELECT count(*) FROM objects").fetchone()[0]


def test_another_subscription_does_not_see_it(resources):
    gateway = resources.gateway()
    mine = gateway.respond("east", "Between us.")["id"]
    file = gateway.upload("mine.jsonl", "{}")
    resources.asked()
    for method, path, body in [("GET", f"{RESPONSES}/{mine}", None), ("DELETE", f"{RESPONSES}/{mine}", None),
                               ("GET", f"/openai/v1/files/{file}/content", None),
                               ("POST", RESPONSES, {"model": "east", "input": "And?", "previous_response_id": mine}),
                               ("POST", "/openai/v1/batches", {"input_file_id": file, "endpoint": "/chat/completions",
                                                               "completion_window": "24h"})]:
        foreign = gateway.ask(method, path, body, key=PARTNER_KEY)
        assert resources.asked() == ([], []), path
        # The same words as for one that nobody has.
        if body and "previous_response_id" in body:
            body = {**body, "previous_response_id": "resp_nobody"}
        elif body:
            body = {**body, "input_file_id": "file-nobody"}
        unknown = gateway.ask(method, path.replace(mine, "resp_nobody").replace(file, "file-nobody"), body, key=PARTNER_KEY)
        resources.asked()
        told = foreign.body.replace(mine.encode(), b"resp_nobody").replace(file.encode(), b"file-nobody")
        assert (foreign.status, told) == (unknown.status, unknown.body), path
    assert gateway.lookups("foreign") == 5
    assert gateway.ask("GET", f"{RESPONSES}/{mine}").status == 200


def test_subscriptions_of_one_product_may_share(resources):
    gateway = resources.gateway(products={"plan": {"models": MODELS, "home": "east", "objects": "product"}})
    file = gateway.upload("ours.txt", "ours", "assistants")
    assert gateway.ask("GET", f"/openai/v1/files/{file}", key=PARTNER_KEY).status == 200


def listed(gateway, path="/openai/v1/files", query="", key=KEY):
    answer = gateway.ask("GET", path + query, key=key)
    assert answer.status == 200, answer
    page = json.loads(answer.body)
    names = [item["id"] for item in page["data"]]
    assert (page["first_id"], page["last_id"]) == ((names[0], names[-1]) if names else (None, None))
    return names, page["has_more"]


def upload_past_the_gateway(mock):
    with Connection(mock.address) as connection:
        connection.send(request("POST", "/openai/v1/files", None,
                                '--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
                                '--b\r\nContent-Disposition: form-data; name="file"; filename="x.jsonl"\r\n\r\n{}\r\n--b--\r\n',
                                ["Content-Type: multipart/form-data; boundary=b", f"api-key: {AZURE_KEY}"]))
        return json.loads(connection.message(30).body)["id"]


def test_lists_show_what_is_ones_own(resources):
    gateway = resources.gateway()
    mine = sorted(gateway.upload(f"mine-{i}.jsonl", "{}") for i in range(5))
    theirs = sorted(gateway.upload(f"theirs-{i}.jsonl", "{}", key=PARTNER_KEY) for i in range(130))
    upload_past_the_gateway(resources.east)
    assert listed(gateway) == (mine, False)
    assert listed(gateway, key=PARTNER_KEY) == (theirs, False)
    # Page by page, each as long as it is asked to be, whatever stands between.
    for size in (1, 2, 5, 100):
        seen, after = [], ""
        for _ in range(10):
            names, has_more = listed(gateway, query=f"?limit={size}{after}")
            assert len(names) <= size
            seen += names
            if not has_more:
                break
            assert len(names) == size
            after = f"&after={names[-1]}"
        assert seen == mine
    assert listed(gateway, query="?purpose=assistants") == ([], False)
    for path, body in [("/openai/v1/vector_stores", {"name": "v"}),
                       ("/openai/v1/batches", {"input_file_id": mine[0], "endpoint": "/chat/completions", "completion_window": "24h"})]:
        made = json.loads(gateway.ask("POST", path, body).body)["id"]
        assert listed(gateway, path) == ([made], False)
        assert listed(gateway, path, key=PARTNER_KEY) == ([], False)
    wait_until(lambda: sum(record["method"] == "GET" for record in gateway.records()) >= 14, why="a record of each list")
    assert {(record["status"], record["end"]) for record in gateway.records()} == {(200, "complete")}


def test_a_resource_may_be_shared_as_a_whole(resources):
    gateway = resources.gateway(products={"plan": {"models": MODELS, "home": "east", "objects": "resource"}})
    names = [gateway.upload("one.jsonl", "{}"), gateway.upload("two.jsonl", "{}", key=PARTNER_KEY), upload_past_the_gateway(resources.east)]
    assert listed(gateway) == listed(gateway, key=PARTNER_KEY) == (sorted(names), False)
    assert gateway.ask("GET", f"/openai/v1/files/{names[1]}").status == 200
    # As a whole, but not beyond.
    gateway.stop()
    plans = {"plan": {"models": ["east"], "home": "east", "objects": "resource"}, "far": {"models": ["west"], "home": "west"}}
    parted = resources.gateway(products=plans, models={"east": {"route": ["east"]}, "west": {"route": ["west"]}}, subscriptions={"app": {"product": "plan", "keys": [hash_of(KEY)]},
                                                              "partner": {"product": "far", "keys": [hash_of(PARTNER_KEY)]}})
    theirs = parted.upload("west.jsonl", "{}", key=PARTNER_KEY)
    resources.asked()
    assert parted.ask("GET", f"/openai/v1/files/{theirs}").status == 404
    assert resources.asked() == ([], [])


@pytest.mark.parametrize("told", ['{"data":[{"id":"file-1"}', "[]", '{"data":["file-1"]}', '{"items":[]}'])
def test_a_list_that_cannot_be_read_is_not_told(start, told):
    gateway, _ = start(serve(lambda _: answer(told)))
    got = gateway.call(request("GET", "/openai/v1/files", KEY))
    assert got.status == 502 and b"file-1" not in got.body
    assert "list" in gateway.wait_records(1)[0]["error_detail"]


def paged(told):
    """A resource that makes own-1, own-2, ... of uploads, and tells `told(query)` of them, or an error."""
    made = []

    def respond(asked):
        if asked.first_line.startswith("POST"):
            made.append(f"own-{len(made) + 1}")
            return answer(json.dumps({"id": made[-1], "object": "file"}))
        names, more = told(asked.first_line.split()[1].partition("?")[2])
        if names is None:
            return answer('{"error":{"code":"invalid","message":"no such item: secret-9"}}', "404 Not Found")
        return answer(json.dumps({"object": "list", "data": [{"id": name} for name in names], **more}))
    return serve(respond)


def own_list(gateway, uploads, query=""):
    for _ in range(uploads):
        gateway.call(request("POST", "/openai/v1/files", KEY, "--b--\r\n", ["Content-Type: multipart/form-data; boundary=b"]))
    return gateway.call(request("GET", f"/openai/v1/files{query}", KEY))


def test_a_page_that_fails_ends_what_is_told(start):
    gateway, _ = start(paged(lambda query: (None, None) if "after=" in query else (["own-1", "secret-9"], {"has_more": True})))
    got = own_list(gateway, 1, "?limit=5")
    assert got.status == 200 and json.loads(got.body) == {"object": "list", "data": [{"id": "own-1"}], "has_more": True}


def test_a_list_in_which_nothing_own_is_found_is_not_told_as_empty(start):
    gateway, upstream = start(paged(lambda query: ([f"secret-{len(upstream.requests)}"], {"has_more": True})))
    got = own_list(gateway, 0)
    assert got.status == 502 and b"too long" in got.body and b"secret" not in got.body
    assert len(upstream.requests) == 50 and "after=secret-49&limit=100" in upstream.requests[-1].first_line


def test_an_error_of_a_later_page_is_not_the_clients(start):
    gateway, _ = start(paged(lambda query: (None, None) if "after=" in query else (["secret-9"], {"has_more": True})))
    got = own_list(gateway, 0)
    assert got.status == 502 and b"secret" not in got.body and got["x-should-retry"] is None


def test_a_list_that_knows_no_pages_is_told_whole(start):
    gateway, upstream = start(paged(lambda query: (["own-1", "secret-9", "own-2", "own-3"], {})))
    assert [item["id"] for item in json.loads(own_list(gateway, 3, "?limit=2").body)["data"]] == ["own-1", "own-2", "own-3"]
    assert len(upstream.requests) == 4


def test_a_list_that_does_not_go_on_is_told_once(start):
    gateway, upstream = start(paged(lambda query: (["own-1", "secret-9"], {"has_more": True})))
    assert [item["id"] for item in json.loads(own_list(gateway, 1, "?limit=5").body)["data"]] == ["own-1"]
    assert len(upstream.requests) == 3


def test_files_that_a_listed_batch_made_are_its_owners(start):
    def respond(asked):
        method, path = asked.first_line.split()[:2]
        if method == "POST":
            return answer('{"id":"batch_1","object":"batch","output_file_id":null}')
        if "batches" in path:
            return answer('{"data":[{"id":"batch_1","output_file_id":"file-out"}],"has_more":false}')
        return answer('{"data":[{"id":"file-out"},{"id":"file-other"}],"has_more":false}')
    gateway, _ = start(serve(respond))
    body = json.dumps({"input_file_id": "file-in", "endpoint": "/chat/completions", "completion_window": "24h"})
    assert gateway.call(request("POST", "/openai/v1/batches", KEY, body)).status == 200
    assert json.loads(gateway.call(request("GET", "/openai/v1/files", KEY)).body)["data"] == []
    assert gateway.call(request("GET", "/openai/v1/batches", KEY)).status == 200
    assert json.loads(gateway.call(request("GET", "/openai/v1/files", KEY)).body)["data"] == [{"id": "file-out"}]


def test_a_list_of_another_type_is_not_told(start):
    gateway, _ = start(serve(lambda _: answer("file-1", fields=["Content-Type: text/plain"])))
    assert gateway.call(request("GET", "/openai/v1/files", KEY)).status == 502


def test_errors_of_lists_pass(start):
    gateway, _ = start(serve(lambda _: answer('{"error":{"code":"oops","message":"no"}}', "400 Bad Request")))
    got = gateway.call(request("GET", "/openai/v1/batches?limit=2", KEY))
    assert got.status == 400 and b"oops" in got.body


def test_batches_follow_their_files_wherever_the_home_is(resources):
    gateway = resources.gateway(products={"plan": {"models": MODELS, "home": "west"}})
    line = json.dumps({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions",
                       "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "One"}]}})
    file = gateway.upload("lines.jsonl", line)
    gateway.reload(settings(resources.east.url, resources.west.url))  # the home moves to east
    resources.asked()
    made = gateway.ask("POST", "/openai/v1/batches", {"input_file_id": file, "endpoint": "/chat/completions",
                                                      "completion_window": "24h"})
    assert made.status == 200, made
    batch = json.loads(made.body)
    for _ in range(4):
        batch = json.loads(gateway.ask("GET", f"/openai/v1/batches/{batch['id']}").body)
    assert batch["status"] == "completed"
    output = gateway.ask("GET", f"/openai/v1/files/{batch['output_file_id']}/content")
    assert json.loads(output.body)["custom_id"] == "a"
    assert resources.asked()[0] == []
    # A list is the home's.
    assert gateway.ask("GET", "/openai/v1/files").status == 200
    assert resources.asked() == (["GET /files"], [])
    # What is kept apart cannot be used together.
    here = gateway.upload("here.txt", "here", "assistants")
    apart = gateway.ask("POST", "/openai/v1/vector_stores", {"name": "both", "file_ids": [here, file]})
    assert apart.status == 400
    assert f"`{here}` (`file_ids`) and `{file}` (`file_ids`)" in json.loads(apart.body)["error"]["message"]
    store = json.loads(gateway.ask("POST", "/openai/v1/vector_stores", {"name": "west", "file_ids": [file]}).body)
    resources.asked()
    found = gateway.ask("POST", f"/openai/v1/vector_stores/{store['id']}/search", {"query": "One"})
    assert found.status == 200 and resources.asked()[0] == []
    assert gateway.ask("DELETE", f"/openai/v1/vector_stores/{store['id']}").status == 200


def test_a_second_gateway_asks_the_resources(resources):
    one, other = resources.gateway("one"), resources.gateway("other")
    made = one.respond("west", "Made by the other.")
    resources.asked()
    got = other.ask("GET", f"{RESPONSES}/{made['id']}")
    assert got.status == 200 and json.loads(got.body) == made
    assert resources.asked() == ([f"GET /responses/{made['id']}"], [f"GET /responses/{made['id']}"])
    assert other.lookups("probed") == 1
    answer = other.respond("west", "Go on.", previous_response_id=made["id"])
    assert answer["previous_response_id"] == made["id"]


def test_gateways_that_share_a_redis_tell_each_other(resources):
    redis = resources.keep(Redis(resources.folder / "redis"))
    sharing = {"redis": redis.url, "timeout": "1s"}
    one, other = resources.gateway("one", sharing=sharing), resources.gateway("other", sharing=sharing)
    for gateway in (one, other):
        wait_until(lambda: gateway.metrics()["tollgate_sharing_connected"] == 2)
    made = one.respond("west", "For both.")["id"]
    wait_until(lambda: redis.command("KEYS", "tollgate::note:*").startswith(b"*") and
               redis.command("DBSIZE") != b":0\r\n")
    resources.asked()
    foreign = other.ask("GET", f"{RESPONSES}/{made}", key=PARTNER_KEY)
    assert foreign.status == 404 and resources.asked() == ([], [])
    assert other.ask("GET", f"{RESPONSES}/{made}").status == 200
    assert resources.asked() == ([], [f"GET /responses/{made}"])
    assert (other.lookups("known"), other.lookups("probed"), other.lookups("foreign")) == (1, 0, 1)
    assert made.encode() not in redis.command("KEYS", "*")
    # Away: it is asked for.
    later = one.respond("west", "While it is away.")["id"]
    redis.stop()
    resources.started.remove(redis)
    wait_until(lambda: other.metrics()["tollgate_sharing_connected"] == 0)
    fresh = one.respond("west", "Nobody is told of this.")["id"]
    assert other.ask("GET", f"{RESPONSES}/{fresh}").status == 200
    assert other.lookups("probed") == 1
    assert later != fresh
    # Who finds it there does not own it for that.
    assert other.ask("GET", f"{RESPONSES}/{fresh}", key=PARTNER_KEY).status == 200
    assert other.ask("GET", f"{RESPONSES}/{fresh}").status == 200
    assert one.ask("GET", f"{RESPONSES}/{fresh}", key=PARTNER_KEY).status == 404
    assert other.lookups("foreign") == 1
    # What is made meanwhile has an owner.
    own = other.respond("west", "Mine.", previous_response_id=fresh)["id"]
    assert other.ask("GET", f"{RESPONSES}/{own}", key=PARTNER_KEY).status == 404


def test_an_owner_that_is_down_is_not_replaced(resources):
    gateway = resources.gateway()
    made = gateway.respond("west", "Wait for me.")["id"]
    resources.west.stop()
    resources.started.remove(resources.west)
    down = gateway.ask("GET", f"{RESPONSES}/{made}")
    assert down.status == 502
    assert resources.east.journal() == []
    # What nobody remembers may be there: it is not called missing.
    assert gateway.ask("GET", f"{RESPONSES}/resp_nobody").status == 502
