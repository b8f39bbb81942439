// A Lambda function that reads reports at an API outside of AWS, with a token that says which function of which role asks.
import { CambioError, createClient } from 'cambio-token-exchange/client';

// Outside of the handler: its memory lasts as long as the execution environment.
const cambio = createClient({
  tokenAudience: 'https://sts.acme.example',
  workloadToken: process.env['AWS_LAMBDA_FUNCTION_NAME'] ? 'aws' : { env: 'CAMBIO_ID_TOKEN' },
});

interface Answer {
  readonly statusCode: number;
  readonly body: string;
}

export async function handler({ report }: { readonly report: string }): Promise<Answer> {
  try {
    const { accessToken } = await cambio.token({ audience: 'reports-api', scope: 'reports:read' });
    const url = new URL(encodeURIComponent(report), process.env['REPORTS_URL']);
    const answer = await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } });
    if (answer.status === 401) cambio.forget(accessToken);
    return { statusCode: answer.status, body: await answer.text() };
  } catch (error) {
    if (!(error instanceof CambioError)) throw error;
    const { retryable, error: code, error_description, decision_id } = error;
    return { statusCode: retryable ? 503 : 403, body: JSON.stringify({ error: code, error_description, decision_id }) };
  }
}
