// What people and programs do with the running stack of the demonstration policy: one stack for all of it.
import './demonstration/aws-commands.ts';
import './demonstration/commands.ts';
import './demonstration/decisions.ts';
import './demonstration/exchange.ts';
import './demonstration/gateways.ts';
import './demonstration/github-action.ts';
import './demonstration/page.ts';
