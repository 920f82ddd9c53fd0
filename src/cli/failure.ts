/** What a command ends with when it cannot do what was asked: a sentence, what to do next, and an exit code. */

/** Stable: scripts depend on them. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  denied: 5,
  /** A brake holds it back: too much at once. */
  brake: 6,
  timedOut: 7,
  /** Of several, some were not done. */
  partial: 8,
  /** `tetsu migrate`: etcd could not be reached, read or locked. */
  store: 9,
  /** Ctrl-C at a question: 128 and SIGINT, as shells have it. */
  interrupted: 130,
} as const;

/** For what a server refuses with an HTTP status. */
export function exitCodeOfStatus(status: number): number {
  return codeOfStatus[status] ?? exitCodes.failed;
}

const codeOfStatus: Readonly<Record<number, number>> = {
  400: exitCodes.usage,
  401: exitCodes.denied,
  403: exitCodes.denied,
  404: exitCodes.notFound,
  409: exitCodes.conflict,
  412: exitCodes.conflict,
  422: exitCodes.usage,
  504: exitCodes.timedOut,
};

/** What a server said beside its sentence (RFC 9457), as far as a command acts on it. */
export type Refused = {
  readonly status: number;
  /** `transition-forbidden`, `precondition-failed`, …; empty where the server does not say. */
  readonly kind: string;
  /** Its sentence for people: the end of the failure's message. */
  readonly said: string;
  readonly errors: readonly FailurePlace[];
  readonly requestId?: string;
};
export type FailurePlace = {
  /** Where: a JSON pointer or the name of a parameter; empty for the whole. */
  readonly at: string;
  readonly detail: string;
};

export class Failure extends Error {
  readonly hint: string;
  readonly exitCode: number;
  readonly refused: Refused | undefined;
  /** Every mistake, for programs. */
  readonly errors: readonly FailurePlace[];
  constructor(
    text: string,
    hint: string,
    exitCode: number = exitCodes.failed,
    why: Refused | { readonly errors: readonly FailurePlace[] } | undefined = undefined,
  ) {
    super(text);
    this.hint = hint;
    this.exitCode = exitCode;
    this.refused = why !== undefined && 'status' in why ? why : undefined;
    this.errors = why?.errors ?? [];
  }
}

/** For standard error: people read sentences; a program that asked for JSON gets JSON. */
export function failureText(failure: Failure, asJson: boolean): string {
  const { message, hint, exitCode, refused, errors: mistakes } = failure;
  if (asJson) {
    const { status, kind, requestId } = refused ?? {};
    const error = { message, hint, exitCode, status, kind, requestId, errors: mistakes };
    return `${JSON.stringify({ error })}\n`;
  }
  const { said = '', errors = [] } = refused ?? {};
  // A single mistake is what the sentence says; several are joined in it, and easier read one a line.
  const isList = errors.length > 1 && message.endsWith(said);
  const head = isList ? `${message.slice(0, message.length - said.length)}` : message;
  const places = isList ? errors.map(placeText) : [];
  return [`tetsu: ${head.trimEnd()}`, ...places, ...(hint === '' ? [] : [`hint: ${hint}`]), '']
    .join('\n')
    .replace(/[^\P{Cc}\n\t]/gu, '\u{FFFD}');
}

function placeText({ at, detail }: FailurePlace): string {
  return at === '' ? `  ${detail}` : `  ${at}: ${detail}`;
}
