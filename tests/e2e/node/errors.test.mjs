// Error classes of the Node client.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { ask, client, collect, surfaces } from './sides.mjs';

async function failure(promise, kind) {
  const error = await promise.then(() => assert.fail('it did not fail'), (e) => e);
  assert.ok(error instanceof kind, `${error?.constructor?.name}: ${error}`);
  return error;
}

for (const surface of surfaces) {
  const through = (options) => client('through', surface, options);
  const chat = (text, more) => through().chat.completions.create(ask(text, more));

  test(`credentials and names (${surface})`, async () => {
    const bad = through({ apiKey: 'wrong' }).chat.completions.create(ask('x'));
    assert.equal((await failure(bad, OpenAI.AuthenticationError)).code, 'invalid_api_key');
    const unknown = await failure(chat('x', { model: 'gpt-9' }), OpenAI.NotFoundError);
    assert.equal(unknown.code, 'model_not_found');
    assert.ok(unknown.requestID);
    const narrow = through({ apiKey: process.env.NARROW_KEY }).chat.completions.create(ask('x'));
    assert.equal((await failure(narrow, OpenAI.PermissionDeniedError)).code, 'model_not_allowed');
    await failure(through().responses.retrieve('resp_404'), OpenAI.NotFoundError);
  });

  test(`content filter (${surface})`, async () => {
    const error = await failure(chat('Bad. [[mock filter]]'), OpenAI.BadRequestError);
    const same = await failure(client('directly', surface).chat.completions.create(ask('Bad. [[mock filter]]')),
      OpenAI.BadRequestError);
    assert.equal(error.code, 'content_filter');
    assert.deepEqual(error.error, same.error);
    assert.ok(error.error.innererror.content_filter_result);
  });

  test(`limits and faults (${surface})`, async () => {
    const limited = await failure(chat('Full. [[mock status=429 retry_after=7]]', { model: `advised-node-${surface}` }),
      OpenAI.RateLimitError);
    assert.equal(limited.headers.get('retry-after'), '7');
    assert.equal((await failure(chat('x [[mock status=500]]'), OpenAI.InternalServerError)).status, 502);
    assert.equal((await failure(chat('x [[mock status=503]]'), OpenAI.InternalServerError)).status, 503);
    await failure(chat('Half. [[mock cut tokens=400]]'), Error);
    const hasty = through({ timeout: 300 }).chat.completions.create(ask('Slow. [[mock ttft_ms=5000]]'));
    await failure(hasty, OpenAI.APIConnectionTimeoutError);
  });

  test(`broken streams (${surface})`, async () => {
    const seen = [];
    const broken = (async () => {
      for await (const chunk of await chat('Cut. [[mock cut k=6 tokens=20 gap_ms=2]]', { stream: true })) {
        seen.push(chunk);
      }
    })();
    const error = await failure(broken, OpenAI.APIError);
    assert.equal(error.code, 'upstream_error');
    assert.equal(seen.length, 6);
    await failure(through().chat.completions.stream(ask('Cut. [[mock cut k=6]]')).finalChatCompletion(), OpenAI.OpenAIError);
    await failure(collect(chat('In it. [[mock inband k=5]]', { stream: true })), OpenAI.APIError);
  });

  test(`broken streams of responses (${surface})`, async () => {
    const asked = { model: 'gpt-4o', input: 'Cut. [[mock cut k=6 tokens=20 gap_ms=2]]', stream: true };
    const types = [];
    try {
      for await (const event of await through().responses.create(asked)) types.push(event.type);
      assert.equal(types.at(-1), 'error');
    } catch (error) {
      assert.ok(error instanceof OpenAI.APIError, String(error));
    }
    assert.ok(!types.includes('response.completed'));
    assert.equal(types[0], 'response.created');
  });
}

test('the client retries what the gateway tells it to', async () => {
  const planted = { deployment: 'gpt-4o-mini', fault: 'status=503 retry_after=0', times: 1 };
  await fetch(process.env.MOCK_URL + '/mock/faults', { method: 'POST', body: JSON.stringify(planted) });
  const done = await client('through', 'v1', { maxRetries: 2 }).chat.completions.create(
    ask('Second time lucky.', { model: 'gpt-4o-mini' }));
  assert.equal(done.choices.length, 1);
});

test('leaving a stream', async () => {
  const stream = await client('through', 'v1').chat.completions.create(
    ask('I leave this one. [[mock tokens=500 gap_ms=10]]', { stream: true }));
  for await (const chunk of stream) {
    if (chunk.choices.length > 0) break;
  }
  const deadline = Date.now() + 3000;
  let entry;
  while (!entry && Date.now() < deadline) {
    const journal = await (await fetch(process.env.MOCK_URL + '/mock/journal')).json();
    entry = journal.find((e) => e.body.includes('I leave this one.'));
  }
  assert.equal(entry?.end, 'client_gone');
});
