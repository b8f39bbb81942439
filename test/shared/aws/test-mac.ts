// MACs as KMS makes them, by a key of the tests.
import { createHmac } from 'node:crypto';
import type { MakeMac, VerifyMac } from '../../../shared/aws/keyring.ts';

const macOf = (message: Uint8Array): Buffer => createHmac('sha256', 'a key of the tests').update(message).digest();

export const makeMac: MakeMac = async (message) => macOf(message);

export const verifyMac: VerifyMac = async (message, mac) => macOf(message).equals(mac);
