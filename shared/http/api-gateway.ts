// Request headers of an API Gateway event. Pure.
import type { APIGatewayProxyEvent } from 'aws-lambda';

/** A header's value whatever its spelling; several headers of one name are joined by a comma, as a proxy would. */
export function header(event: APIGatewayProxyEvent, name: string): string | undefined {
  const values = Object.entries(event.multiValueHeaders ?? {})
    .filter(([spelling]) => spelling.toLowerCase() === name)
    .flatMap(([, value]) => value ?? []);
  return values.length > 0 ? values.join(',') : undefined;
}
