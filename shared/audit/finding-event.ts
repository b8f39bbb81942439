// A change of the table that nothing of Cambio makes, as an event of the trail: OCSF Detection Finding. Pure.
import { baseEvent, type Occurrence, type OcsfEvent, severities } from './ocsf.ts';

export interface FindingFact {
  readonly kind: 'finding';
  readonly finding: 'deleted' | 'altered' | 'unreadable';
  /** Key of the item. */
  readonly item: string;
  readonly decisionId?: string | undefined;
}

const titles: Readonly<Record<FindingFact['finding'], string>> = {
  deleted: 'An item was deleted: no function deletes items, and it had not expired',
  altered: 'A decision was altered in a way in which no function alters one',
  unreadable: 'An item was written that is not what its key says',
};

export function findingEvent({ finding, item, decisionId }: FindingFact, seen: Occurrence): OcsfEvent {
  return {
    ...baseEvent({
      ...{ ...seen, of: 'detectionFinding', time: seen.loggedAt },
      ...{ activity: [1, 'Create'], severity: severities.high },
    }),
    is_alert: true,
    status_id: 1,
    status: 'New',
    finding_info: { uid: seen.uid, title: titles[finding], types: [finding] },
    resources: [{ type: 'DynamoDB item', uid: item }],
    unmapped: { decision_id: decisionId, sequence: seen.sequence },
  };
}
