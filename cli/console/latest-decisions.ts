// The latest decisions in full, to decide them again under another policy. Network: GET /admin/decisions.
import { callAdmin } from '../admin-call.ts';
import { CallFailed } from '../call-failed.ts';
import type { Machine } from '../machine.ts';
import type { Server } from '../server.ts';
import type { Json } from './api.ts';

const most = 100;
/** At a time. */
const together = 8;

/** Newest first; those that are kept no longer are left out. @throws CallFailed */
export async function latestDecisions(server: Server, machine: Machine): Promise<readonly Json[]> {
  const url = server.at('/admin/decisions');
  // The hour that the API looks back by itself may have nothing in it.
  url.search = new URLSearchParams({
    limit: String(most),
    since: String(Math.floor(machine.clock() / 1_000) - 86_400),
  }).toString();
  const { json } = await callAdmin({ method: 'GET', url, action: 'GET /admin/decisions' }, machine);
  const listed = Array.isArray(json['decisions']) ? json['decisions'] : [];
  const ids = listed.map((each: { decision_id?: unknown }) => String(each.decision_id));
  const found: Json[] = [];
  for (let start = 0; start < ids.length; start += together) {
    const batch = ids.slice(start, start + together).map((id) => decisionOf(id, server, machine));
    for (const each of await Promise.all(batch)) if (each) found.push(each);
  }
  return found;
}

async function decisionOf(id: string, server: Server, machine: Machine): Promise<Json | undefined> {
  const call = { method: 'GET', url: server.at(`/admin/decisions/${id}`), action: 'GET /admin/decisions/*' } as const;
  try {
    return (await callAdmin(call, machine)).json;
  } catch (error) {
    if (error instanceof CallFailed && error.facts.status === 404) return undefined;
    throw error;
  }
}
