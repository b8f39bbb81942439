// A name that an endpoint answers to.
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';

/** A name of your own, and the certificate for it. */
export interface Domain {
  /** Its DNS record is yours to make. */
  readonly domainName: string;
  /** In the Region of what it is for. */
  readonly certificate: ICertificate;
}
