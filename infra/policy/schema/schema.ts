// The policy language as one zod schema: the shape of every key, today's and those still to come. Pure.
import { z } from 'zod';
import { client, issuer } from './issuers.ts';
import { exportsSchema, importsSchema } from './joins.ts';
import { audience, role, rule } from './rules.ts';
import { closed, name } from './values.ts';

/** One policy file. */
export const policySchema = closed({
  version: z.literal(1),
  issuers: z.record(name, issuer).optional().describe('Whose tokens are accepted.'),
  clients: z.record(name, client).optional().describe('Callers that authenticate.'),
  audiences: z.record(name, audience).optional().describe('What tokens are issued for.'),
  roles: z.record(name, role).optional().describe('AWS roles whose credentials are issued.'),
  rules: z.array(rule).optional().describe('The first allow rule that fits wins; any matching deny wins over all.'),
  tenants: closed({ source: z.literal('table') })
    .optional()
    .describe('In the root policy alone: tenants are also put at run time, by /admin/tenants.'),
  exports: exportsSchema.optional(),
  imports: importsSchema.optional(),
});

export type PolicyDocument = z.infer<typeof policySchema>;
export type IssuerEntry = z.infer<typeof issuer>;
export type ClientEntry = z.infer<typeof client>;
export type AudienceEntry = z.infer<typeof audience>;
export type RoleEntry = z.infer<typeof role>;
export type RuleEntry = z.infer<typeof rule>;
export type MatchEntry = NonNullable<RuleEntry['match']>;
