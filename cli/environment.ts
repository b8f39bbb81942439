// The environment variables of the process, as commands read them. Pure.

export type Environment = Readonly<Record<string, string | undefined>>;

/** The AWS region of a host of API Gateway, else the one the environment names. */
export function regionOf({ hostname }: URL, environment: Environment): string {
  const [, region] = /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(hostname) ?? [];
  return region ?? ambientRegion(environment);
}

/** Where nothing else names one. */
export function ambientRegion(environment: Environment): string {
  return environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1';
}
