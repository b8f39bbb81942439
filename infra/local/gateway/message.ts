// A request as API Gateway takes it and an answer as it gives it. Pure.

import type { APIGatewayEventClientCertificate } from 'aws-lambda';

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface GatewayRequest {
  readonly method: string;
  /** As sent: percent-encoded, without the query. */
  readonly path: string;
  /** Without the question mark; empty if there is none. */
  readonly query: string;
  /** Names in the case the client sent. */
  readonly headers: HeaderList;
  readonly body: Buffer;
  readonly sourceIp: string;
  /** Of a domain with mutual TLS, by whoever ended its connection. */
  readonly mutualTls?: MutualTlsConnection;
}

export interface MutualTlsConnection {
  readonly domainName: string;
  /** As API Gateway tells functions of it. */
  readonly clientCert: APIGatewayEventClientCertificate;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string | Buffer;
}

/** Why API Gateway answers itself: a gateway response type, and its status where it is not the type's default. */
export interface GatewayError {
  readonly gatewayResponse: string;
  readonly status?: number;
  readonly message: string;
}

export function isGatewayError(outcome: GatewayAnswer | GatewayError): outcome is GatewayError {
  return 'gatewayResponse' in outcome;
}

/** The last value of a header, whatever the case of its name. */
export function headerOf(request: GatewayRequest, name: string): string | undefined {
  return request.headers.findLast(([key]) => key.toLowerCase() === name)?.[1];
}
