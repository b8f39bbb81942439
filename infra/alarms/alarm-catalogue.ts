// Every alarm there is: how urgent, what it means to whoever is woken, and which runbook says what to do. Pure.

/**
 * `page` wakes somebody, unless they are at work on it: maintenance mutes it. `warn` waits for the morning. `attack` wakes somebody,
 * whatever maintenance is under way: an attacker may choose the hour, and may be who says that there is maintenance.
 */
export type Severity = 'page' | 'warn' | 'attack';

export interface AlarmMeaning {
  readonly severity: Severity;
  /** What callers notice, or will. */
  readonly consequence: string;
  /** What to do first. */
  readonly action: string;
  /** A page of docs/runbooks, without its ending. */
  readonly runbook: string;
  /** Of the same cause, and louder: while one of them is on, this one tells nobody. */
  readonly silentWhile?: readonly AlarmName[];
}

export type AlarmName =
  | 'errors-day-page'
  | 'errors-day-warn'
  | 'errors-burn-14'
  | 'errors-burn-6'
  | 'errors-burn-3'
  | 'function-errors'
  | 'latency'
  | 'throttling'
  | 'throttling-page'
  | 'gateway-errors'
  | 'dependency-errors'
  | 'issuer-errors'
  | 'revocation-latency'
  | 'session-revocations'
  | 'audit-lag'
  | 'audit-incomplete'
  | 'audit-errors'
  | 'audit-findings'
  | 'foreign-signature'
  | 'signature-spike'
  | 'replay-spike'
  | 'suspension-left-on'
  | 'key-age'
  | 'key-rotation'
  | 'keyring-refused'
  | 'tenants-refused'
  | 'tenants-left-out'
  | 'maintenance-left-on';

