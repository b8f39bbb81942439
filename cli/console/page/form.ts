// Labelled controls, and forms that say what came of them.
import { CallRefused } from './call.ts';
import { announce, type Child, h } from './dom.ts';

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

let made = 0;

/** A control with its label above and a hint below that is read with it. */
export function field(label: string, control: Control, hint?: string): HTMLElement {
  made += 1;
  control.id ||= `field-${made}`;
  const described = hint !== undefined && h('small', { id: `${control.id}-hint` }, hint);
  if (described) control.setAttribute('aria-describedby', described.id);
  return h('p', { class: 'field' }, h('label', { for: control.id }, label), control, described);
}

export function options(values: readonly (readonly [value: string, text: string])[], chosen = ''): HTMLOptionElement[] {
  return values.map(([value, text]) => h('option', { value, selected: value === chosen }, text));
}

/** Names that may be chosen, where others may be typed. */
export function suggestions(input: HTMLInputElement, names: readonly string[]): readonly Child[] {
  made += 1;
  const list = h('datalist', { id: `names-${made}` }, options(names.map((name) => [name, name])));
  input.setAttribute('list', list.id);
  return [input, list];
}

/** Refusals and failures, where they are seen and heard. */
export function problem(error: unknown): HTMLElement {
  if (!(error instanceof CallRefused)) throw error;
  const status = error.status === 0 ? '' : ` (${error.status})`;
  return h('p', { class: 'problem', role: 'alert' }, `${error.message}${status}`);
}

export interface ActionLook {
  readonly label: string;
  /** It ends or refuses something. */
  readonly danger?: boolean;
  /** In one line. */
  readonly inline?: boolean;
}

/**
 * A form whose outcome is shown below its button.
 * @param run answers what is said of success
 */
export function actionForm(
  { label, danger = false, inline = false }: ActionLook,
  fields: readonly Child[],
  run: () => Promise<Child>,
): HTMLFormElement {
  const outcome = h('div', { class: 'outcome' });
  const button = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, label);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    button.disabled = true;
    try {
      const said = await run();
      outcome.replaceChildren(h('div', {}, said));
      announce(outcome.textContent ?? '');
    } catch (error) {
      outcome.replaceChildren(problem(error));
    } finally {
      button.disabled = false;
    }
  };
  return h('form', { submit, class: inline && 'inline' }, fields, h('p', {}, button), outcome);
}

export const readsOnly = (): HTMLElement =>
  h(
    'p',
    { class: 'note' },
    'This console reads only. Start it with ',
    h('code', {}, '--write'),
    ' to change something.',
  );
