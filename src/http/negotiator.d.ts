declare module 'negotiator' {
  /** Content negotiation (RFC 9110, 12.5), as far as it is used here. */
  export default class Negotiator {
    constructor(request: { readonly headers: Readonly<Record<string, string | string[] | undefined>> });
    /** The coding among `available` that Accept-Encoding likes best; ties go by `preferred`. */
    encoding(available: readonly string[], options: { readonly preferred: readonly string[] }): string | undefined;
  }
}
