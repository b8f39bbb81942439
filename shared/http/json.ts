// JSON answers of a function behind API Gateway. Pure.
import type { APIGatewayProxyResult } from 'aws-lambda';

export function json(
  statusCode: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): APIGatewayProxyResult {
  return { statusCode, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
}
