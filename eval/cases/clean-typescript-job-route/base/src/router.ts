export interface Answer {
  status: number;
  body: unknown;
}

export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export type Handler = (body: string, user: string) => Promise<Answer>;

/** Calls the handler of a route. Everything that a handler throws is answered here, and nowhere else. */
export async function dispatch(
  routes: ReadonlyMap<string, Handler>,
  route: string,
  body: string,
  user: string,
): Promise<Answer> {
  const handler = routes.get(route);
  if (handler === undefined) {
    return { status: 404, body: { error: "no such route" } };
  }
  try {
    return await handler(body, user);
  } catch (error) {
    if (error instanceof HttpError) {
      return { status: error.status, body: { error: error.message } };
    }
    if (error instanceof SyntaxError) {
      return { status: 400, body: { error: "the body is no JSON" } };
    }
    console.error(error);
    return { status: 500, body: { error: "internal error" } };
  }
}
