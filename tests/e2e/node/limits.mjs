// Budgets and rate limits as the Node client meets them, with the retries it comes with.
// test_limits.py starts it, and counts what reached the gateway and the provider.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { ask, client } from './sides.mjs';

const { SURFACE: surface, CALLER: caller, SPENT_KEY: spentKey, PACED_KEY: pacedKey } = process.env;
// As its maker delivers it: nothing is said about retries.
const callerWith = (apiKey) => client('through', surface, { apiKey, maxRetries: undefined });

test('a spent budget surfaces at once', async () => {
  const openai = callerWith(spentKey);
  await openai.chat.completions.create(ask(`The budget of ${caller}.`));
  const error = await openai.chat.completions.create(ask(`The budget of ${caller}.`))
    .then(() => assert.fail('it did not fail'), (e) => e);
  assert.ok(error instanceof OpenAI.RateLimitError, String(error));
  assert.equal(error.code, 'insufficient_quota');
  assert.match(error.message, /The budget `spent\.requests\/day` \(1 request a day\) is spent/);
});

test('a short wait is waited for', async () => {
  const openai = callerWith(pacedKey);
  await openai.chat.completions.create(ask(`The pace of ${caller}.`));
  const answer = await openai.chat.completions.create(ask(`The pace of ${caller}.`));
  assert.match(answer.choices[0].message.content, /The pace of/);
});
