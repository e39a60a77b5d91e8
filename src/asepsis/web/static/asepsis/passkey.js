// Asks the browser for a passkey and puts its answer into the form that was pressed.
// <form data-passkey="create|get" data-passkey-options="ID of JSON" or data-passkey-from="address of JSON">
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const readable = (options) => {
    const key = { ...options.publicKey, challenge: bytes(options.publicKey.challenge) };
    const descriptors = (list) => (list || []).map((item) => ({ ...item, id: bytes(item.id) }));
    if (key.user) key.user = { ...key.user, id: bytes(key.user.id) };
    if (key.excludeCredentials) key.excludeCredentials = descriptors(key.excludeCredentials);
    if (key.allowCredentials) key.allowCredentials = descriptors(key.allowCredentials);
    for (const name of Object.keys(key)) if (key[name] === null) delete key[name];
    return key;
  };

  const answer = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return {
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  };

  const words = {
    NotAllowedError: "Nothing was confirmed. Try again when you are ready.",
    InvalidStateError: "This device holds a passkey for you already.",
    SecurityError: "Passkeys work only under the name that Asepsis was set up with, by https or on localhost.",
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const problem = form.querySelector("[data-passkey-problem]");
    if (!window.PublicKeyCredential) {
      problem.textContent = "This browser has no passkeys here. Open Asepsis by https or on localhost.";
      problem.hidden = false;
      continue;
    }
    const button = form.querySelector("button");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      problem.hidden = true;
      button.disabled = true;
      try {
        const from = form.dataset.passkeyFrom;
        const options = from
          ? (await (await fetch(from, { headers: { Accept: "application/json" } })).json()).request_options
          : JSON.parse(document.getElementById(form.dataset.passkeyOptions).textContent)[
              form.dataset.passkey === "create" ? "creation_options" : "request_options"];
        const publicKey = readable(options);
        const credential = form.dataset.passkey === "create"
          ? await navigator.credentials.create({ publicKey })
          : await navigator.credentials.get({ publicKey });
        form.querySelector("[name=credential]").value = JSON.stringify(answer(credential));
        form.submit();
      } catch (error) {
        problem.textContent = words[error.name] || "The browser could not do it: " + error.message;
        problem.hidden = false;
        button.disabled = false;
      }
    });
    // Pressed any earlier, it would send the form without an answer. "pageshow" also comes on the way back to a page.
    window.addEventListener("pageshow", () => { button.disabled = false; });
    button.disabled = false;
  }
})();
