// The errors of AWS KMS with its wording. On the wire all of these are HTTP 400. Pure.

import { AwsError } from '../protocol/aws-error.ts';

const error = (code: string) => (message: string) => new AwsError(code, message);

export const validationError = error('ValidationException');
export const notFound = error('NotFoundException');
export const invalidArn = error('InvalidArnException');
export const unsupported = error('UnsupportedOperationException');
export const invalidKeyUsage = error('InvalidKeyUsageException');
export const invalidState = error('KMSInvalidStateException');
export const tagError = error('TagException');
export const limitExceeded = error('LimitExceededException');
export const alreadyExists = error('AlreadyExistsException');
export const malformedPolicy = error('MalformedPolicyDocumentException');

export const disabled = (arn: string) => new AwsError('DisabledException', `${arn} is disabled.`);

export const invalidSignature = () => new AwsError('KMSInvalidSignatureException', '');

export const invalidMac = () => new AwsError('KMSInvalidMacException', '');

export const invalidCiphertext = () => new AwsError('InvalidCiphertextException', '');

export const incorrectKey = () =>
  new AwsError(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  );

export const invalidMarker = () => new AwsError('InvalidMarkerException', 'The marker is not valid.');

export const invalidGrantToken = () =>
  new AwsError('InvalidGrantTokenException', 'The local KMS issues no grants, so no grant token is valid.');

export const dryRun = () => new AwsError('DryRunOperationException', 'The request would have succeeded.');
