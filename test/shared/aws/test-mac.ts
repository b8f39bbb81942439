// MACs as KMS makes them, by a key of the tests.
import { createHmac } from 'node:crypto';
import type { MakeMac, VerifyMac } from '../../../shared/aws/keys/keyring.ts';
import type { MakeFirst } from '../../../shared/aws/keys/keyring-seed.ts';
import { type Keyring, useOf } from '../../../shared/oauth/jose/keyring.ts';

const macOf = (message: Uint8Array): Buffer => createHmac('sha256', 'a key of the tests').update(message).digest();

export const makeMac: MakeMac = async (message) => macOf(message);

export const verifyMac: VerifyMac = async (message, mac) => macOf(message).equals(mac);

/** The template's keys, of which those are made that are wanted. */
export const makingOf =
  ({ keys }: Keyring): MakeFirst =>
  async (isWanted) => ({ keys: keys.filter((key) => isWanted({ alg: key.alg, use: useOf(key) })) });
