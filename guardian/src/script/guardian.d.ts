// The browser's half of leptos-guardian, for any page of the site:
//
//   <script type="module" src="/guardian/guardian.js"></script>
//
// These attributes make a page's elements live, also those that are added later:
//
//   data-guardian-signed-in    `hidden` while nobody is signed in
//   data-guardian-signed-out   `hidden` while somebody is
//   data-guardian-name         its text is the user's name
//   data-guardian-requires-user="/sign-in"
//       What is inside is for one user. The page leaves for the sign-in page when nobody is signed in any
//       more, and is loaded again when somebody else is. While a sign-out is pending, the inside is removed.
//
// Forms that post to /api/sign_out or /api/switch_account are sent by the page, and say how it goes in their
// `[role=status]` and `[role=alert]`.

/**
 * What the server may write into the page, as JSON in
 * `<script type="application/json" id="guardian-page">`.
 */
export interface PageData {
  /** Who is signed in; null for nobody. Without it, the page asks. */
  state?: Accounts | null;
  /**
   * The page's own sentences: for `progress`, `done`, `done_others` and `try_again`, and for the server's words
   * (`unavailable`, `unreachable`, `signed_out`, `unknown_account`, `malformed`, `unsupported_media_type`,
   * `too_large`, `not_protected`). A sign-out has its own `sign_out_unavailable` and `sign_out_unreachable`;
   * `unavailable_here` and `pending_here` are for a browser that is signed out all the same.
   */
  texts?: Record<string, string>;
}

/** Which sessions a sign-out ends. */
export type SignOutScope =
  /** This session only. Another account on this browser, if any, becomes the active one. */
  | "local"
  /** Every account on this browser. */
  | "browser"
  /** The user's sessions everywhere but here. */
  | "others"
  /** The user's sessions everywhere. */
  | "global";

/** A signed-in user. */
export interface User {
  /** The app's identifier of the user. */
  id: string;
  profile: {
    name: string;
    email?: string;
    /** The address of a picture. */
    picture?: string;
  };
  /** The handle of the session with which they are signed in on this browser. */
  session: string;
}

/** Who is signed in on this browser. */
export interface Accounts {
  /** The account for which requests are made. */
  active: User;
  /** The other accounts, the most recently used first. */
  others: User[];
}

/** What a sign-out should do. */
export interface SignOutOptions {
  /** "local" unless given. */
  scope?: SignOutScope;
  /** The handle of the session that the scope refers to, instead of this one. */
  session?: string | null;
  /** Whether the browser goes to another page afterwards: true unless given. */
  redirect?: boolean;
  /** Where it goes: the app's own default unless given. The server checks it. */
  callbackUrl?: string | null;
}

/** A completed sign-out: the sessions are gone from the database. */
export interface SignedOut {
  scope: SignOutScope;
  /** The sessions that it ended. Empty when there was nothing left to end. */
  ended: string[];
  /** The ids of the events: one for each user whose sessions ended. */
  events: string[];
  /** Where the browser goes; null when it stays. */
  url: string | null;
}

/** A sign-out that concerns the page's user, on this browser or another. */
export interface SignOutNotice {
  scope: SignOutScope;
  /**
   * Why: "user", "other_device", "new_sign_in", "password_change", "account_deleted", "administrator",
   * "expiry", "identity_provider", or "unknown" for a page that found its session gone.
   */
  reason: string;
  /** Whether the session that this page shows is among those that ended. */
  isCurrent: boolean;
  /** The ids of the events. */
  events: string[];
}

/** Why a call failed. */
export interface GuardianError extends Error {
  /**
   * The server's word: "unavailable", "unreachable", "malformed", "unknown_account" and so on; "pending" for a
   * sign-out that could not be sent, and is sent again by itself.
   */
  error: string;
  /** Whether this browser is signed out all the same. */
  signedOutHere: boolean;
  /** A sentence for the person, from the page's texts. */
  message: string;
}

/** A sign-out after which nobody is signed in here, but whose session has yet to end. */
export interface PendingSignOut {
  options: Required<SignOutOptions>;
  /** "pending" if the server could not be reached, "unavailable" if it could not end the session. */
  error: "pending" | "unavailable";
  /** A sentence for the person, from the page's texts. */
  message: string;
}

export interface AuthChange {
  /** The signed-in user, or null for nobody. */
  state: User | null;
  others: User[];
  pending: PendingSignOut | null;
}

export interface Guardian {
  /** Returns who is signed in, or null for nobody. Asks the server if the page does not know. */
  session(): Promise<Accounts | null>;

  /**
   * Signs out. With `redirect`, the page at the outcome's `url` is loaded as a new document. Without, the page
   * stays and shows who is signed in then.
   *
   * Rejects with a {@link GuardianError}, and with a TypeError for options that do not exist.
   */
  signOut(options?: SignOutOptions): Promise<SignedOut>;

  /**
   * Makes another account of this browser the active one, and loads the page again.
   *
   * Rejects with a {@link GuardianError}.
   */
  switchAccount(session: string): Promise<Accounts>;

  /** Calls back whenever a sign-out concerns this page's user. Returns a function that stops it. */
  onSignedOut(callback: (notice: SignOutNotice) => void): () => void;

  /** Asks the server who is signed in. Rejects with a {@link GuardianError}. */
  refresh(): Promise<Accounts | null>;
}

declare global {
  interface Window {
    guardian: Guardian;
  }

  interface DocumentEventMap {
    /** `window.guardian` is there, and the page is live. */
    "guardian:ready": CustomEvent<null>;
    /** The page shows somebody else, or nobody, or a pending sign-out. */
    "guardian:change": CustomEvent<AuthChange>;
    /** A sign-out concerns the page's user. */
    "guardian:signed-out": CustomEvent<SignOutNotice>;
    /** The sessions may have changed, also elsewhere. A list of them should be loaded again. */
    "guardian:checked": CustomEvent<null>;
  }
}
