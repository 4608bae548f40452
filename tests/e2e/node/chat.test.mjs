// Chat, streams and tools with the Node client.
import assert from 'node:assert/strict';
import { ask, both, client, collect } from './sides.mjs';
import { test } from 'node:test';

const clock = { type: 'function', function: { name: 'get_time', description: 'Local time', strict: true,
  parameters: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'],
    additionalProperties: false } } };

both('chat', (c) => c.chat.completions.create(ask('What is a toll gate? Ünïcödé 🚦')), (said) => {
  assert.match(said.choices[0].message.content, /toll gate/);
  assert.ok(said.usage.total_tokens > 0);
});

both('stream', (c) => collect(c.chat.completions.create(ask('Stream it.', { stream: true }))), (chunks) => {
  assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
  assert.ok(chunks.every((chunk) => !('usage' in chunk)));
});

both('usage in a stream', (c) => collect(c.chat.completions.create(ask('Stream it.', {
  stream: true, stream_options: { include_usage: true } }))), (chunks) => {
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.ok(chunks.at(-1).usage.completion_tokens > 0);
});

both('odd forms of streams', (c) => Promise.all(['comments', 'crlf', 'nospace', 'split', 'async'].map((mode) =>
  collect(c.chat.completions.create(ask(`Odd.[[mock ${mode}]]`, { stream: true }))))), (all) => {
  assert.equal(all.length, 5);
});

both('stream helper', async (c) => {
  const stream = c.chat.completions.stream(ask('Help me.'));
  let text = '';
  stream.on('content', (delta) => { text += delta; });
  const final = await stream.finalChatCompletion();
  return { text, final };
}, ({ text, final }) => {
  assert.equal(text, final.choices[0].message.content);
});

both('tools', async (c) => {
  const messages = [{ role: 'user', content: 'What time is it? [[mock calls=2]]' }];
  const first = await c.chat.completions.create({ model: 'gpt-4o', messages, tools: [clock] });
  messages.push(first.choices[0].message);
  for (const call of first.choices[0].message.tool_calls) {
    messages.push({ role: 'tool', tool_call_id: call.id, content: '09:41' });
  }
  const second = await c.chat.completions.create({ model: 'gpt-4o', messages, tools: [clock] });
  const streamed = await c.chat.completions.stream({ model: 'gpt-4o', tools: [clock],
    messages: messages.slice(0, 1) }).finalChatCompletion();
  return { first, second, streamed };
}, ({ first, second, streamed }) => {
  assert.equal(first.choices[0].message.tool_calls.length, 2);
  assert.match(second.choices[0].message.content, /09:41/);
  assert.equal(streamed.choices[0].finish_reason, 'tool_calls');
});

both('legacy completions', async (c) => {
  const asked = { model: 'gpt-35-turbo-instruct', prompt: 'Once upon a time', max_tokens: 9 };
  return [await c.completions.create(asked), await collect(c.completions.create({ ...asked, stream: true }))];
}, ([whole, chunks]) => {
  assert.equal(whole.object, 'text_completion');
  assert.ok(chunks.length > 2);
});

test('a deployment given to the client, and one with another name', async () => {
  const ours = client('through', 'azure', { deployment: 'helpdesk' });
  const theirs = client('directly', 'azure', { deployment: 'contoso-chat' });
  const asked = ask('Who serves me?', { model: 'ignored' });
  assert.deepEqual(await ours.chat.completions.create(asked), await theirs.chat.completions.create(asked));
});
