// The version of Cambio, as package.json has it: in the log and the command, in no answer.

export const version = '0.1.0';
