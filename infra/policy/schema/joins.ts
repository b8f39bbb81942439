// `exports` and `imports` of the policy language as zod schemas: what of one tenant another may name. Pure.
import { z } from 'zod';
import { closed, name, reference } from './values.ts';

const exported = z.union([
  z.array(name).describe('To every tenant.'),
  z
    .record(name, z.array(name).min(1, 'name a tenant, or root'))
    .describe('To these tenants; `root` is the root policy.'),
]);

const imported = z.array(reference).describe('By the names everybody else uses: `acme/orders-api`, bare of the root.');

export const exportsSchema = z
  .union([
    z.array(name).describe('To every tenant, whatever has such a name.'),
    closed({
      issuers: exported.optional(),
      clients: exported.optional(),
      audiences: exported.optional(),
      roles: exported.optional(),
    }),
  ])
  .describe('Names of its own that other tenants may import.');

export const importsSchema = z
  .union([
    imported,
    closed({
      issuers: imported.optional(),
      clients: imported.optional(),
      audiences: imported.optional(),
      roles: imported.optional(),
    }),
  ])
  .describe('Names of other tenants that this one may use, if they export them.');
