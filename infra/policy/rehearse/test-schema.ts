// The language of policy tests, `*.test.yaml`, as a zod schema. Pure.
import { z } from 'zod';
import { closed, filled, reference } from '../schema/values.ts';

const claims = z.record(filled, z.unknown());
const epoch = z.int('a time is whole seconds since the epoch').min(0, 'a time is whole seconds since the epoch');

/** Reasons of a decision: stable codes. */
const reasons = ['malformed', 'issuer', 'audience', 'expired', 'not_yet_valid', 'too_old'] as const;
const reason = z.enum([...reasons, 'no_rule', 'denied', 'scope', 'target', 'tags']);

const test = closed({
  name: filled,
  issuer: reference.describe('Whose token it is, or `self`.'),
  claims,
  actor: closed({ issuer: reference, claims }).optional(),
  client: reference.optional().describe('The authenticated client.'),
  now: epoch.optional(),
  request: closed({
    audience: filled.optional(),
    resource: filled.optional(),
    role: filled.optional(),
    scope: filled.optional(),
  }),
  expect: closed({
    allow: z.boolean(),
    rule: reference.optional(),
    error: z.enum(['invalid_request', 'invalid_target', 'invalid_scope']).optional(),
    reason: reason.optional(),
  }),
});

export const testSchema = closed({ version: z.literal(1), tests: z.array(test) });

export type PolicyTest = z.infer<typeof test>;
