// Names of tenants' things: `<tenant>/<name>`; what is the root policy's own has a bare name. Pure.

/** Cambio itself as an issuer: the tokens it issued. Reserved, so that no configured issuer has it. */
export const selfIssuerName = 'self';

/** The tenant that a name belongs to; `''` for the root policy's. */
export function tenantOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf('/')));
}

/** A tenant's thing as everybody else names it. @param tenant `''` for the root policy */
export function qualified(tenant: string, name: string): string {
  return tenant === '' ? name : `${tenant}/${name}`;
}

/** The issuer that rules name for own tokens of a tenant: `self`, `acme/self`. */
export function ownIssuer(tenant: unknown): string {
  return qualified(typeof tenant === 'string' ? tenant : '', selfIssuerName);
}

/** Whether an issuer of a rule means own tokens, of whichever tenant. */
export function isOwnIssuer(issuer: string | undefined): boolean {
  return issuer === selfIssuerName || issuer?.endsWith(`/${selfIssuerName}`) === true;
}

/** The client that `aud` of an issuer's token would name, if there is one: inside a tenant names are bare. */
export function clientNamedBy(audience: string, issuer: string): string {
  return audience.includes('/') ? audience : qualified(tenantOf(issuer), audience);
}

/**
 * Whether a client may use a rule that names none, or any: nobody in particular, and clients of the rule's own tenant.
 * Another tenant's client is named by the rule, or not let in.
 */
export function mayUse(client: string, rule: { readonly id: string }): boolean {
  return client === '' || tenantOf(client) === tenantOf(rule.id);
}
