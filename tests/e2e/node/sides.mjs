// The official clients for both sides: the gateway, and a mock with nothing in between.
// Addresses and keys come from the environment (test_node.py sets it).
import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import { test } from 'node:test';
import OpenAI, { AzureOpenAI } from 'openai';

globalThis.File ??= File;  // Node 18 has it, but not as a global

export const apiVersion = '2024-10-21';
export const sides = {
  through: { url: process.env.TOLLGATE_URL, key: process.env.TOLLGATE_KEY },
  directly: { url: process.env.TWIN_URL, key: process.env.TWIN_KEY },
};

export function client(side, surface, options = {}) {
  const { url, key } = sides[side];
  const known = { apiKey: key, maxRetries: 0, timeout: 20_000, ...options };
  if (surface === 'azure') return new AzureOpenAI({ endpoint: url, apiVersion, ...known });
  return new OpenAI({ baseURL: url + (surface === 'v1' ? '/openai/v1' : '/v1'), ...known });
}

export const surfaces = ['v1', 'short', 'azure'];

// Tells a story to both sides, on every surface; both must end alike. `check` looks at one of them.
export function both(name, story, check) {
  for (const surface of surfaces) {
    test(`${name} (${surface})`, async () => {
      const ours = plain(await story(client('through', surface)));
      const theirs = plain(await story(client('directly', surface)));
      assert.deepEqual(ours, theirs);
      check(ours);
    });
  }
}

// What JSON would keep: no functions, no private members.
export const plain = (value) => JSON.parse(JSON.stringify(value));

export async function collect(events) {
  const all = [];
  for await (const event of await events) all.push(event);
  return all;
}

export const ask = (text, more = {}) => ({
  model: 'gpt-4o', messages: [{ role: 'user', content: text }], ...more,
});
