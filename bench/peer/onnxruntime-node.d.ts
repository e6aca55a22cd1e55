/** What the benchmarks use of onnxruntime-node, so that they are checked without installing its 288 MB. */
declare module 'onnxruntime-node' {
  export class Tensor {
    constructor(type: 'float32' | 'bool' | 'uint8', data: Float32Array | Uint8Array, dims: readonly number[]);
    readonly data: Float32Array | Uint8Array;
    readonly dims: readonly number[];
  }

  export class InferenceSession {
    static create(
      model: Uint8Array,
      options: {
        executionProviders: readonly 'cpu'[];
        intraOpNumThreads: number;
        interOpNumThreads: number;
        logSeverityLevel: number;
        extra: object;
      },
    ): Promise<InferenceSession>;
    run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
    release(): Promise<void>;
  }
}
