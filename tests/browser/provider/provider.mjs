// A provider that others wrote and had certified (node-oidc-provider), with some people of a hospital.
// Arguments: the port to listen on, and the address that people come back to. The first line of its standard input is
// JSON: the client's secret, and of each person the claims, and by what they prove themselves. It ends with its input.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const [port, back] = process.argv.slice(2);
const input = createInterface({ input: process.stdin });
input.once("line", (line) => serve(JSON.parse(line)));
input.once("close", () => process.exit(0));

function serve({ secret, people }) {
  const provider = new Provider(`http://localhost:${port}`, {
    acrValues: ["gold"],
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"], acr: null, amr: null, auth_time: null },
    clients: [{ client_id: "asepsis", client_secret: secret, redirect_uris: [back], response_types: ["code"] }],
    // Scopes bring their claims into the ID token, as providers of hospitals do.
    conformIdTokenClaims: false,
    cookies: { keys: [secret] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id].claims }) }),
    interactions: { url: (_, interaction) => `/people/${interaction.uid}` },
    loadExistingGrant: granted,
    pkce: { required: () => true },
    scopes: ["openid", "profile"],
  });
  const answered = provider.callback();
  createServer((request, response) => {
    const met = request.url.startsWith("/people/") ? meet(provider, people, request, response) : answered(request, response);
    Promise.resolve(met).catch((error) => response.writeHead(500).end(String(error)));
  }).listen(Number(port), "127.0.0.1", () => console.log("ready"));
}

// Nobody is asked for consent: the hospital's own program asks for its own people.
async function granted(ctx) {
  const { account, client, provider, session } = ctx.oidc;
  const id = session.grantIdFor(client.clientId);
  if (id) return provider.Grant.find(id);
  const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  grant.addOIDCScope("openid profile");
  await grant.save();
  return grant;
}

// The page on which people say who they are: one button each.
async function meet(provider, people, request, response) {
  const chosen = new URL(request.url, "http://localhost").searchParams.get("who");
  if (chosen) {
    const { acr, amr } = people[chosen];
    await provider.interactionFinished(request, response, { login: { accountId: chosen, acr, amr } });
    return;
  }
  const buttons = Object.keys(people).map((id) => `<button name="who" value="${id}">${people[id].claims.name}</button>`);
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
  response.end(`<!doctype html><title>Hospital</title><h1>Who are you?</h1><form>${buttons.join("")}</form>`);
}
