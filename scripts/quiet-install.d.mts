export function withoutServices<T>(install: () => T, say: (text: string) => void, file?: string): T;
export function disableServices(names: readonly string[]): void;
export function quietCommand(packages: readonly string[], services: readonly string[]): string;
