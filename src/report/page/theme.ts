/** Colours of charts in light and dark. */

/** Okabe and Ito 2008, told apart with every kind of colour blindness; darkened for white, lightened for black. */
const series = {
  light: ['#0072b2', '#c94f00', '#00805d', '#b0588f', '#a87400', '#2f86b5', '#7a5195', '#7a5c22', '#7d6d00', '#555555'],
  dark: ['#56b4e9', '#f0883e', '#2fc49a', '#e39bc4', '#f0b93a', '#9ad1f5', '#b79bd6', '#cdb37a', '#e3d53f', '#aab4be'],
} as const;

export type Scheme = 'light' | 'dark';

/** The scheme in use: the person's choice, or the system's. */
export function scheme(): Scheme {
  const chosen = document.documentElement.dataset['theme'];
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Colours that differ as much as they can: the basic ten, or hues around the circle. */
export function colors(count: number): string[] {
  const now = scheme();
  if (count <= series[now].length) return series[now].slice(0, count);
  const lightness = now === 'dark' ? [62, 76] : [38, 52];
  return Array.from({ length: count }, (_, i) => `hsl(${Math.round((360 * i) / count)}, 65%, ${lightness[i % 2]}%)`);
}

/** Ink of charts, of the style sheet's variables. */
export function ink(): {
  readonly text: string;
  readonly faint: string;
  readonly grid: string;
  readonly surface: string;
} {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  return { text: value('--ink'), faint: value('--muted'), grid: value('--line'), surface: value('--surface') };
}

const listeners = new Set<() => void>();

/** Called when light and dark change. */
export function onScheme(listener: () => void): void {
  listeners.add(listener);
}

function changed(): void {
  for (const listener of listeners) listener();
}

/** A button that goes through the system's scheme, light and dark. */
export function themeButton(make: (onclick: () => void) => HTMLButtonElement): HTMLButtonElement {
  const button = make(() => {
    document.documentElement.dataset['theme'] = scheme() === 'dark' ? 'light' : 'dark';
    tell();
    changed();
  });
  const tell = (): void => {
    const next = scheme() === 'dark' ? 'light' : 'dark';
    button.textContent = next === 'dark' ? 'Dark' : 'Light';
    button.setAttribute('aria-label', `Change to ${next} colours`);
  };
  tell();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    tell();
    changed();
  });
  return button;
}
