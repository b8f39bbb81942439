// What every event of the audit trail has in common, in the words of OCSF (Open Cybersecurity Schema Framework). Pure.
// https://schema.ocsf.io/1.7.0/
import { version } from '../version.ts';

const ocsfVersion = '1.7.0';

/** The classes the trail uses, each with the one category it is of. */
const classes = {
  authentication: { uid: 3002, name: 'Authentication', category: [3, 'Identity & Access Management'] },
  entityManagement: { uid: 3004, name: 'Entity Management', category: [3, 'Identity & Access Management'] },
  detectionFinding: { uid: 2004, name: 'Detection Finding', category: [2, 'Findings'] },
} as const;

/** Where and when a change of the table was seen. */
export interface Occurrence {
  /** Names the event: the same however often the change is delivered. */
  readonly uid: string;
  /** Milliseconds since the epoch: when the table changed. */
  readonly loggedAt: number;
  /** The change's number in its shard; absent of what the sweep delivers. */
  readonly sequence?: string | undefined;
}

export type OcsfEvent = Readonly<Record<string, unknown>>;

interface Common extends Occurrence {
  readonly of: keyof typeof classes;
  readonly activity: readonly [id: number, name: string];
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly severity: readonly [id: number, name: string];
  readonly correlation?: string | undefined;
}

export const severities = { informational: [1, 'Informational'], low: [2, 'Low'], high: [4, 'High'] } as const;

/** The attributes of the base event. */
export function baseEvent({ of, activity, time, severity, uid, loggedAt, correlation }: Common): OcsfEvent {
  const { uid: classUid, name, category } = classes[of];
  const [activityId, activityName] = activity;
  return {
    category_uid: category[0],
    category_name: category[1],
    class_uid: classUid,
    class_name: name,
    activity_id: activityId,
    activity_name: activityName,
    type_uid: classUid * 100 + activityId,
    type_name: `${name}: ${activityName}`,
    time,
    severity_id: severity[0],
    severity: severity[1],
    metadata: {
      version: ocsfVersion,
      product: { name: 'Cambio', vendor_name: 'Cambio', version },
      uid,
      logged_time: loggedAt,
      ...(correlation !== undefined && { correlation_uid: correlation }),
    },
  };
}
