// The errors of Amazon S3 with its statuses and wording. Pure.

import { AwsError } from '../protocol/aws-error.ts';

const error = (code: string, status: number) => (message: string) => new AwsError(code, message, status);

export const invalidArgument = error('InvalidArgument', 400);
export const invalidRequest = error('InvalidRequest', 400);
export const notImplemented = error('NotImplemented', 501);
export const accessDenied = error('AccessDenied', 403);

export const malformedXml = () =>
  new AwsError('MalformedXML', 'The XML you provided was not well-formed or did not validate.', 400);

export const locked = () => accessDenied('Access Denied because object protected by object lock.');

export const noSuchBucket = () => new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);

export const noSuchKey = () => new AwsError('NoSuchKey', 'The specified key does not exist.', 404);

export const noSuchVersion = () => new AwsError('NoSuchVersion', 'The specified version does not exist.', 404);

export const noLock = () => invalidRequest('Bucket is missing Object Lock Configuration');

export const preconditionFailed = () =>
  new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);

export const methodNotAllowed = () =>
  new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
