// The browser's half of leptos-guardian, for any page of the site:
//
//   <script type="module" src="/guardian/guardian.js"></script>
//
// A page of another origin may load it from the app's origin, if the app allows that origin.
//
// These attributes make a page's elements live, also those that are added later:
//
//   data-guardian-signed-in    `hidden` while nobody is signed in
//   data-guardian-signed-out   `hidden` while somebody is
//   data-guardian-requires-user="/sign-in"
//       What is inside is for one user. The page leaves for the sign-in page, a path on the page's own site,
//       when nobody is signed in any more, and is loaded again when somebody else is. While a sign-out is
//       pending, the inside is removed.
//   data-guardian-once
//       On a form that posts: a double click does not send it twice. For five seconds it is not sent again, and the
//       button that was pressed has `aria-busy`.
//
// These elements are components. The server renders what is inside, and the page keeps it current. Their
// attributes are the options of `mountUserButton` and so on:
//
//   <guardian-user-button show-name manage-url="/account"></guardian-user-button>
//   <guardian-sign-out-button redirect="false" text="Sign out"></guardian-sign-out-button>
//   <guardian-session-list></guardian-session-list>
//
// Forms that post to /api/sign_out or /api/switch_account are sent by the page, and say how it goes in their
// `[role=status]` and `[role=alert]`.
//
// A page whose query has a `callback_url` may have a fragment, too: it leads to the same place there. Forms with that
// `callback_url` in a field, and links with it in their query, take the fragment along.

/**
 * What the server writes into a page, as JSON in `<script type="application/json" id="guardian-page">`. A page
 * without it asks the server.
 */
export interface PageData {
  /** Who is signed in: null for nobody. Without it, the page asks. */
  state?: Accounts | null;
  /**
   * The page's sentences: `progress`, `done`, `done_others`, `try_again`, `pending`, `not_loaded`, `ended`,
   * `ended_others`, `session_unreachable`, `sign_out_unreachable` and `switch_account_unreachable`. Every other
   * failure has the server's own sentence.
   */
  texts?: Record<string, string>;
  cookies?: {
    /** The name of the cookie that names the browser's session. */
    marker: string;
    /** The cookie of a pending sign-out, as a page sets it. */
    pending: string;
  };
  /**
   * Whether Leptos hydrates the page. Then it changes the page itself, and says so by preventing the default of
   * `guardian:change`. If it fails or does not come, the script changes the page.
   */
  hydrates?: boolean;
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
    /** The app's own fields of the user, as far as they are public. */
    fields?: Record<string, unknown>;
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

/** What a sign-out should do, as the fields of its form. */
export interface SignOutFields {
  scope: SignOutScope;
  session?: string | null;
  redirect?: string | undefined;
  callback_url?: string | null | undefined;
}

/** How a user button looks, and where it leads. */
export interface UserButtonOptions {
  /** Whether the name is shown beside the picture. */
  showName?: boolean;
  /** The page for "Manage account": no such item unless given. */
  manageUrl?: string;
  /** The page for "Add account": no such item unless given. */
  addAccountUrl?: string;
  /** Where the browser goes after Sign out: the app's own default unless given. */
  callbackUrl?: string;
  /** The id of the menu: one of its own unless given. */
  menuId?: string;
}

export interface SignOutButtonOptions extends SignOutOptions {
  /** What the button says: "Sign out" unless given. */
  text?: string;
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
   * Why: "user", "other_device", "new_sign_in", "session_limit", "password_change", "account_deleted", "administrator",
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
   * The server's word: "unavailable", "malformed", "unknown_account" and so on; "unreachable" if it did not
   * respond; "pending" for a sign-out that could not be sent, and is sent again by itself.
   */
  error: string;
  /** Whether this browser is signed out all the same. */
  signedOutHere: boolean;
  /**
   * For "confirmation_required": the page where the user confirms who they are. It is loaded, and leads back
   * to this one.
   */
  url?: string;
  /** A sentence for the person. */
  message: string;
}

/** A sign-out after which nobody is signed in here, but whose session has yet to end. */
export interface PendingSignOut {
  options: SignOutFields;
  /** "pending" if the server could not be reached, else the server's word: "unavailable" and so on. */
  error: string;
  /** A sentence for the person. */
  message: string;
}

export interface AuthChange {
  /** The signed-in user, or null for nobody. */
  state: User | null;
  others: User[];
  pending: PendingSignOut | null;
}

export interface Guardian {
  /**
   * Who was signed in when the server rendered the page: null for nobody, undefined if it did not say. For a
   * framework that takes over the server's HTML.
   */
  rendered?: Accounts | null;

  /** Returns who is signed in, or null for nobody. Asks the server if the page does not know. */
  session(): Promise<Accounts | null>;

  /**
   * Signs out. With `redirect`, the page at the outcome's `url` is loaded as a new document. Without, the page
   * stays and shows who is signed in then.
   *
   * Rejects with a {@link GuardianError}. Options that do not exist are "malformed" to the server.
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

  /**
   * Makes an element a button with the user's picture or initials, and a menu. It is empty while nobody is
   * signed in. Returns a function that empties the element for good.
   */
  mountUserButton(element: Element, options?: UserButtonOptions): () => void;

  /** Makes an element a button that signs out. Returns a function that empties the element for good. */
  mountSignOutButton(element: Element, options?: SignOutButtonOptions): () => void;

  /**
   * Makes an element the list of the user's sessions. It is empty while nobody is signed in. Returns a function
   * that empties the element for good.
   */
  mountSessionList(element: Element): () => void;
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
  }

  interface HTMLElementTagNameMap {
    "guardian-user-button": HTMLElement;
    "guardian-sign-out-button": HTMLElement;
    "guardian-session-list": HTMLElement;
  }
}
