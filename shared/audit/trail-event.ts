// The one way into the audit trail: every fact becomes one event. Pure.
import { type ChangeFact, changeEvent } from './change-event.ts';
import { type DecisionFact, decisionEvent } from './decision-event.ts';
import { type FindingFact, findingEvent } from './finding-event.ts';
import type { Occurrence, OcsfEvent } from './ocsf.ts';

export type TrailFact = DecisionFact | ChangeFact | FindingFact;

/** @param issuer of the tokens that decisions grant */
export function trailEvent(fact: TrailFact, issuer: string, seen: Occurrence): OcsfEvent {
  switch (fact.kind) {
    case 'decision':
      return decisionEvent(fact, issuer, seen);
    case 'change':
      return changeEvent(fact, seen);
    case 'finding':
      return findingEvent(fact, seen);
  }
}
