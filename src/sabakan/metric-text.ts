/** The Prometheus text format 0.0.4, piece by piece. */

export type MetricType = 'gauge' | 'counter';

/** One family: name, what it means, and its samples. */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly samples: readonly MetricSample[];
};
export type MetricSample = {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
};

export function one(name: string, type: MetricType, help: string, value: number): MetricFamily {
  return { name, type, help, samples: [{ value }] };
}

export function gauge(name: string, help: string, value: number): MetricFamily {
  return one(name, 'gauge', help, value);
}

export function byLabel(
  label: string,
  values: Readonly<Record<string, number>>,
): readonly MetricSample[] {
  return Object.entries(values).map(([kind, value]) => ({ labels: { [label]: kind }, value }));
}

/** Nothing where there is no sample. */
export function formatFamily({ name, help, type, samples }: MetricFamily): string {
  if (samples.length === 0) return '';
  let text = headOf(name, help, type);
  for (const { labels, value } of samples) text += `${name}${formatLabels(labels)} ${value}\n`;
  return text;
}

/** The two lines before a family's samples. */
export function headOf(name: string, help: string, type: MetricType): string {
  const line = help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
  return `# HELP ${name} ${line}\n# TYPE ${name} ${type}\n`;
}

export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return '';
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value)
    ? value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
    : value;
}
