import { ask } from './openapi-fetch.ts';

const { argv, stdout } = (globalThis as unknown as { process: { argv: string[]; stdout: { write(text: string): void } } }).process;
stdout.write(JSON.stringify(await ask(argv[2] ?? '')));
