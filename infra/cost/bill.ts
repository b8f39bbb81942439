// A month's bill by service, and how many exchanges a second the default quotas let through. Pure.
import type { SigningAlgorithm } from '../../shared/policy/compiled-policy.ts';
import type { SigningMode } from '../keys/signing-keys.ts';
import { priceOf, quotas, type Unit } from './prices.ts';
import { assumed, exchange, signatureUnit } from './work.ts';

/** What stands whether anybody exchanges or not. */
export interface Standing {
  readonly keys: number;
  /** Metrics that alarms read, each counted once for each alarm. */
  readonly alarmMetrics: number;
  readonly compositeAlarms: number;
  readonly dashboards: number;
  readonly hasTrail: boolean;
}

export interface Usage {
  /** Of a month. */
  readonly exchanges: number;
  readonly mode: SigningMode;
  readonly alg: SigningAlgorithm;
  readonly standing: Standing;
}

export interface Line {
  readonly service: string;
  readonly what: string;
  readonly dollars: number;
}

type Used = readonly [unit: Unit, count: number];

const dollarsOf = (used: readonly Used[]): number => used.reduce((sum, [unit, count]) => sum + priceOf(unit, count), 0);

/** Gigabytes that lie there once as much comes as goes, of so many bytes an exchange. */
const kept = (exchanges: number, bytes: number, days: number): number => (exchanges * bytes * (days / 30)) / 1e9;

/** A month of it, once all that is kept for a while has been kept so long. */
export function billOf({ exchanges, mode, alg, standing }: Usage): readonly Line[] {
  const { decisionDays, logDays, trailDays, exchangesPerEnvironment, changesPerBatch, batchSeconds } = assumed;
  const batches = standing.hasTrail ? exchanges / changesPerBatch : 0;
  const table = kept(exchanges, exchange.recordBytes + exchange.listedBytes, decisionDays);
  const lines: readonly (readonly [string, string, readonly Used[]])[] = [
    ['API Gateway', 'requests of a REST API', [['apiRequest', exchanges]]],
    [
      'Lambda',
      'requests and 512 MB on arm64, the writer of the trail too',
      [
        ['lambdaRequest', exchanges + batches],
        ['lambdaGigabyteSecond', (exchanges * exchange.seconds + batches * batchSeconds) * exchange.gigabytes],
      ],
    ],
    [
      'DynamoDB',
      `${exchange.keysRead} keys read and ${exchange.writeUnits} units written for each, records kept ${decisionDays} days`,
      [
        ['readUnit', exchanges * exchange.keysRead],
        ['writeUnit', exchanges * exchange.writeUnits],
        ['tableGigabyteMonth', table],
        ['tableBackupGigabyteMonth', table],
      ],
    ],
    [
      'KMS',
      mode === 'kms'
        ? `one ${alg} signature for each, and the keys`
        : 'one Decrypt for each new environment, and the keys',
      [
        mode === 'kms' ? [signatureUnit(alg), exchanges] : ['symmetricCall', exchanges / exchangesPerEnvironment],
        ['keyMonth', standing.keys],
      ],
    ],
    ['STS', 'nothing', []],
    [
      'CloudWatch',
      `logs kept ${logDays} days, metrics, alarms, dashboards`,
      [
        ['logGigabyte', (exchanges * exchange.logBytes) / 1e9],
        ['logGigabyteMonth', kept(exchanges, exchange.logBytes, logDays)],
        ['metricMonth', assumed.metricSeries],
        ['alarmMonth', standing.alarmMetrics],
        ['compositeAlarmMonth', standing.compositeAlarms],
        ['dashboardMonth', standing.dashboards],
      ],
    ],
    [
      'S3',
      `the audit trail, kept ${trailDays} days`,
      standing.hasTrail
        ? [
            ['s3Put', batches],
            ['s3GigabyteMonth', kept(exchanges, exchange.trailBytes, trailDays)],
          ]
        : [],
    ],
  ];
  return lines.map(([service, what, used]) => ({ service, what, dollars: dollarsOf(used) }));
}

export interface Ceiling {
  readonly service: string;
  readonly what: string;
  /** Exchanges a second. */
  readonly most: number;
}

/** By default quotas, those of each service by itself; the lowest is what a new deployment can do. */
export function ceilingsOf({ mode, alg }: Pick<Usage, 'mode' | 'alg'>): readonly Ceiling[] {
  const { lambdaConcurrency, lambdaRequestsPerExecution } = quotas;
  const busy = Math.floor(lambdaConcurrency / exchange.seconds);
  const isRsa = signatureUnit(alg) === 'rsa2048Call';
  const signatures = { service: 'KMS', what: `${alg} signatures`, most: isRsa ? quotas.kmsRsa : quotas.kmsEcc };
  return [
    ...(mode === 'kms'
      ? [signatures]
      : [
          {
            service: 'KMS',
            what: 'Decrypt, once for each new environment',
            most: quotas.kmsSymmetric * assumed.exchangesPerEnvironment,
          },
        ]),
    { service: 'STS', what: 'AssumeRole, where a role is granted', most: quotas.stsRequests },
    {
      service: 'DynamoDB',
      what: 'one issuer, rule or audience, whose suspension is one key: not adjustable',
      most: quotas.partitionReadUnits,
    },
    {
      service: 'DynamoDB',
      what: 'units read of the table',
      most: Math.floor(quotas.tableReadUnits / exchange.keysRead),
    },
    { service: 'DynamoDB', what: 'units written to the table', most: quotas.tableWriteUnits / exchange.writeUnits },
    {
      service: 'DynamoDB',
      what: 'units read of a table that is new',
      most: Math.floor(quotas.newTableReadUnits / exchange.keysRead),
    },
    { service: 'API Gateway', what: 'requests', most: quotas.apiRequests },
    {
      service: 'Lambda',
      what: `${lambdaConcurrency.toLocaleString('en-US')} executions at a time`,
      most: Math.min(busy, lambdaConcurrency * lambdaRequestsPerExecution),
    },
  ].toSorted((a, b) => a.most - b.most);
}
