// Responses, embeddings, files, audio, batches and models with the Node client.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toFile } from 'openai';
import { both, client, collect, surfaces } from './sides.mjs';

const sound = Buffer.alloc(150_000, 7);

both('responses', async (c) => {
  const made = await c.responses.create({ model: 'gpt-4o', input: 'Keep this.' });
  const next = await c.responses.create({ model: 'gpt-4o', input: 'More.', previous_response_id: made.id });
  const got = await c.responses.retrieve(made.id);
  const items = await c.responses.inputItems.list(made.id);
  await c.responses.delete(made.id);
  await assert.rejects(c.responses.retrieve(made.id), { status: 404 });
  return { made, next, got, items: items.data };
}, ({ made, next, got }) => {
  assert.deepEqual(made, got);
  assert.equal(next.previous_response_id, made.id);
});

both('responses stream and helper', async (c) => {
  const events = await collect(c.responses.create({ model: 'gpt-4o', input: 'Stream it.', stream: true }));
  const final = await c.responses.stream({ model: 'gpt-4o', input: 'Stream it.' }).finalResponse();
  return { events, final };
}, ({ events, final }) => {
  assert.equal(events.at(-1).type, 'response.completed');
  assert.equal(final.status, 'completed');
});

both('background responses', async (c) => {
  const made = await c.responses.create({ model: 'gpt-4o', input: 'Later.', background: true });
  return [made.status, (await c.responses.cancel(made.id)).status];
}, (statuses) => assert.deepEqual(statuses, ['queued', 'cancelled']));

both('embeddings', async (c) => [
  await c.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] }),
  await c.embeddings.create({ model: 'text-embedding-3-small', input: 'one', encoding_format: 'float' }),
], ([packed, plain]) => {
  assert.equal(packed.data[1].embedding.length, 1536);
  assert.ok(Math.abs(packed.data[0].embedding[3] - plain.data[0].embedding[3]) < 1e-6);
});

both('audio', async (c) => {
  const heard = await c.audio.transcriptions.create({ file: await toFile(sound, 'a.wav'), model: 'whisper' });
  const text = await c.audio.transcriptions.create({
    file: await toFile(sound, 'a.wav'), model: 'whisper', response_format: 'srt' });
  const spoken = await c.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Stop at the gate.' });
  return { heard, text, spoken: Buffer.from(await spoken.arrayBuffer()).toString('base64') };
}, ({ heard, text, spoken }) => {
  assert.match(heard.text, /150000 bytes/);
  assert.match(text, /^1\n/);
  assert.ok(spoken.length > 1000);
});

both('files and batches', async (c) => {
  const line = JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions',
    body: { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] } });
  const file = await c.files.create({ file: await toFile(Buffer.from(line + '\n'), 'q.jsonl'), purpose: 'batch' });
  const content = await (await c.files.content(file.id)).text();
  const asked = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' };
  let batch = await c.batches.create(asked);
  const statuses = [batch.status];
  while (batch.status !== 'completed' && statuses.length < 9) {
    batch = await c.batches.retrieve(batch.id);
    statuses.push(batch.status);
  }
  return { file, content, statuses, batch };
}, ({ content, statuses }) => {
  assert.match(content, /custom_id/);
  assert.equal(statuses.at(-1), 'completed');
});

// With a deployment of its own the Azure client puts that into the path of batches, too.
test('batches below a deployment', async () => {
  const made = [];
  for (const side of ['through', 'directly']) {
    const c = client(side, 'azure', { deployment: 'gpt-4o' });
    const file = await c.files.create({ file: await toFile(Buffer.from('{}\n'), 'b.jsonl'), purpose: 'batch' });
    made.push(await c.batches.create({
      input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' }));
  }
  assert.deepEqual(made[0], made[1]);
  assert.equal(made[0].object, 'batch');
});

for (const surface of surfaces) {
  test(`models (${surface})`, async () => {
    const ids = (await collect(client('through', surface).models.list())).map((model) => model.id);
    assert.ok(ids.includes('gpt-4o') && ids.includes('helpdesk'));
    assert.equal((await client('through', surface).models.retrieve('helpdesk')).id, 'helpdesk');
  });
}
