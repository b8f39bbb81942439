// What somebody who is woken wants to know first: which alarms ring, and what is stopped. Network.
import { callAdmin } from '../admin-call.ts';
import type { Check } from './deployment.ts';
import { well, wrong } from './finding.ts';
import { alarmsOf } from './observed-checks.ts';

export const ringingAlarms: Check = async ({ aws, resources }) => {
  const alarms = await alarmsOf(aws, resources);
  const ringing = alarms
    .filter(({ StateValue: state }) => state === 'ALARM')
    .map(({ AlarmName: name }) => String(name));
  if (ringing.length > 0) return wrong(ringing.join(', '), 'each names its runbook in its description');
  return well(`none of ${alarms.length} alarms`);
};

/** What is suspended is as somebody wants it; whoever looks has to know. */
export const suspensions: Check = async ({ server, machine }) => {
  const call = { method: 'GET', url: server.at('/admin/suspensions'), action: 'GET /admin/suspensions' } as const;
  const { suspensions: list } = (await callAdmin(call, machine)).json;
  const named = (Array.isArray(list) ? list : []).map((each) => {
    const { kind, name, reason } = { ...Object(each) };
    return `${String(kind)} ${String(name)} (${String(reason)})`;
  });
  return well(named.length === 0 ? 'nothing is suspended' : named.join(', '));
};
