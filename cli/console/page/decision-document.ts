// A decision as GET /admin/decisions/{decision_id} gives it, as far as the page reads it. All of it is other people's text. Pure.

export interface Condition {
  readonly name: string;
  readonly wanted: readonly unknown[];
  readonly got?: unknown;
  readonly matched: boolean;
  readonly hint?: string;
}

export interface EvaluatedRule {
  readonly id: string;
  readonly matched: boolean;
  readonly conditions: readonly Condition[];
}

export interface RecordedToken {
  readonly issuer?: string;
  readonly sub?: string;
  readonly jti?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly hashed?: Readonly<Record<string, unknown>>;
  readonly omitted?: readonly string[];
}

export interface Decision {
  readonly decision_id: string;
  readonly at: number;
  readonly expires_at?: number;
  readonly outcome: string;
  readonly error?: string;
  readonly reason?: string;
  readonly detail?: string;
  readonly rule?: string;
  readonly rules?: readonly EvaluatedRule[];
  readonly rules_omitted?: number;
  readonly request?: {
    readonly audiences?: readonly string[];
    readonly resources?: readonly string[];
    readonly scope?: string;
    readonly client?: string;
    readonly requested_token_type?: string;
  };
  readonly subject?: RecordedToken;
  readonly actor?: RecordedToken;
  readonly issued?: Readonly<Record<string, unknown>>;
  readonly inactive?: string;
  readonly policy?: string;
}

/** As the list gives it. */
export interface ListedDecision {
  readonly decision_id: string;
  readonly at: number;
  readonly outcome: string;
  readonly reason?: string;
}

export function targetsOf({ request }: Decision): string {
  return [...(request?.audiences ?? []), ...(request?.resources ?? [])].join(', ') || 'nothing';
}

export function failing({ conditions }: EvaluatedRule): readonly Condition[] {
  return conditions.filter(({ matched }) => !matched);
}

/** The rule that came closest: of those that did not fit, the one with the fewest conditions against it. */
export function closestRule({ rules = [] }: Decision): EvaluatedRule | undefined {
  const open = rules.filter((rule) => !rule.matched && failing(rule).length > 0);
  return open.toSorted((one, other) => failing(one).length - failing(other).length)[0];
}
