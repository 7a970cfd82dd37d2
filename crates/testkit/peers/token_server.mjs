// An authorization server (oidc-provider) whose token endpoint has the form of Entra ID's, and a gateway in front of a model
// that lets those through whose token it can verify (jose): signature, issuer, audience, time.
//
// usage: PORT=… GATEWAY_PORT=… MODEL=http://… MODEL_KEY=… CLIENT_ID=… CLIENT_SECRET=… node token_server.mjs
//
// Ends when its standard input is closed.

import http from 'node:http';

import { createRemoteJWKSet, jwtVerify } from 'jose';
import Provider from 'oidc-provider';

const { PORT, GATEWAY_PORT, MODEL, MODEL_KEY, CLIENT_ID, CLIENT_SECRET } = process.env;
const TENANT = '11111111-2222-3333-4444-555555555555';
const AUDIENCE = 'https://cognitiveservices.azure.com';
const SCOPE = `${AUDIENCE}/.default`;
const issuer = `http://127.0.0.1:${PORT}/${TENANT}/v2.0`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
      scope: SCOPE,
    },
  ],
  scopes: [SCOPE],
  routes: { token: `/${TENANT}/oauth2/v2.0/token`, jwks: `/${TENANT}/discovery/v2.0/keys` },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: SCOPE,
        audience: AUDIENCE,
        accessTokenTTL: 3599,
        accessTokenFormat: 'jwt',
      }),
    },
  },
});

const keys = createRemoteJWKSet(new URL(`http://127.0.0.1:${PORT}/${TENANT}/discovery/v2.0/keys`));
const gateway = http.createServer(async (request, response) => {
  const refuse = (status, message) => {
    request.resume();
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ error: { message, type: 'gateway', code: status } }));
  };
  if (request.url === '/health') return refuse(200, 'it runs');
  const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  let claims;
  try {
    claims = (await jwtVerify(token ?? '', keys, { issuer, audience: AUDIENCE })).payload;
  } catch (error) {
    return refuse(401, `the token is not good: ${error.message}`);
  }
  if (claims.client_id !== CLIENT_ID || claims.scope !== SCOPE) return refuse(403, `the token is for ${claims.scope}`);
  const headers = { ...request.headers, authorization: `Bearer ${MODEL_KEY}` };
  delete headers.host;
  const onwards = http.request(MODEL + request.url, { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onwards.on('error', (error) => refuse(502, error.message));
  request.pipe(onwards);
});

provider.listen(Number(PORT), '127.0.0.1', () => {
  gateway.listen(Number(GATEWAY_PORT), '127.0.0.1', () => console.log('READY', issuer));
});
process.stdin.resume().on('end', () => process.exit(0));
