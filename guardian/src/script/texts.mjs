// Every sentence that the script shows. A page may have its own, under the same keys.

/** @type {Record<string, string | undefined>} */
const texts = {
  progress: "Signing out…",
  done: "Signed out.",
  done_others: "Signed out everywhere else.",
  try_again: "Try again",
  // The words of the server's errors. Some have another sentence for a sign-out, or for a browser that is
  // signed out all the same.
  unavailable: "The service is not available right now. Please try again.",
  sign_out_unavailable: "The server could not end the sessions. Please try again.",
  unavailable_here:
    "You are signed out in this browser, but the server could not end the session. Please try again.",
  unreachable: "The server could not be reached.",
  sign_out_unreachable:
    "The server did not answer, so the sessions may still be there. Please try again.",
  pending_here:
    "This browser has forgotten you, but the server could not be reached. It will be told as soon as the network is back.",
  signed_out: "You are signed out.",
  unknown_account: "This account is signed out. Sign in to it again.",
  malformed: "The request could not be understood.",
  unsupported_media_type: "The request must be sent as a form.",
  too_large: "The request was too large.",
  not_protected: "Sessions are not set up on this server.",
};

/** @param {Record<string, string>} [own] */
export function setTexts(own) {
  Object.assign(texts, own);
}

/** @param {string} key */
export function text(key) {
  return texts[key] ?? "";
}
