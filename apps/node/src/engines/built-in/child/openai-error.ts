/** What an OpenAI-style API answers instead of a result: its HTTP status and error body. */
export class OpenAiError extends Error {
  override readonly name = 'OpenAiError';
  constructor(
    readonly status: number,
    message: string,
    readonly code: string,
    /** The field of the request that is meant, as `messages[0].content`. */
    readonly param: string | null = null,
  ) {
    super(message);
  }

  /** The error body, as clients of that API know it. */
  body(): { error: { message: string; type: string; param: string | null; code: string } } {
    const type = this.status >= 500 ? 'server_error' : 'invalid_request_error';
    return { error: { message: this.message, type, param: this.param, code: this.code } };
  }
}

export const badValue = (param: string, message: string): OpenAiError =>
  new OpenAiError(400, message, 'invalid_value', param);

/** Something that the API knows and this engine can not do: said, instead of an answer as if it had not been asked for. */
export const notSupported = (param: string, message: string): OpenAiError =>
  new OpenAiError(400, message, 'unsupported_parameter', param);

export const contextTooLong = (promptTokens: number, contextTokens: number, param: string): OpenAiError =>
  new OpenAiError(
    400,
    `This executor has a context of ${contextTokens} tokens and the prompt alone has ${promptTokens}. Shorten it, or give the executor a larger context.`,
    'context_length_exceeded',
    param,
  );