export const alarmCatalogue: Readonly<Record<AlarmName, AlarmMeaning>> = {
  'errors-day-page': {
    severity: 'page',
    consequence: 'Of all requests 9.6 % fail for 15 minutes: a whole day’s budget of 0.1 % is gone.',
    action: 'Find the dependency that fails, or roll back what was deployed last.',
    runbook: 'error-budget',
  },
  'errors-day-warn': {
    severity: 'warn',
    consequence: 'Of all requests 1.2 % fail for an hour: half of a day’s budget is gone.',
    action: 'Find the dependency that fails before the budget is gone.',
    runbook: 'error-budget',
    silentWhile: ['errors-day-page', 'errors-burn-14'],
  },
  'errors-burn-14': {
    severity: 'page',
    consequence: 'The budget of 30 days burns 14.4 times too fast: it is gone in two days.',
    action: 'Find the dependency that fails, or roll back what was deployed last.',
    runbook: 'error-budget',
  },
  'errors-burn-6': {
    severity: 'page',
    consequence: 'The budget of 30 days burns 6 times too fast: it is gone in five days.',
    action: 'Find what fails now and then, and for whom.',
    runbook: 'error-budget',
  },
  'errors-burn-3': {
    severity: 'warn',
    consequence: 'The budget of 30 days burns 3 times too fast: it is gone in ten days.',
    action: 'Find what fails now and then; stop risky changes.',
    runbook: 'error-budget',
    silentWhile: ['errors-day-page', 'errors-burn-14', 'errors-burn-6'],
  },
  'function-errors': {
    severity: 'page',
    consequence: 'Functions crash, time out or do not start: callers get 503, and no line of the log says why.',
    action: 'Read the last lines of the function’s log; roll back what was deployed last.',
    runbook: 'function-errors',
  },
  latency: {
    severity: 'page',
    consequence:
      'The 95th percentile of exchanges is over 200 ms: jobs wait, and the SDKs’ one second for credentials is near.',
    action: 'See which phase is slow: an issuer’s keys, DynamoDB, KMS or STS.',
    runbook: 'latency',
  },
  throttling: {
    severity: 'warn',
    consequence: 'More than 0.1 % of requests are told to come again later.',
    action: 'Find who is throttled: a client over its quota, Lambda’s concurrency, or the rate of the stage or of WAF.',
    runbook: 'throttling',
    silentWhile: ['throttling-page'],
  },
  'throttling-page': {
    severity: 'page',
    consequence: 'More than 10 % of requests are told to come again later for 5 minutes: callers fail.',
    action: 'Find who is throttled; Lambda’s concurrency first: where it is gone nobody is served.',
    runbook: 'throttling',
  },
  'gateway-errors': {
    severity: 'page',
    consequence: 'More than 10 % of what reaches the API ends as 5xx there, whether or not a function was asked.',
    action: 'See whether the functions were asked; if not, the right to invoke them or their concurrency is gone.',
    runbook: 'gateway-errors',
  },
  'dependency-errors': {
    severity: 'page',
    consequence: 'KMS, DynamoDB or STS fail after all tries: nothing is issued, or nothing is checked.',
    action: 'See which; quotas first, then the service’s health in this Region.',
    runbook: 'dependency-throttling',
  },
  'issuer-errors': {
    severity: 'warn',
    consequence:
      'Keys of an issuer cannot be fetched: once the known ones are an hour old its tokens are refused with 503.',
    action: 'Find the issuer in the log and ask it for its keys yourself.',
    runbook: 'issuer-outage',
  },
  'revocation-latency': {
    severity: 'attack',
    consequence: 'A revocation takes longer than 15 s to hold: what was revoked is still good somewhere.',
    action: 'Suspend what was revoked, then find out where it still holds.',
    runbook: 'revocation-latency',
  },
  'session-revocations': {
    severity: 'attack',
    consequence: 'Revoked AWS sessions do not end: the policy of a role cannot be written.',
    action: 'Deny the sessions by hand, then see why the role refuses.',
    runbook: 'session-revocations',
  },
  'audit-lag': {
    severity: 'warn',
    consequence: 'Decisions reach the audit trail more than 5 minutes late.',
    action: 'See whether the trail’s function fails or is behind; nothing is lost for 20 hours.',
    runbook: 'audit-lag',
  },
  'audit-incomplete': {
    severity: 'attack',
    consequence: 'The daily sweep found decisions that the audit trail lacked; they are in it now.',
    action: 'Find out why they were missing, then verify the trail.',
    runbook: 'audit-lag',
  },
  'audit-errors': {
    severity: 'attack',
    consequence: 'What writes, signs or completes the audit trail fails: who got what is not put on record.',
    action: 'Read the lines of the three functions; nothing is lost for 20 hours.',
    runbook: 'audit-lag',
  },
  'audit-findings': {
    severity: 'attack',
    consequence:
      'The table or the audit trail was changed as nothing of Cambio does it: somebody covers tracks, or grants.',
    action: 'Read what was changed in the log of the trail’s writer and of its heads; take the right to write away.',
    runbook: 'audit-findings',
  },
  'foreign-signature': {
    severity: 'attack',
    consequence:
      'Somebody else than the functions signed, or tried to sign, with a key of the keyring or of the audit trail, or opened a sealed one: such a signature is a token, or a head.',
    action:
      'Read who it was in the event’s log group, or in the log of the function for the keys; treat the key as lost unless you know why.',
    runbook: 'key-compromise',
  },
  'signature-spike': {
    severity: 'attack',
    consequence: 'Many tokens with wrong signatures: somebody forges, or an issuer changed its keys.',
    action: 'See whose tokens they are meant to be, and from where they come.',
    runbook: 'forged-tokens',
  },
  'replay-spike': {
    severity: 'attack',
    consequence:
      'Many tokens were presented that had been used, or without the key they are bound to: somebody has copied them, or a client repeats its requests.',
    action: 'See whose they are; revoke by run or subject what is not explained.',
    runbook: 'token-compromise',
  },
  'suspension-left-on': {
    severity: 'warn',
    consequence: 'A suspension has refused requests for a day, and nobody has ended it.',
    action: 'cambio suspend list, then resume it or put it into the policy.',
    runbook: 'suspension-left-on',
  },
  'key-age': {
    severity: 'warn',
    consequence: 'A signing key is older than a year.',
    action: 'See why it does not rotate.',
    runbook: 'key-age',
  },
  'key-rotation': {
    severity: 'warn',
    consequence: 'A step in the life of the signing keys has been due for six hours: keys are not made, or do not end.',
    action: 'Read the last error line of the function for the keys.',
    runbook: 'key-age',
  },
  'keyring-refused': {
    severity: 'attack',
    consequence:
      'The keyring item does not verify, or is an older one: somebody else than rotation wrote it. Functions that start now cannot sign.',
    action: 'Put the last good item back, and take the right to write the table away from whoever did it.',
    runbook: 'keyring-refused',
  },
  'tenants-refused': {
    severity: 'attack',
    consequence:
      'What the table says of tenants does not verify, or is older: somebody else wrote it. Functions that start now answer 503.',
    action: 'Put the last good items back, and take the right to write the table away from whoever did it.',
    runbook: 'tenants',
  },
  'tenants-left-out': {
    severity: 'warn',
    consequence: 'A deployment has shut out a tenant that was put at run time: its callers are refused.',
    action: 'See in the log which, and export to it again what it imports, or put it again.',
    runbook: 'tenants',
  },
  'maintenance-left-on': {
    severity: 'attack',
    consequence: 'For more than 4 hours somebody has said that there is maintenance: no outage wakes anybody.',
    action: 'See who says so; if nobody is at work, somebody has other reasons.',
    runbook: 'maintenance-left-on',
  },
};

/** Where whoever is woken finds the runbooks, unless a prop says it: the folder of this repository. */
export const runbookFolder = 'docs/runbooks';
