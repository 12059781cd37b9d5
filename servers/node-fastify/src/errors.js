// What a request can end with instead of an answer.

/** A request that cannot be answered as asked; the message is for its client. */
export class HttpError extends Error {
  constructor(statusCode, message, options) {
    super(message, options);
    this.statusCode = statusCode;
  }
}

/** The request itself is wrong. */
export class BadRequest extends HttpError {
  constructor(message) {
    super(400, message);
  }
}

/** A backing service is away or silent, or has no free connection. */
export class Unavailable extends HttpError {
  constructor(message, options) {
    super(503, message, options);
  }
}
