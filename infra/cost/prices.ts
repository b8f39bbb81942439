// AWS's public on-demand prices and default quotas of one Region, as read on one day. Pure: the one place that has them.

/** The day they were read; look them up again before you decide by them. */
export const readOn = '2026-06-01';
export const region = 'us-east-1';

/** Units up to `upTo` of a month, counted from the first, cost `price` each. */
interface Tier {
  readonly upTo: number;
  readonly price: number;
}

const rest = Number.POSITIVE_INFINITY;
const million = 1e6;

/** US dollars for each unit, in tiers of a month. Free tiers of new accounts are left out: they end. */
const prices = {
  /** A request of a REST API. */
  apiRequest: [
    { upTo: 333e6, price: 3.5 / million },
    { upTo: 1_000e6, price: 2.8 / million },
    { upTo: 20_000e6, price: 2.38 / million },
    { upTo: rest, price: 1.51 / million },
  ],
  lambdaRequest: [{ upTo: rest, price: 0.2 / million }],
  /** A GB-second on arm64. */
  lambdaGigabyteSecond: [
    { upTo: 7.5e9, price: 0.000_013_333_4 },
    { upTo: 18.75e9, price: 0.000_012_000_1 },
    { upTo: rest, price: 0.000_010_666_7 },
  ],
  /** On demand, for 1 KB. */
  writeUnit: [{ upTo: rest, price: 0.625 / million }],
  /** On demand, for 4 KB, strongly consistent. */
  readUnit: [{ upTo: rest, price: 0.125 / million }],
  tableGigabyteMonth: [{ upTo: rest, price: 0.25 }],
  tableBackupGigabyteMonth: [{ upTo: rest, price: 0.2 }],
  keyMonth: [{ upTo: rest, price: 1 }],
  /** Symmetric and HMAC keys. */
  symmetricCall: [{ upTo: rest, price: 0.03 / 1e4 }],
  rsa2048Call: [{ upTo: rest, price: 0.03 / 1e4 }],
  /** Asymmetric keys but RSA 2048. */
  asymmetricCall: [{ upTo: rest, price: 0.15 / 1e4 }],
  eccKeyPair: [{ upTo: rest, price: 0.1 / 1e4 }],
  rsaKeyPair: [{ upTo: rest, price: 12 / 1e4 }],
  /** Logs of Lambda, by GB taken in. */
  logGigabyte: [
    { upTo: 10e3, price: 0.5 },
    { upTo: 30e3, price: 0.25 },
    { upTo: 50e3, price: 0.1 },
    { upTo: rest, price: 0.05 },
  ],
  logGigabyteMonth: [{ upTo: rest, price: 0.03 }],
  metricMonth: [{ upTo: rest, price: 0.3 }],
  /** Each metric that an alarm reads. */
  alarmMonth: [{ upTo: rest, price: 0.1 }],
  compositeAlarmMonth: [{ upTo: rest, price: 0.5 }],
  dashboardMonth: [{ upTo: rest, price: 3 }],
  s3Put: [{ upTo: rest, price: 0.005 / 1e3 }],
  s3GigabyteMonth: [{ upTo: rest, price: 0.023 }],
} as const satisfies Readonly<Record<string, readonly Tier[]>>;

export type Unit = keyof typeof prices;

/** US dollars for so many units in one month. */
export function priceOf(unit: Unit, count: number): number {
  let [dollars, below] = [0, 0];
  for (const { upTo, price } of prices[unit]) {
    dollars += Math.max(0, Math.min(count, upTo) - below) * price;
    below = upTo;
  }
  return dollars;
}

/** By default, for one account in one Region, a second where nothing else is said. All but those of a partition can be raised. */
export const quotas = {
  apiRequests: 10_000,
  /** Executions at a time; a new account may have as few as 10. */
  lambdaConcurrency: 1_000,
  /** Requests for each execution that the account may have at a time. */
  lambdaRequestsPerExecution: 10,
  tableReadUnits: 40_000,
  tableWriteUnits: 40_000,
  /** Of one partition, and so of one key. */
  partitionReadUnits: 3_000,
  partitionWriteUnits: 1_000,
  /** What a new table on demand serves at once. */
  newTableReadUnits: 12_000,
  newTableWriteUnits: 4_000,
  kmsEcc: 1_000,
  kmsRsa: 1_000,
  /** 20,000 or 10,000 in most other Regions. */
  kmsSymmetric: 100_000,
  /** All calls of STS that are signed by credentials, `AssumeRole` among them. */
  stsRequests: 600,
} as const;
