// Checks an input against the constraints of an AWS service model (models/*.json), with AWS's own wording. Pure.

interface Shape {
  readonly type: string;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly sensitive?: boolean;
  /** Shape of a list's members. */
  readonly member?: string;
  /** Shape of a map's values; its keys are strings. */
  readonly value?: string;
  readonly required?: readonly string[];
  /** Shape of each member of a structure. */
  readonly members?: Readonly<Record<string, string>>;
}

export interface ServiceModel {
  readonly operations: Readonly<
    Record<string, { readonly required: readonly string[]; readonly members: Readonly<Record<string, string>> }>
  >;
  readonly shapes: Readonly<Record<string, Shape>>;
}

/** What is wrong with an input: values of another JSON type, and values that break a constraint. */
export interface InputFaults {
  readonly types: readonly string[];
  readonly constraints: readonly string[];
}

/** Checks `input` against the operation's model; members the model does not know are faults, unlike at AWS. */
export function inputFaults(model: ServiceModel, operation: string, input: unknown): InputFaults {
  const shape = model.operations[operation];
  if (shape === undefined) return { types: [`unknown operation ${operation}`], constraints: [] };
  const faults: FaultLists = { model, types: [], constraints: [] };
  checkStructure(faults, { type: 'structure', ...shape }, input, '');
  return faults;
}

/** The message AWS gives for one or more broken constraints. */
export function constraintMessage(faults: readonly string[]): string {
  return `${faults.length} validation error${faults.length === 1 ? '' : 's'} detected: ${faults.join('; ')}`;
}

interface FaultLists {
  readonly model: ServiceModel;
  readonly types: string[];
  readonly constraints: string[];
}

type Check = (faults: FaultLists, shape: Shape, value: unknown, path: string) => void;

const checks: Readonly<Record<string, Check>> = {
  structure: checkStructure,
  list: checkList,
  map: checkMap,
  string: checkString,
  blob: checkBlob,
  integer: checkInteger,
  boolean: (faults, _shape, value, path) => {
    if (typeof value !== 'boolean') faults.types.push(`${path} must be a boolean`);
  },
};

function check(faults: FaultLists, shapeName: string, value: unknown, path: string): void {
  const shape = faults.model.shapes[shapeName];
  const run = shape && checks[shape.type];
  if (!shape || !run) throw new Error(`the service model has no usable shape ${shapeName}`);
  run(faults, shape, value, path);
}

function checkStructure(faults: FaultLists, shape: Shape, value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    faults.types.push(`${path || 'the request'} must be an object`);
    return;
  }
  const given = value as Readonly<Record<string, unknown>>;
  const members = shape.members ?? {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(members, name)) faults.constraints.push(`'${join(path, name)}' is not a known member`);
  }
  for (const [name, memberShape] of Object.entries(members)) {
    const at = join(path, name);
    const isAbsent = given[name] === undefined || given[name] === null;
    if (!isAbsent) check(faults, memberShape, given[name], at);
    else if (shape.required?.includes(name)) breaks(faults, 'null', at, 'Member must not be null');
  }
}

function checkList(faults: FaultLists, shape: Shape, value: unknown, path: string): void {
  if (!Array.isArray(value)) {
    faults.types.push(`${path} must be a list`);
    return;
  }
  checkRange(faults, shape, value.length, { shown: `'[${value.length} members]'`, path, of: 'length' });
  for (const [index, item] of value.entries()) check(faults, shape.member ?? '', item, `${path}.${index + 1}.member`);
}

function checkMap(faults: FaultLists, shape: Shape, value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    faults.types.push(`${path} must be an object`);
    return;
  }
  for (const [name, item] of Object.entries(value)) check(faults, shape.value ?? '', item, `${path}.${name}.member`);
}

function checkString(faults: FaultLists, shape: Shape, value: unknown, path: string): void {
  if (typeof value !== 'string') {
    faults.types.push(`${path} must be a string`);
    return;
  }
  const shown = shape.sensitive ? '' : `'${value}'`;
  checkRange(faults, shape, value.length, { shown, path, of: 'length' });
  if (shape.enum && !shape.enum.includes(value)) {
    breaks(faults, shown, path, `Member must satisfy enum value set: [${shape.enum.join(', ')}]`);
  }
  if (shape.pattern !== undefined && !new RegExp(`^(?:${shape.pattern})$`, 'u').test(value)) {
    breaks(faults, shown, path, `Member must satisfy regular expression pattern: ${shape.pattern}`);
  }
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function checkBlob(faults: FaultLists, shape: Shape, value: unknown, path: string): void {
  if (typeof value !== 'string' || !base64.test(value)) {
    faults.types.push(`${path} must be base64`);
    return;
  }
  checkRange(faults, shape, Buffer.from(value, 'base64').length, { shown: '', path, of: 'length' });
}

function checkInteger(faults: FaultLists, shape: Shape, value: unknown, path: string): void {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    faults.types.push(`${path} must be an integer`);
    return;
  }
  checkRange(faults, shape, value, { shown: `'${value}'`, path, of: 'value' });
}

interface Measured {
  readonly shown: string;
  readonly path: string;
  readonly of: 'length' | 'value';
}

function checkRange(faults: FaultLists, shape: Shape, size: number, { shown, path, of }: Measured): void {
  if (shape.max !== undefined && size > shape.max) {
    breaks(faults, shown, path, `Member must have ${of} less than or equal to ${shape.max}`);
  }
  if (shape.min !== undefined && size < shape.min) {
    breaks(faults, shown, path, `Member must have ${of} greater than or equal to ${shape.min}`);
  }
}

function breaks(faults: FaultLists, shown: string, path: string, constraint: string): void {
  faults.constraints.push(`Value ${shown ? `${shown} ` : ''}at '${path}' failed to satisfy constraint: ${constraint}`);
}

function join(path: string, member: string): string {
  const name = `${member.charAt(0).toLowerCase()}${member.slice(1)}`;
  return path ? `${path}.${name}` : name;
}
